"""Groups as an administrator sees them.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int16, Int32


@request(key=15, versions=(0, 6), flexible=5)
class DescribeGroupsRequest:
    """Request of DescribeGroups."""

    groups: list[str] = field()
    include_authorized_operations: bool = field(3)


@struct
class DescribedGroupMember:
    """``members`` of ``DescribedGroup``."""

    member_id: str = ""
    group_instance_id: str | None = field(4, nullable=4, default=None)
    client_id: str = ""
    client_host: str = ""
    member_metadata: bytes = b""
    member_assignment: bytes = b""


@struct
class DescribedGroup:
    """``groups`` of ``DescribeGroupsResponse``."""

    error_code: Int16 = 0
    error_message: str | None = field(6, nullable=6, default=None)
    group_id: str = ""
    group_state: str = ""
    protocol_type: str = ""
    protocol_data: str = ""
    members: list[DescribedGroupMember] = field()
    authorized_operations: Int32 = field(3, default=-2147483648)


@response(DescribeGroupsRequest)
class DescribeGroupsResponse:
    """Response of DescribeGroups."""

    throttle_time_ms: Int32 = field(1)
    groups: list[DescribedGroup] = field()


@request(key=16, versions=(0, 5), flexible=3)
class ListGroupsRequest:
    """Request of ListGroups."""

    states_filter: list[str] = field(4)
    types_filter: list[str] = field(5)


@struct
class ListedGroup:
    """``groups`` of ``ListGroupsResponse``."""

    group_id: str = ""
    protocol_type: str = ""
    group_state: str = field(4)
    group_type: str = field(5)


@response(ListGroupsRequest)
class ListGroupsResponse:
    """Response of ListGroups."""

    throttle_time_ms: Int32 = field(1)
    error_code: Int16 = 0
    groups: list[ListedGroup] = field()


@request(key=42, versions=(0, 2), flexible=2)
class DeleteGroupsRequest:
    """Request of DeleteGroups."""

    groups_names: list[str] = field()


@struct
class DeletableGroupResult:
    """``results`` of ``DeleteGroupsResponse``."""

    group_id: str = ""
    error_code: Int16 = 0


@response(DeleteGroupsRequest)
class DeleteGroupsResponse:
    """Response of DeleteGroups."""

    throttle_time_ms: Int32 = 0
    results: list[DeletableGroupResult] = field()
