"""The bodies of ACLs: their words are the engine's."""

from typing import get_args

import pytest
from pydantic import ValidationError

from app.api.v3.security.acl_models import (
    AclDecisionData,
    AclOperationName,
    OperationName,
    PatternTypeName,
    PermissionName,
    ResourceTypeName,
    Rule,
)
from app.security.acls import Ground, Operation, PatternType, Permission, ResourceType
from app.security.authorizer.scopes import SCOPES


def test_words_are_the_engines() -> None:
    assert set(get_args(ResourceTypeName)) == {one.value for one in ResourceType}
    assert {*get_args(OperationName), "ALL"} == {one.value for one in Operation}
    assert set(get_args(AclOperationName)) == {one.value for one in Operation}
    assert set(get_args(PatternTypeName)) == {one.value for one in PatternType}
    assert set(get_args(PermissionName)) == {one.value for one in Permission}
    grounds = AclDecisionData.model_fields["ground"].annotation
    assert set(get_args(grounds)) == {one.name for one in Ground}
    assert set(SCOPES) == {"read", "write", "admin"}


def test_no_field_may_be_missing_or_unheard_of() -> None:
    given = {
        "resource_type": "TOPIC",
        "resource_name": "t",
        "pattern_type": "LITERAL",
        "principal": "User:a",
        "host": "*",
        "operation": "ALL",
        "permission": "ALLOW",
    }
    assert Rule.model_validate(given).operation == "ALL"
    for name in given:
        with pytest.raises(ValidationError):
            Rule.model_validate({key: value for key, value in given.items() if key != name})
    with pytest.raises(ValidationError):
        Rule.model_validate(given | {"owner": "me"})
    with pytest.raises(ValidationError, match="'ALL', 'READ', 'WRITE'"):
        Rule.model_validate(given | {"operation": "REED"})
