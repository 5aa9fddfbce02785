from dataclasses import replace

from app.coordinators.groups.consumer_protocol.model import NOTHING, Current, MemberHeartbeat


def test_a_heartbeat_is_full_when_it_tells_everything() -> None:
    full = MemberHeartbeat(member_id="m", epoch=1, rebalance_timeout_ms=1, topics=(), owned=NOTHING)
    less = (replace(full, rebalance_timeout_ms=-1), replace(full, topics=None))

    assert full.is_full
    assert not any(one.is_full for one in (*less, replace(full, owned=None)))


def test_what_is_being_given_up_is_held_still() -> None:
    current = Current(assigned=frozenset({("t", 0)}), revoking=frozenset({("t", 1)}))

    assert current.held == {("t", 0), ("t", 1)}
