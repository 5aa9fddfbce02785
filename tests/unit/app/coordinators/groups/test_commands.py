from app.coordinators.groups.commands import (
    NO_GENERATION,
    UNKNOWN_MEMBER_ID,
    JoinPhase,
    JoinReply,
    MemberSession,
    SyncPhase,
    SyncReply,
)
from app.coordinators.groups.error_codes import ErrorCode


def test_timers_are_told_apart_by_what_they_are_for() -> None:
    keys = {
        JoinPhase(),
        SyncPhase(),
        MemberSession(member_id="a"),
        MemberSession(member_id="b"),
    }

    assert len(keys) == 4
    assert JoinPhase() in keys
    assert MemberSession(member_id="a") in keys


def test_a_refusal_says_nothing_but_why() -> None:
    joined = JoinReply(error=ErrorCode.REBALANCE_IN_PROGRESS)
    synced = SyncReply(error=ErrorCode.REBALANCE_IN_PROGRESS)

    assert (joined.member_id, joined.generation) == (UNKNOWN_MEMBER_ID, NO_GENERATION)
    assert (joined.members, joined.leader, joined.protocol_name) == ((), "", None)
    assert synced.assignment == b""
