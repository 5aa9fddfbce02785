"""What somebody may do in the registry: asked in access control lists' words, and written down."""

from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.security.registry_access import RegistryAccess
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
from app.security.audit.event import Category, Result
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.principal import Principal
from schema_registry.errors import AuditUnavailable, SubjectNotFound
from tests.support.security.audited import FakeAudit

ALICE = Principal("alice")


def rule(operation: Operation, permission: Permission = Permission.ALLOW) -> Acl:
    kind, literal = ResourceType.SUBJECT, PatternType.LITERAL
    return Acl(kind, literal, "s", "User:alice", "*", operation, permission)


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


@pytest.fixture
def authorizer() -> AclAuthorizer:
    return AclAuthorizer()


@pytest.fixture
def alice(context: BrokerContext, authorizer: AclAuthorizer, audit: FakeAudit) -> RegistryAccess:
    return RegistryAccess(replace(context, authorizer=authorizer, audit=audit), ALICE)


def test_a_subject_is_a_resource_and_the_rest_is_the_clusters(
    alice: RegistryAccess, authorizer: AclAuthorizer
) -> None:
    allows = rule(Operation.WRITE)
    authorizer.load([allows])
    assert alice.may(Operation.WRITE, "s")
    assert not alice.may(Operation.WRITE, "other")
    assert not alice.may(Operation.READ, "s")
    assert not alice.may(Operation.WRITE, None)

    kind, name = ResourceType.CLUSTER, "kafka-cluster"
    authorizer.load([allows._replace(resource_type=kind, resource_name=name)])
    assert alice.may(Operation.WRITE, None)
    assert not alice.may(Operation.WRITE, "s")


def test_a_refusal_is_written_down_with_the_rule_that_decided(
    alice: RegistryAccess, authorizer: AclAuthorizer, audit: FakeAudit
) -> None:
    forbids = rule(Operation.WRITE, Permission.DENY)
    authorizer.load([forbids])

    alice.note_denied(Operation.WRITE, "s")
    alice.note_denied(Operation.ALTER_CONFIGS, None)

    of_subject, of_cluster = audit.noted
    assert (of_subject.category, of_subject.resource) == (Category.DENIED, subject("s"))
    assert of_subject.principal == ALICE
    assert of_subject.decision is not None
    assert (of_subject.decision.ground, of_subject.decision.acl) == (Ground.ACL, forbids)
    assert (of_cluster.operation, of_cluster.resource) == (Operation.ALTER_CONFIGS, CLUSTER)
    assert of_cluster.decision is not None
    assert of_cluster.decision.ground is Ground.NO_ACL


async def test_a_change_is_kept_with_its_rule_before_it_is_made_and_when_it_was(
    alice: RegistryAccess, authorizer: AclAuthorizer, audit: FakeAudit
) -> None:
    authorizer.load([rule(Operation.WRITE)])

    async with alice.change(Operation.WRITE, "s", "RegisterSchema", ["subject s"]):
        assert len(audit.kept) == 1

    begun, ended = audit.kept
    assert begun.decision is not None
    assert begun.decision.acl == rule(Operation.WRITE)
    assert (begun.method, begun.items) == ("RegisterSchema", ("subject s",))
    assert (ended.resource, ended.result) == (subject("s"), Result.SUCCESS)
    assert begun.request_id == ended.request_id != ""


@pytest.mark.parametrize(
    ("error", "name"),
    [(SubjectNotFound("x"), "SubjectNotFound"), (ValueError("x"), "UNKNOWN_SERVER_ERROR")],
)
async def test_a_change_that_fails_is_noted_with_the_name_of_its_error(
    alice: RegistryAccess, audit: FakeAudit, error: Exception, name: str
) -> None:
    with pytest.raises(type(error)):
        async with alice.change(Operation.DELETE, "s", "DeleteSubject", []):
            raise error

    assert [(one.result, one.message) for one in audit.noted] == [(Result.FAILURE, name)]


async def test_a_change_that_cannot_be_written_down_is_not_begun(
    alice: RegistryAccess, audit: FakeAudit
) -> None:
    audit.is_failing = True

    with pytest.raises(AuditUnavailable, match="nothing was changed"):
        async with alice.change(Operation.DELETE, "s", "DeleteSubject", []):
            pytest.fail("it began")
