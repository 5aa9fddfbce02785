"""DescribeGroups, ListGroups, DeleteGroups: groups as an administrator sees them.

Versions: DescribeGroups 6 on says that a group is not there (KIP-1043); before it is ``Dead``.
ListGroups 4 on chooses by state (KIP-518), 5 on by type (KIP-848).
"""

from app.broker.errors import BrokerError, GroupIdNotFound
from app.broker.groups.admin import delete_group, describe_group, list_groups
from app.coordinators.groups.model import GroupState, GroupType
from app.security.acls import GROUP_OPERATIONS, group
from app.wire.call import Call
from app.wire.handlers.operations import NOT_ASKED, operation_bits
from app.wire.messages.group_admin import (
    DeletableGroupResult,
    DeleteGroupsRequest,
    DeleteGroupsResponse,
    DescribedGroup,
    DescribedGroupMember,
    DescribeGroupsRequest,
    DescribeGroupsResponse,
    ListedGroup,
    ListGroupsRequest,
    ListGroupsResponse,
)
from app.wire.registry import serve

NOT_FOUND_SINCE = 6


def describe(call: Call, request: DescribeGroupsRequest) -> DescribeGroupsResponse:
    """Describe groups with their members, each of them once."""
    with_operations = request.include_authorized_operations
    return DescribeGroupsResponse(
        groups=[_described(call, one, with_operations) for one in dict.fromkeys(request.groups)]
    )


def list_all(call: Call, request: ListGroupsRequest) -> ListGroupsResponse:
    """List the groups that this node coordinates."""
    try:
        found = list_groups(
            call.broker,
            call.principal,
            states=request.states_filter or (),
            types=request.types_filter or (),
        )
    except BrokerError as error:
        return ListGroupsResponse(error_code=error.code)
    return ListGroupsResponse(
        groups=[
            ListedGroup(
                group_id=one.group_id,
                protocol_type=one.protocol_type,
                group_state=one.state.value,
                group_type=one.type.value,
            )
            for one in found
        ]
    )


async def delete(call: Call, request: DeleteGroupsRequest) -> DeleteGroupsResponse:
    """Delete groups that nobody is in."""
    results = []
    for group_id in request.groups_names:
        error_code = 0
        try:
            await delete_group(call.broker, call.principal, group_id)
        except BrokerError as error:
            error_code = error.code
        results.append(DeletableGroupResult(group_id=group_id, error_code=error_code))
    return DeleteGroupsResponse(results=results)


def _described(call: Call, group_id: str, with_operations: bool) -> DescribedGroup:
    try:
        found = describe_group(call.broker, call.principal, group_id)
        if found.type is not GroupType.CLASSIC:
            raise GroupIdNotFound(f"Group {group_id!r} is not a classic group.")
    except GroupIdNotFound as error:
        is_told = call.api_version >= NOT_FOUND_SINCE
        return DescribedGroup(
            group_id=group_id,
            group_state=GroupState.DEAD.value,
            error_code=error.code if is_told else 0,
            error_message=str(error) if is_told else None,
        )
    except BrokerError as error:
        return DescribedGroup(group_id=group_id, error_code=error.code, error_message=str(error))
    return DescribedGroup(
        group_id=group_id,
        group_state=found.state.value,
        protocol_type=found.protocol_type,
        protocol_data=found.protocol_name,
        members=[
            DescribedGroupMember(
                member_id=one.member_id,
                group_instance_id=one.instance_id,
                client_id=one.client_id,
                client_host=one.client_host,
                member_metadata=one.metadata,
                member_assignment=one.assignment,
            )
            for one in found.members
        ],
        authorized_operations=_operations(call, group_id) if with_operations else NOT_ASKED,
    )


def _operations(call: Call, group_id: str) -> int:
    may = call.broker.authorizer.authorize
    return operation_bits(
        one for one in GROUP_OPERATIONS if may(call.principal, one, group(group_id))
    )


SERVED = (
    serve(DescribeGroupsRequest, describe, droppable=True),
    serve(ListGroupsRequest, list_all, droppable=True),
    serve(DeleteGroupsRequest, delete),
)
