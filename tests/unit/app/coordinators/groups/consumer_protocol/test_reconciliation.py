"""One member's way from what it has to what it shall have."""

from app.coordinators.groups.consumer_protocol.model import (
    NOTHING,
    Current,
    MemberState,
    Partitions,
)
from app.coordinators.groups.consumer_protocol.reconciliation import next_current


def held(*numbers: int) -> Partitions:
    return frozenset(("t", one) for one in numbers)


HAS_0_1 = Current(epoch=1, assigned=held(0, 1))
REVOKING_1 = Current(
    epoch=1, state=MemberState.UNREVOKED_PARTITIONS, assigned=held(0), revoking=held(1)
)


def test_a_member_that_is_there_stays() -> None:
    assert next_current(HAS_0_1, held(5), 1, NOTHING, lambda _: True) is HAS_0_1


def test_what_it_must_give_up_goes_first_and_its_epoch_stays() -> None:
    assert next_current(HAS_0_1, held(0, 2), 2, None, lambda _: True) == REVOKING_1


def test_until_it_has_given_up_it_waits() -> None:
    for owned in (None, held(0, 1), held(1)):
        assert next_current(REVOKING_1, held(0, 2), 2, owned, lambda _: True) is REVOKING_1


def test_when_it_has_given_up_it_gets_what_is_free() -> None:
    found = next_current(REVOKING_1, held(0, 2), 2, held(0), lambda _: True)

    assert found == Current(epoch=2, previous_epoch=1, assigned=held(0, 2))


def test_what_others_hold_it_gets_later() -> None:
    waiting = next_current(REVOKING_1, held(0, 2), 2, held(0), lambda one: one != ("t", 2))

    assert (waiting.state, waiting.assigned) == (MemberState.UNRELEASED_PARTITIONS, held(0))
    found = next_current(waiting, held(0, 2), 2, None, lambda _: True)
    assert found == Current(epoch=2, previous_epoch=1, assigned=held(0, 2))


def test_what_it_says_that_it_does_not_have_need_not_be_given_up() -> None:
    found = next_current(HAS_0_1, held(0), 2, held(0), lambda _: True)

    assert (found.epoch, found.assigned, found.revoking) == (2, held(0), NOTHING)
