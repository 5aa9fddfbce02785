"""FindCoordinator, JoinGroup, SyncGroup, Heartbeat, LeaveGroup: a consumer's life in a group.

Versions: JoinGroup 4 on asks new members to come back with the id they are given (KIP-394), 5 on
knows static members (KIP-345), 7 on names the protocol type (KIP-559), 9 on tells a static leader
to leave the assignment as it is (KIP-814). LeaveGroup 3 on removes several members.
"""

from uuid import uuid4

from app.broker.errors import BrokerError, InvalidRequest
from app.broker.groups import members
from app.coordinators.groups.commands import Heartbeat, Join, JoinReply, Leaving, Protocol, Sync
from app.coordinators.groups.error_codes import ErrorCode
from app.wire.call import Call
from app.wire.handlers.addresses import advertised_address
from app.wire.messages.coordinators import (
    Coordinator,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)
from app.wire.messages.groups import (
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    JoinGroupResponseMember,
    LeaveGroupRequest,
    LeaveGroupResponse,
    MemberResponse,
    SyncGroupRequest,
    SyncGroupResponse,
)
from app.wire.registry import serve

GROUP = 0
"""What a coordinator is asked for; 1 would be a transaction, which is not served."""

NO_NODE = -1
BATCHED_SINCE = 4
MEMBER_ID_REQUIRED_SINCE = 4
PROTOCOL_NAME_NULLABLE_SINCE = 7
SKIPPING_ASSIGNMENT_SINCE = 9
SEVERAL_LEAVE_SINCE = 3


async def find_coordinator(call: Call, request: FindCoordinatorRequest) -> FindCoordinatorResponse:
    """Tell which node coordinates each of the groups."""
    is_batched = call.api_version >= BATCHED_SINCE
    keys = request.coordinator_keys if is_batched else [request.key]
    found = [await _coordinator(call, request.key_type, key) for key in keys]
    if is_batched:
        return FindCoordinatorResponse(coordinators=found)
    only = found[0]
    return FindCoordinatorResponse(
        error_code=only.error_code,
        error_message=only.error_message,
        node_id=only.node_id,
        host=only.host,
        port=only.port,
    )


async def join_group(call: Call, request: JoinGroupRequest) -> JoinGroupResponse:
    """Answer when the next generation begins."""
    prefix = request.group_instance_id or call.client_id
    rebalance_timeout_ms = request.rebalance_timeout_ms
    join = Join(
        ticket=0,
        member_id=request.member_id,
        new_member_id=f"{prefix}-{uuid4()}",
        instance_id=request.group_instance_id,
        client_id=call.client_id,
        client_host=f"/{call.client.host}",
        session_timeout_ms=request.session_timeout_ms,
        rebalance_timeout_ms=(
            rebalance_timeout_ms if rebalance_timeout_ms >= 0 else request.session_timeout_ms
        ),
        protocol_type=request.protocol_type,
        protocols=tuple(Protocol(one.name, bytes(one.metadata)) for one in request.protocols),
        requires_member_id=call.api_version >= MEMBER_ID_REQUIRED_SINCE,
        supports_skipping_assignment=call.api_version >= SKIPPING_ASSIGNMENT_SINCE,
    )
    reply = await members.join_group(call.broker, call.principal, request.group_id, join)
    return JoinGroupResponse(
        error_code=reply.error,
        generation_id=reply.generation,
        protocol_type=reply.protocol_type,
        protocol_name=_protocol_name(call, reply),
        leader=reply.leader,
        skip_assignment=reply.skip_assignment,
        member_id=reply.member_id,
        members=[
            JoinGroupResponseMember(
                member_id=one.member_id, group_instance_id=one.instance_id, metadata=one.metadata
            )
            for one in reply.members
        ],
    )


async def sync_group(call: Call, request: SyncGroupRequest) -> SyncGroupResponse:
    """Answer when the leader's assignment is there and durable."""
    sync = Sync(
        ticket=0,
        member_id=request.member_id,
        generation=request.generation_id,
        instance_id=request.group_instance_id,
        protocol_type=request.protocol_type,
        protocol_name=request.protocol_name,
        assignments={one.member_id: bytes(one.assignment) for one in request.assignments},
    )
    reply = await members.sync_group(call.broker, call.principal, request.group_id, sync)
    return SyncGroupResponse(
        error_code=reply.error,
        protocol_type=reply.protocol_type,
        protocol_name=reply.protocol_name,
        assignment=reply.assignment,
    )


def heartbeat(call: Call, request: HeartbeatRequest) -> HeartbeatResponse:
    """Answer whether the member may go on."""
    beat = Heartbeat(
        member_id=request.member_id,
        generation=request.generation_id,
        instance_id=request.group_instance_id,
    )
    error = members.heartbeat(call.broker, call.principal, request.group_id, beat)
    return HeartbeatResponse(error_code=error)


def leave_group(call: Call, request: LeaveGroupRequest) -> LeaveGroupResponse:
    """Take members out of their group."""
    if call.api_version < SEVERAL_LEAVE_SINCE:
        leaving = [Leaving(member_id=request.member_id)]
    else:
        leaving = [
            Leaving(member_id=one.member_id, instance_id=one.group_instance_id)
            for one in request.members
        ]
    outcome = members.leave_group(call.broker, call.principal, request.group_id, leaving)
    if isinstance(outcome, ErrorCode):
        return LeaveGroupResponse(error_code=outcome)
    if call.api_version < SEVERAL_LEAVE_SINCE:
        return LeaveGroupResponse(error_code=outcome[0])
    return LeaveGroupResponse(
        members=[
            MemberResponse(
                member_id=one.member_id, group_instance_id=one.instance_id, error_code=error
            )
            for one, error in zip(leaving, outcome, strict=True)
        ]
    )


async def _coordinator(call: Call, key_type: int, key: str) -> Coordinator:
    try:
        if key_type != GROUP:
            raise InvalidRequest(f"there are no coordinators of key type {key_type}")
        broker = await members.find_coordinator(call.broker, call.principal, key)
    except BrokerError as error:
        return Coordinator(
            key=key, node_id=NO_NODE, port=-1, error_code=error.code, error_message=str(error)
        )
    host, port = advertised_address(call, broker.node_id)
    return Coordinator(key=key, node_id=broker.node_id, host=host, port=port)


def _protocol_name(call: Call, reply: JoinReply) -> str | None:
    if call.api_version >= PROTOCOL_NAME_NULLABLE_SINCE:
        return reply.protocol_name
    return reply.protocol_name or ""


SERVED = (
    serve(FindCoordinatorRequest, find_coordinator, droppable=True),
    serve(JoinGroupRequest, join_group, droppable=True),
    serve(SyncGroupRequest, sync_group, droppable=True),
    serve(HeartbeatRequest, heartbeat),
    serve(LeaveGroupRequest, leave_group),
)
