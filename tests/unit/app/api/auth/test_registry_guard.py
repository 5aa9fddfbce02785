"""The registry's questions in the words of access control lists, and its refusals in the log."""

from dataclasses import replace

import pytest

from app.api.auth.asking import PRINCIPAL
from app.api.auth.registry_guard import RegistryGuard
from app.security.acls import (
    CLUSTER,
    Acl,
    Ground,
    Operation,
    PatternType,
    Permission,
    ResourceType,
    subject,
)
from app.security.audit.event import Category
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.principal import Principal
from schema_registry.api.guard import Access
from tests.support.application import RunningApplication
from tests.support.security.audited import FakeAudit

ALICE = {PRINCIPAL: Principal("alice")}


def rule(access: Access, permission: Permission = Permission.ALLOW) -> Acl:
    kind, operation = ResourceType.SUBJECT, Operation(access.value)
    return Acl(kind, PatternType.LITERAL, "s", "User:alice", "*", operation, permission)


@pytest.mark.parametrize("access", Access)
async def test_a_subject_is_a_resource_and_the_rest_is_the_clusters(
    running: RunningApplication, access: Access
) -> None:
    authorizer = AclAuthorizer()
    guard = RegistryGuard(replace(running.context, authorizer=authorizer))
    authorizer.load([rule(access)])
    assert guard.may(ALICE, access, "s")
    assert not guard.may(ALICE, access, "other")
    assert not guard.may(ALICE, access, None)
    assert not guard.may({}, access, "s")

    cluster = rule(access)._replace(
        resource_type=ResourceType.CLUSTER, resource_name="kafka-cluster"
    )
    authorizer.load([cluster])
    assert guard.may(ALICE, access, None)
    assert not guard.may(ALICE, access, "s")


async def test_a_refusal_is_written_down_with_the_rule_that_decided(
    running: RunningApplication,
) -> None:
    authorizer, audit = AclAuthorizer(), FakeAudit()
    guard = RegistryGuard(replace(running.context, authorizer=authorizer, audit=audit))
    forbids = rule(Access.WRITE, Permission.DENY)
    authorizer.load([forbids])

    guard.note_denied(ALICE, Access.WRITE, "s")
    guard.note_denied(ALICE, Access.ALTER_CONFIGS, None)

    of_subject, of_cluster = audit.noted
    assert (of_subject.category, of_subject.resource) == (Category.DENIED, subject("s"))
    assert of_subject.principal == Principal("alice")
    assert of_subject.decision is not None
    assert (of_subject.decision.ground, of_subject.decision.acl) == (Ground.ACL, forbids)
    assert (of_cluster.operation, of_cluster.resource) == (Operation.ALTER_CONFIGS, CLUSTER)
    assert of_cluster.decision is not None
    assert of_cluster.decision.ground is Ground.NO_ACL
