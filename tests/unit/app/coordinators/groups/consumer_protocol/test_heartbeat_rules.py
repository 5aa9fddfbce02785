from dataclasses import replace

import pytest

from app.coordinators.groups.consumer_protocol.heartbeat_rules import malformed
from app.coordinators.groups.consumer_protocol.model import NOTHING, MemberHeartbeat
from app.coordinators.groups.error_codes import ErrorCode

JOIN = MemberHeartbeat(member_id="m", epoch=0, rebalance_timeout_ms=1, topics=("t",), owned=NOTHING)
BEAT = MemberHeartbeat(member_id="m", epoch=3)


@pytest.mark.parametrize(
    "beat",
    [JOIN, BEAT, replace(JOIN, topics=()), replace(BEAT, epoch=-2, instance_id="i")],
)
def test_what_makes_sense_is_let_through(beat: MemberHeartbeat) -> None:
    assert malformed(beat) is None


@pytest.mark.parametrize(
    "beat",
    [
        replace(BEAT, member_id=""),
        replace(BEAT, instance_id=""),
        replace(BEAT, rack_id=""),
        replace(BEAT, epoch=-3),
        replace(BEAT, epoch=-2),
        replace(JOIN, rebalance_timeout_ms=-1),
        replace(JOIN, owned=None),
        replace(JOIN, owned=frozenset({("t", 0)})),
        replace(JOIN, topics=None),
    ],
)
def test_what_makes_no_sense_is_refused(beat: MemberHeartbeat) -> None:
    found = malformed(beat)

    assert found is not None
    assert found[0] is ErrorCode.INVALID_REQUEST


def test_an_assignor_must_be_one_of_ours() -> None:
    found = malformed(replace(JOIN, assignor="mine"))

    assert found == (ErrorCode.UNSUPPORTED_ASSIGNOR, "'mine' is none of uniform, range")
