"""Strangers have room, together and by address, and leave nothing behind."""

from hypothesis import given
from hypothesis import strategies as st

from app.api.auth.strangers import Strangers

TOTAL_MAX = 4
OF_ADDRESS_MAX = 2


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_no_history_lets_in_more_than_there_may_be_or_turns_away_one_less(
    history: list[tuple[str, bool]],
) -> None:
    strangers = Strangers(TOTAL_MAX, OF_ADDRESS_MAX)
    there: list[str] = []
    for address, comes in history:
        if comes:
            has_room = len(there) < TOTAL_MAX and there.count(address) < OF_ADDRESS_MAX
            assert strangers.enter(address) is has_room
            there += [address] * has_room
        elif address in there:
            strangers.leave(address)
            there.remove(address)
        assert len(strangers) == len(there)


def test_addresses_that_come_and_go_or_are_turned_away_are_not_remembered() -> None:
    full = Strangers(1, 1)
    assert full.enter("a")
    for number in range(1_000):
        assert not full.enter(f"b-{number}")
    full.leave("a")

    assert vars(full)["_of"] == {}


def test_addresses_of_one_ipv6_network_have_the_room_of_one() -> None:
    strangers = Strangers(TOTAL_MAX, OF_ADDRESS_MAX)

    found = [strangers.enter(f"2001:db8::{number}") for number in range(3)]

    assert found == [True, True, False]
    strangers.leave("2001:db8::1")
    assert strangers.enter("2001:db8::9")
