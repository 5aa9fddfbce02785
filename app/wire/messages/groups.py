"""Classic consumer groups: membership.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int16, Int32


@struct
class JoinGroupRequestProtocol:
    """``protocols`` of ``JoinGroupRequest``."""

    name: str = ""
    metadata: bytes = b""


@request(key=11, versions=(0, 9), flexible=6)
class JoinGroupRequest:
    """Request of JoinGroup."""

    group_id: str = ""
    session_timeout_ms: Int32 = 0
    rebalance_timeout_ms: Int32 = field(1, default=-1)
    member_id: str = ""
    group_instance_id: str | None = field(5, nullable=5, default=None)
    protocol_type: str = ""
    protocols: list[JoinGroupRequestProtocol] = field()
    reason: str | None = field(8, nullable=8, default=None)


@struct
class JoinGroupResponseMember:
    """``members`` of ``JoinGroupResponse``."""

    member_id: str = ""
    group_instance_id: str | None = field(5, nullable=5, default=None)
    metadata: bytes = b""


@response(JoinGroupRequest)
class JoinGroupResponse:
    """Response of JoinGroup."""

    throttle_time_ms: Int32 = field(2)
    error_code: Int16 = 0
    generation_id: Int32 = -1
    protocol_type: str | None = field(7, nullable=7, default=None)
    protocol_name: str | None = field(nullable=7)
    leader: str = ""
    skip_assignment: bool = field(9)
    member_id: str = ""
    members: list[JoinGroupResponseMember] = field()


@struct
class SyncGroupRequestAssignment:
    """``assignments`` of ``SyncGroupRequest``."""

    member_id: str = ""
    assignment: bytes = b""


@request(key=14, versions=(0, 5), flexible=4)
class SyncGroupRequest:
    """Request of SyncGroup."""

    group_id: str = ""
    generation_id: Int32 = 0
    member_id: str = ""
    group_instance_id: str | None = field(3, nullable=3, default=None)
    protocol_type: str | None = field(5, nullable=5, default=None)
    protocol_name: str | None = field(5, nullable=5, default=None)
    assignments: list[SyncGroupRequestAssignment] = field()


@response(SyncGroupRequest)
class SyncGroupResponse:
    """Response of SyncGroup."""

    throttle_time_ms: Int32 = field(1)
    error_code: Int16 = 0
    protocol_type: str | None = field(5, nullable=5, default=None)
    protocol_name: str | None = field(5, nullable=5, default=None)
    assignment: bytes = b""


@request(key=12, versions=(0, 4), flexible=4)
class HeartbeatRequest:
    """Request of Heartbeat."""

    group_id: str = ""
    generation_id: Int32 = 0
    member_id: str = ""
    group_instance_id: str | None = field(3, nullable=3, default=None)


@response(HeartbeatRequest)
class HeartbeatResponse:
    """Response of Heartbeat."""

    throttle_time_ms: Int32 = field(1)
    error_code: Int16 = 0


@struct
class MemberIdentity:
    """``members`` of ``LeaveGroupRequest``."""

    member_id: str = field(3)
    group_instance_id: str | None = field(3, nullable=3, default=None)
    reason: str | None = field(5, nullable=5, default=None)


@request(key=13, versions=(0, 5), flexible=4)
class LeaveGroupRequest:
    """Request of LeaveGroup."""

    group_id: str = ""
    member_id: str = field(until=2)
    members: list[MemberIdentity] = field(3)


@struct
class MemberResponse:
    """``members`` of ``LeaveGroupResponse``."""

    member_id: str = field(3)
    group_instance_id: str | None = field(3, nullable=3)
    error_code: Int16 = field(3)


@response(LeaveGroupRequest)
class LeaveGroupResponse:
    """Response of LeaveGroup."""

    throttle_time_ms: Int32 = field(1)
    error_code: Int16 = 0
    members: list[MemberResponse] = field(3)
