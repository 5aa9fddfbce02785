"""DescribeAcls, CreateAcls and DeleteAcls.

Kafka's numbers have none for subjects of the schema registry, so lists about those are neither
shown nor deleted here, by filters for anything either; REST has them.
Source: KIP-140, KIP-290; ``org.apache.kafka.common.acl``, ``...common.resource`` (the numbers).
"""

from itertools import groupby
from typing import Protocol

from app.broker.errors import BrokerError, InvalidRequest
from app.broker.security.acls import check_acl, create_acls, delete_acls, describe_acls
from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from app.security.authorizer.filters import AclFilter, PatternFilter
from app.wire.call import Call
from app.wire.messages.acls import (
    AclCreation,
    AclCreationResult,
    AclDescription,
    CreateAclsRequest,
    CreateAclsResponse,
    DeleteAclsFilterResult,
    DeleteAclsMatchingAcl,
    DeleteAclsRequest,
    DeleteAclsResponse,
    DescribeAclsRequest,
    DescribeAclsResource,
    DescribeAclsResponse,
)
from app.wire.registry import serve

ANY = 1
RESOURCE_TYPES = {
    2: ResourceType.TOPIC,
    3: ResourceType.GROUP,
    4: ResourceType.CLUSTER,
    5: ResourceType.TRANSACTIONAL_ID,
    6: ResourceType.DELEGATION_TOKEN,
    7: ResourceType.USER,
}
PATTERN_TYPES = {3: PatternType.LITERAL, 4: PatternType.PREFIXED}
PATTERN_FILTERS = {
    1: PatternFilter.ANY,
    2: PatternFilter.MATCH,
    3: PatternFilter.LITERAL,
    4: PatternFilter.PREFIXED,
}
OPERATIONS = {
    2: Operation.ALL,
    3: Operation.READ,
    4: Operation.WRITE,
    5: Operation.CREATE,
    6: Operation.DELETE,
    7: Operation.ALTER,
    8: Operation.DESCRIBE,
    9: Operation.CLUSTER_ACTION,
    10: Operation.DESCRIBE_CONFIGS,
    11: Operation.ALTER_CONFIGS,
    12: Operation.IDEMPOTENT_WRITE,
    13: Operation.CREATE_TOKENS,
    14: Operation.DESCRIBE_TOKENS,
}
PERMISSIONS = {2: Permission.DENY, 3: Permission.ALLOW}

_RESOURCE_TYPE_NUMBERS = {value: number for number, value in RESOURCE_TYPES.items()}
_PATTERN_TYPE_NUMBERS = {value: number for number, value in PATTERN_TYPES.items()}
_OPERATION_NUMBERS = {value: number for number, value in OPERATIONS.items()}
_PERMISSION_NUMBERS = {value: number for number, value in PERMISSIONS.items()}


class _Filter(Protocol):
    """What the filters of both requests have."""

    resource_type_filter: int
    resource_name_filter: str | None
    pattern_type_filter: int
    principal_filter: str | None
    host_filter: str | None
    operation: int
    permission_type: int


def describe(call: Call, request: DescribeAclsRequest) -> DescribeAclsResponse:
    """Tell the access control lists that a filter means, by resource."""
    response = DescribeAclsResponse(error_message=None)
    try:
        found = describe_acls(call.broker, call.principal, _filter(request))
    except BrokerError as error:
        response.error_code, response.error_message = error.code, str(error)
        return response
    for (kind, pattern, name), acls in groupby(found, lambda one: one[:3]):
        response.resources.append(
            DescribeAclsResource(
                resource_type=_RESOURCE_TYPE_NUMBERS[kind],
                pattern_type=_PATTERN_TYPE_NUMBERS[pattern],
                resource_name=name,
                acls=[
                    AclDescription(
                        principal=one.principal,
                        host=one.host,
                        operation=_OPERATION_NUMBERS[one.operation],
                        permission_type=_PERMISSION_NUMBERS[one.permission],
                    )
                    for one in acls
                ],
            )
        )
    return response


async def create(call: Call, request: CreateAclsRequest) -> CreateAclsResponse:
    """Create the access control lists that are possible; each has its own outcome."""
    results = [AclCreationResult(error_message=None) for _ in request.creations]
    possible: dict[int, Acl] = {}
    for number, wanted in enumerate(request.creations):
        try:
            possible[number] = _acl(wanted)
        except BrokerError as error:
            results[number].error_code = error.code
            results[number].error_message = str(error)
    try:
        await create_acls(call.broker, call.principal, list(possible.values()))
    except BrokerError as error:
        for result in results:  # of all: who may not is not told what was wrong either
            result.error_code, result.error_message = error.code, str(error)
    return CreateAclsResponse(results=results)


async def delete(call: Call, request: DeleteAclsRequest) -> DeleteAclsResponse:
    """Delete the access control lists that filters mean; each filter has its own outcome."""
    results = [DeleteAclsFilterResult(error_message=None) for _ in request.filters]
    possible: dict[int, AclFilter] = {}
    for number, wanted in enumerate(request.filters):
        try:
            possible[number] = _filter(wanted)
        except BrokerError as error:
            results[number].error_code = error.code
            results[number].error_message = str(error)
    try:
        found = await delete_acls(call.broker, call.principal, list(possible.values()))
    except BrokerError as error:
        for result in results:
            result.error_code, result.error_message = error.code, str(error)
    else:
        for number, acls in zip(possible, found, strict=True):
            results[number].matching_acls = [_deleted(one) for one in acls]
    return DeleteAclsResponse(filter_results=results)


def _deleted(acl: Acl) -> DeleteAclsMatchingAcl:
    return DeleteAclsMatchingAcl(
        error_message=None,
        resource_type=_RESOURCE_TYPE_NUMBERS[acl.resource_type],
        resource_name=acl.resource_name,
        pattern_type=_PATTERN_TYPE_NUMBERS[acl.pattern_type],
        principal=acl.principal,
        host=acl.host,
        operation=_OPERATION_NUMBERS[acl.operation],
        permission_type=_PERMISSION_NUMBERS[acl.permission],
    )


def _acl(wanted: AclCreation) -> Acl:
    """Return what is to be created.

    Raises:
        InvalidRequest: It is not possible.
    """
    kind = RESOURCE_TYPES.get(wanted.resource_type)
    pattern = PATTERN_TYPES.get(wanted.resource_pattern_type)
    operation = OPERATIONS.get(wanted.operation)
    permission = PERMISSIONS.get(wanted.permission_type)
    if kind is None:
        raise InvalidRequest("Invalid resourceType")
    if pattern is None:
        raise InvalidRequest("Invalid patternType")
    if operation is None:
        raise InvalidRequest("Invalid operation")
    if permission is None:
        raise InvalidRequest("Invalid permissionType")
    acl = Acl(
        kind,
        pattern,
        wanted.resource_name,
        wanted.principal,
        wanted.host,
        operation,
        permission,
    )
    check_acl(acl)
    return acl


def _filter(wanted: _Filter) -> AclFilter:
    """Return which ones are meant.

    Raises:
        InvalidRequest: A number in it means nothing here.
    """
    pattern = PATTERN_FILTERS.get(wanted.pattern_type_filter)
    kind = RESOURCE_TYPES.get(wanted.resource_type_filter)
    operation = OPERATIONS.get(wanted.operation)
    permission = PERMISSIONS.get(wanted.permission_type)
    if (
        pattern is None
        or (kind is None and wanted.resource_type_filter != ANY)
        or (operation is None and wanted.operation != ANY)
        or (permission is None and wanted.permission_type != ANY)
    ):
        raise InvalidRequest("The filter must not contain UNKNOWN elements.")
    return AclFilter(
        resource_type=kind,
        pattern_type=pattern,
        resource_name=wanted.resource_name_filter,
        principal=wanted.principal_filter,
        host=wanted.host_filter,
        operation=operation,
        permission=permission,
        among=frozenset(_RESOURCE_TYPE_NUMBERS),
    )


SERVED = (
    serve(DescribeAclsRequest, describe, droppable=True),
    serve(CreateAclsRequest, create),
    serve(DeleteAclsRequest, delete),
)
