"""The registry's questions in the words of access control lists."""

import pytest

from app.api.auth.asking import PRINCIPAL
from app.api.auth.registry_guard import RegistryGuard
from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.principal import Principal
from schema_registry.api.guard import Access

ALICE = {PRINCIPAL: Principal("alice")}


@pytest.mark.parametrize("access", Access)
def test_a_subject_is_a_resource_and_the_rest_is_the_clusters(access: Access) -> None:
    authorizer = AclAuthorizer()
    guard = RegistryGuard(authorizer)
    rule = Acl(
        ResourceType.SUBJECT,
        PatternType.LITERAL,
        "s",
        "User:alice",
        "*",
        Operation(access.value),
        Permission.ALLOW,
    )
    authorizer.load([rule])
    assert guard.may(ALICE, access, "s")
    assert not guard.may(ALICE, access, "other")
    assert not guard.may(ALICE, access, None)
    assert not guard.may({}, access, "s")

    cluster = rule._replace(resource_type=ResourceType.CLUSTER, resource_name="kafka-cluster")
    authorizer.load([cluster])
    assert guard.may(ALICE, access, None)
    assert not guard.may(ALICE, access, "s")
