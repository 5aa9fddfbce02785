"""The registry's guard and witness ask and tell in the name of who sent the request."""

from dataclasses import replace

import pytest

from app.api.auth.asking import PRINCIPAL
from app.api.auth.registry_guard import RegistryGuard
from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType, subject
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.principal import ANONYMOUS, Principal
from schema_registry.api.guard import Access
from tests.support.application import RunningApplication
from tests.support.security.audited import FakeAudit

ALICE = {PRINCIPAL: Principal("alice")}


def rule(access: Access) -> Acl:
    kind, operation = ResourceType.SUBJECT, Operation(access.value)
    return Acl(kind, PatternType.LITERAL, "s", "User:alice", "*", operation, Permission.ALLOW)


@pytest.mark.parametrize("access", Access)
async def test_who_sent_it_may_what_the_rules_say(
    running: RunningApplication, access: Access
) -> None:
    authorizer = AclAuthorizer()
    guard = RegistryGuard(replace(running.context, authorizer=authorizer))
    authorizer.load([rule(access)])

    assert guard.may(ALICE, access, "s")
    assert not guard.may(ALICE, access, None)
    assert not guard.may({}, access, "s")


async def test_who_sent_it_is_in_the_events(running: RunningApplication) -> None:
    audit = FakeAudit()
    guard = RegistryGuard(replace(running.context, audit=audit))

    guard.note_denied({}, Access.WRITE, "s")
    async with guard.change(ALICE, Access.DELETE, "s", "DeleteSubject", ["subject s"]):
        pass

    assert [one.principal for one in audit.noted] == [ANONYMOUS]
    assert [one.principal for one in audit.kept] == [Principal("alice")] * 2
    assert {one.resource for one in audit.noted + audit.kept} == {subject("s")}
    assert (audit.kept[0].operation, audit.kept[0].items) == (Operation.DELETE, ("subject s",))
