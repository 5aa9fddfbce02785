"""What makes no sense in a member's heartbeat, whatever group it is for.

Source: Kafka's ``throwIfConsumerGroupHeartbeatRequestIsInvalid``.
"""

from app.coordinators.groups.consumer_protocol.assignors import ASSIGNORS
from app.coordinators.groups.consumer_protocol.model import (
    JOINING_EPOCH,
    STATIC_LEAVING_EPOCH,
    MemberHeartbeat,
)
from app.coordinators.groups.error_codes import ErrorCode


def malformed(beat: MemberHeartbeat) -> tuple[ErrorCode, str] | None:
    """Return what is wrong with it, or None."""
    if beat.assignor is not None and beat.assignor not in ASSIGNORS:
        known = ", ".join(ASSIGNORS)
        return ErrorCode.UNSUPPORTED_ASSIGNOR, f"{beat.assignor!r} is none of {known}"
    invalid = {
        "the member id must not be empty": not beat.member_id,
        "the instance id must not be empty": beat.instance_id == "",
        "the rack id must not be empty": beat.rack_id == "",
        f"there is no member epoch {beat.epoch}": beat.epoch < STATIC_LEAVING_EPOCH,
        "only a static member leaves for a while": (
            beat.epoch == STATIC_LEAVING_EPOCH and beat.instance_id is None
        ),
    }
    if beat.epoch == JOINING_EPOCH:
        invalid |= {
            "who joins says its rebalance time-out": beat.rebalance_timeout_ms < 0,
            "who joins says that it owns no partitions": beat.owned is None or bool(beat.owned),
            "who joins says which topics it reads": (beat.topics is None and beat.pattern is None),
        }
    wrong = next((text for text, is_so in invalid.items() if is_so), None)
    return None if wrong is None else (ErrorCode.INVALID_REQUEST, wrong)
