"""DescribeAcls, CreateAcls and DeleteAcls in every version."""

import pytest

from app.broker.context import BrokerContext
from app.broker.security.acls import create_acls, describe_acls
from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from app.security.authorizer.filters import AclFilter
from app.security.principal import ANONYMOUS
from app.wire.messages.acls import (
    AclCreation,
    CreateAclsRequest,
    CreateAclsResponse,
    DeleteAclsFilter,
    DeleteAclsRequest,
    DeleteAclsResponse,
    DescribeAclsRequest,
    DescribeAclsResponse,
)
from tests.support.broker import Guards, guarded
from tests.support.wire_calls import ask

ANY = DescribeAclsRequest(
    resource_type_filter=1,
    resource_name_filter=None,
    pattern_type_filter=1,
    principal_filter=None,
    host_filter=None,
    operation=1,
    permission_type=1,
)
ANY_TO_DELETE = DeleteAclsFilter(
    resource_type_filter=1,
    resource_name_filter=None,
    pattern_type_filter=1,
    principal_filter=None,
    host_filter=None,
    operation=1,
    permission_type=1,
)
SUBJECT = Acl(
    ResourceType.SUBJECT,
    PatternType.LITERAL,
    "t-value",
    "User:a",
    "*",
    Operation.READ,
    Permission.ALLOW,
)


def creation(**changes: object) -> AclCreation:
    given: dict[str, object] = {
        "resource_type": 2,
        "resource_name": "t",
        "resource_pattern_type": 4,
        "principal": "User:a",
        "host": "*",
        "operation": 3,
        "permission_type": 3,
    } | changes
    return AclCreation(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_acls_are_created_described_and_deleted(broker: BrokerContext, version: int) -> None:
    wanted = CreateAclsRequest(creations=[creation(), creation(operation=4)])

    created = await ask(broker, wanted, CreateAclsResponse, version)
    described = await ask(broker, ANY, DescribeAclsResponse, version)
    request = DeleteAclsRequest(filters=[ANY_TO_DELETE])
    deleted = await ask(broker, request, DeleteAclsResponse, version)

    assert [(one.error_code, one.error_message) for one in created.results] == [(0, None)] * 2
    (resource,) = described.resources
    assert (resource.resource_type, resource.resource_name, resource.pattern_type) == (2, "t", 4)
    assert [(one.principal, one.operation) for one in resource.acls] == [
        ("User:a", 3),
        ("User:a", 4),
    ]
    (result,) = deleted.filter_results
    assert [one.operation for one in result.matching_acls] == [3, 4]
    assert describe_acls(broker, ANONYMOUS, AclFilter()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"resource_type": 1},
        {"resource_type": 99},
        {"resource_pattern_type": 2},
        {"operation": 1},
        {"operation": 0},
        {"permission_type": 1},
        {"resource_name": ""},
        {"principal": "a"},
        {"host": "nowhere"},
    ],
)
async def test_an_impossible_one_is_refused_alone(
    broker: BrokerContext, changes: dict[str, object]
) -> None:
    wanted = CreateAclsRequest(creations=[creation(**changes), creation()])

    response = await ask(broker, wanted, CreateAclsResponse, 3)

    assert [one.error_code for one in response.results] == [42, 0]
    assert len(describe_acls(broker, ANONYMOUS, AclFilter())) == 1


async def test_a_filter_of_unknown_elements_is_refused(broker: BrokerContext) -> None:
    unknown = DescribeAclsRequest(resource_type_filter=99, operation=1, permission_type=1)

    described = await ask(broker, unknown, DescribeAclsResponse, 3)
    request = DeleteAclsRequest(filters=[DeleteAclsFilter(), ANY_TO_DELETE])
    deleted = await ask(broker, request, DeleteAclsResponse, 3)

    assert (described.error_code, described.resources) == (42, [])
    assert [one.error_code for one in deleted.filter_results] == [42, 0]


async def test_kinds_that_kafka_has_not_are_neither_shown_nor_deleted(
    broker: BrokerContext,
) -> None:
    await create_acls(broker, ANONYMOUS, [SUBJECT])

    described = await ask(broker, ANY, DescribeAclsResponse, 3)
    request = DeleteAclsRequest(filters=[ANY_TO_DELETE])
    deleted = await ask(broker, request, DeleteAclsResponse, 3)

    assert described.resources == []
    assert deleted.filter_results[0].matching_acls == []
    assert describe_acls(broker, ANONYMOUS, AclFilter()) == [SUBJECT]


async def test_who_may_not_is_told_nothing_and_changes_nothing(broker: BrokerContext) -> None:
    refused = frozenset({Operation.DESCRIBE, Operation.ALTER})
    refusing = guarded(broker, Guards(refused=refused))

    described = await ask(refusing, ANY, DescribeAclsResponse, 3)
    wanted = CreateAclsRequest(creations=[creation(), creation(operation=0)])
    created = await ask(refusing, wanted, CreateAclsResponse, 3)
    request = DeleteAclsRequest(filters=[ANY_TO_DELETE])
    deleted = await ask(refusing, request, DeleteAclsResponse, 3)

    assert (described.error_code, described.resources) == (31, [])
    assert [one.error_code for one in created.results] == [31, 31]
    assert [one.error_code for one in deleted.filter_results] == [31]
    assert describe_acls(broker, ANONYMOUS, AclFilter()) == []
