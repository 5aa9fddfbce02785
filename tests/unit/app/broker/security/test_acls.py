"""Verbs on access control lists: who may, what is possible, what holds afterwards."""

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import ClusterAuthorizationFailed, InvalidRequest, PolicyViolation
from app.broker.security import acls as module
from app.broker.security.acls import (
    check_acl,
    create_acls,
    delete_acls,
    describe_acls,
    explain,
)
from app.security.acls import (
    CLUSTER,
    Acl,
    Ground,
    Operation,
    PatternType,
    Permission,
    ResourceType,
    topic,
)
from app.security.authorizer.filters import AclFilter
from app.security.principal import ANONYMOUS, Principal
from tests.support.broker import Guards, guarded

READS = Acl(
    ResourceType.TOPIC,
    PatternType.LITERAL,
    "t",
    "User:alice",
    "*",
    Operation.READ,
    Permission.ALLOW,
)
WRITES = READS._replace(operation=Operation.WRITE)


async def test_what_is_created_is_described_until_it_is_deleted(context: BrokerContext) -> None:
    await create_acls(context, ANONYMOUS, [WRITES, READS])
    await create_acls(context, ANONYMOUS, [READS])

    assert describe_acls(context, ANONYMOUS, AclFilter()) == [READS, WRITES]
    meant = [AclFilter(operation=Operation.READ), AclFilter(principal="User:b"), AclFilter()]
    assert await delete_acls(context, ANONYMOUS, meant[:2]) == [[READS], []]
    assert describe_acls(context, ANONYMOUS, AclFilter()) == [WRITES]
    assert await delete_acls(context, ANONYMOUS, meant) == [[], [], [WRITES]]
    assert describe_acls(context, ANONYMOUS, AclFilter()) == []


async def test_none_is_created_where_one_is_not_possible(context: BrokerContext) -> None:
    with pytest.raises(InvalidRequest):
        await create_acls(context, ANONYMOUS, [READS, WRITES._replace(resource_name="")])

    assert describe_acls(context, ANONYMOUS, AclFilter()) == []


async def test_there_are_no_more_than_the_bounds(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACLS_MAX", 1)
    await create_acls(context, ANONYMOUS, [READS])
    with pytest.raises(PolicyViolation):
        await create_acls(context, ANONYMOUS, [WRITES])

    monkeypatch.setattr(module, "ACLS_PER_REQUEST_MAX", 1)
    with pytest.raises(InvalidRequest):
        await create_acls(context, ANONYMOUS, [READS, WRITES])
    with pytest.raises(InvalidRequest):
        await delete_acls(context, ANONYMOUS, [AclFilter(), AclFilter()])


async def test_to_see_takes_describe_and_to_change_takes_alter(context: BrokerContext) -> None:
    blind = guarded(context, Guards(refused=frozenset({Operation.DESCRIBE})))
    with pytest.raises(ClusterAuthorizationFailed):
        describe_acls(blind, ANONYMOUS, AclFilter())
    with pytest.raises(ClusterAuthorizationFailed):
        explain(blind, ANONYMOUS, Principal("alice"), Operation.READ, topic("t"))

    powerless = guarded(context, Guards(refused=frozenset({Operation.ALTER})))
    with pytest.raises(ClusterAuthorizationFailed):
        await create_acls(powerless, ANONYMOUS, [])
    with pytest.raises(ClusterAuthorizationFailed):
        await delete_acls(powerless, ANONYMOUS, [])


async def test_a_decision_is_explained_as_the_authorizer_takes_it(context: BrokerContext) -> None:
    decision = explain(context, ANONYMOUS, Principal("alice"), Operation.READ, topic("t"))

    assert (decision.is_allowed, decision.ground) == (True, Ground.OPEN)
    for operation, resource in ((Operation.ALL, topic("t")), (Operation.READ, topic(""))):
        with pytest.raises(InvalidRequest):
            explain(context, ANONYMOUS, Principal("alice"), operation, resource)


@pytest.mark.parametrize(
    "acl",
    [
        READS,
        READS._replace(pattern_type=PatternType.PREFIXED),
        READS._replace(resource_name="*", principal="User:*"),
        READS._replace(host="10.0.0.0/8"),
        READS._replace(host="::1", principal="User:CN=a,O=b"),
        READS._replace(resource_type=ResourceType.CLUSTER, resource_name=CLUSTER.name),
        READS._replace(resource_type=ResourceType.SUBJECT, resource_name=":.ctx:orders-value"),
    ],
)
def test_possible(acl: Acl) -> None:
    check_acl(acl)


@pytest.mark.parametrize(
    "acl",
    [
        READS._replace(resource_name=""),
        READS._replace(resource_name="", pattern_type=PatternType.PREFIXED),
        READS._replace(resource_name="n" * 256),
        READS._replace(resource_name="a\nb"),
        READS._replace(principal="alice"),
        READS._replace(principal="User:"),
        READS._replace(principal=":alice"),
        READS._replace(principal="User:a\x1b[2J"),
        READS._replace(principal="User:" + "a" * 255),
        READS._replace(host="localhost"),
        READS._replace(host=""),
        READS._replace(host="10.0.0.1/8"),
        READS._replace(resource_type=ResourceType.CLUSTER),
        READS._replace(
            resource_type=ResourceType.CLUSTER,
            resource_name=CLUSTER.name,
            pattern_type=PatternType.PREFIXED,
        ),
    ],
)
def test_not_possible(acl: Acl) -> None:
    with pytest.raises(InvalidRequest):
        check_acl(acl)
