"""Access control lists: describe, create, delete.

Source: Kafka's protocol guide, "The Messages"; KIP-140, KIP-290 (patterns).
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int8, Int16, Int32


@request(key=29, versions=(1, 3), flexible=2)
class DescribeAclsRequest:
    """Request of DescribeAcls."""

    resource_type_filter: Int8 = 0
    resource_name_filter: str | None = ""
    pattern_type_filter: Int8 = field(1, default=3)
    principal_filter: str | None = ""
    host_filter: str | None = ""
    operation: Int8 = 0
    permission_type: Int8 = 0


@struct
class AclDescription:
    """``acls`` of ``DescribeAclsResource``."""

    principal: str = ""
    host: str = ""
    operation: Int8 = 0
    permission_type: Int8 = 0


@struct
class DescribeAclsResource:
    """``resources`` of ``DescribeAclsResponse``."""

    resource_type: Int8 = 0
    resource_name: str = ""
    pattern_type: Int8 = field(1, default=3)
    acls: list[AclDescription] = field()


@response(DescribeAclsRequest)
class DescribeAclsResponse:
    """Response of DescribeAcls."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: str | None = ""
    resources: list[DescribeAclsResource] = field()


@struct
class AclCreation:
    """``creations`` of ``CreateAclsRequest``."""

    resource_type: Int8 = 0
    resource_name: str = ""
    resource_pattern_type: Int8 = field(1, default=3)
    principal: str = ""
    host: str = ""
    operation: Int8 = 0
    permission_type: Int8 = 0


@request(key=30, versions=(1, 3), flexible=2)
class CreateAclsRequest:
    """Request of CreateAcls."""

    creations: list[AclCreation] = field()


@struct
class AclCreationResult:
    """``results`` of ``CreateAclsResponse``."""

    error_code: Int16 = 0
    error_message: str | None = ""


@response(CreateAclsRequest)
class CreateAclsResponse:
    """Response of CreateAcls."""

    throttle_time_ms: Int32 = 0
    results: list[AclCreationResult] = field()


@struct
class DeleteAclsFilter:
    """``filters`` of ``DeleteAclsRequest``."""

    resource_type_filter: Int8 = 0
    resource_name_filter: str | None = ""
    pattern_type_filter: Int8 = field(1, default=3)
    principal_filter: str | None = ""
    host_filter: str | None = ""
    operation: Int8 = 0
    permission_type: Int8 = 0


@request(key=31, versions=(1, 3), flexible=2)
class DeleteAclsRequest:
    """Request of DeleteAcls."""

    filters: list[DeleteAclsFilter] = field()


@struct
class DeleteAclsMatchingAcl:
    """``matching_acls`` of ``DeleteAclsFilterResult``."""

    error_code: Int16 = 0
    error_message: str | None = ""
    resource_type: Int8 = 0
    resource_name: str = ""
    pattern_type: Int8 = field(1, default=3)
    principal: str = ""
    host: str = ""
    operation: Int8 = 0
    permission_type: Int8 = 0


@struct
class DeleteAclsFilterResult:
    """``filter_results`` of ``DeleteAclsResponse``."""

    error_code: Int16 = 0
    error_message: str | None = ""
    matching_acls: list[DeleteAclsMatchingAcl] = field()


@response(DeleteAclsRequest)
class DeleteAclsResponse:
    """Response of DeleteAcls."""

    throttle_time_ms: Int32 = 0
    filter_results: list[DeleteAclsFilterResult] = field()
