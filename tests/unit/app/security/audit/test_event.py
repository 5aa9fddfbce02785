"""Audit events: CloudEvents on one line, whatever clients sent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.acls import (
    CLUSTER,
    Acl,
    Decision,
    Ground,
    Operation,
    PatternType,
    Permission,
    ResourceType,
    topic,
)
from app.security.audit.event import (
    ITEMS_MAX,
    TEXT_CHARS_MAX,
    AuditEvent,
    Category,
    Result,
    bounded,
    line_of,
)
from app.security.principal import Credential, CredentialKind, Principal

ACL = Acl(
    ResourceType.TOPIC,
    PatternType.PREFIXED,
    "ord",
    "User:alice",
    "*",
    Operation.WRITE,
    Permission.DENY,
)
ALICE = Principal(
    "alice",
    host="10.0.0.1",
    client_id="app",
    credential=Credential(CredentialKind.API_KEY, "k1"),
)


def read(event: AuditEvent) -> dict[str, Any]:
    line = line_of(event, event_id="1", time_ms=1_700_000_000_123, source="/clusters/c/brokers/1")
    found: dict[str, Any] = json.loads(line)
    return found


def test_denied_event_says_who_what_where_and_which_rule_decided() -> None:
    event = AuditEvent(
        category=Category.DENIED,
        kind="authorization",
        method="Authorize",
        principal=ALICE,
        operation=Operation.WRITE,
        resource=topic("orders"),
        decision=Decision(is_allowed=False, ground=Ground.ACL, acl=ACL),
        result=Result.UNAUTHORIZED,
        request_id="r1",
    )

    assert read(event) == {
        "specversion": "1.0",
        "id": "1",
        "source": "/clusters/c/brokers/1",
        "type": "cauce.server/authorization",
        "datacontenttype": "application/json",
        "time": "2023-11-14T22:13:20.123Z",
        "subject": "topic=orders",
        "data": {
            "serviceName": "cauce",
            "category": "denied",
            "methodName": "Authorize",
            "authenticationInfo": {
                "principal": "User:alice",
                "credential": {"kind": "api_key", "id": "k1"},
            },
            "resourceName": "topic=orders",
            "authorizationInfo": {
                "granted": False,
                "ground": Ground.ACL.value,
                "operation": "WRITE",
                "resourceType": "TOPIC",
                "resourceName": "orders",
                "aclAuthorization": {
                    "resourceType": "TOPIC",
                    "patternType": "PREFIXED",
                    "resourceName": "ord",
                    "principal": "User:alice",
                    "host": "*",
                    "operation": "WRITE",
                    "permissionType": "DENY",
                },
            },
            "requestMetadata": {
                "clientAddress": "10.0.0.1",
                "clientId": "app",
                "requestId": "r1",
            },
            "result": {"status": "UNAUTHORIZED"},
        },
    }


def test_super_user_is_named_as_what_decided() -> None:
    event = AuditEvent(
        category=Category.ADMIN,
        kind="authorization",
        method="CreateUser",
        principal=ALICE,
        operation=Operation.ALTER,
        resource=CLUSTER,
        decision=Decision(is_allowed=True, ground=Ground.SUPER_USER),
    )

    data = read(event)["data"]

    assert data["authorizationInfo"]["superUserAuthorization"] is True
    assert "result" not in data


def test_items_beyond_the_bound_are_counted() -> None:
    items = tuple(str(number) for number in range(ITEMS_MAX + 7))
    event = AuditEvent(category=Category.ADMIN, kind="request", method="CreateAcls", items=items)

    data = read(event)["data"]

    assert (len(data["items"]), data["itemsLeftOut"]) == (ITEMS_MAX, 7)


@pytest.mark.parametrize(
    ("given_chars", "kept"), [(TEXT_CHARS_MAX, "x"), (TEXT_CHARS_MAX + 1, "…")]
)
def test_long_texts_are_cut(given_chars: int, kept: str) -> None:
    text = bounded("x" * given_chars)

    assert len(text) == TEXT_CHARS_MAX
    assert text[-1] == kept


@given(text=st.text(st.characters(codec=None), max_size=60))
def test_no_text_of_a_client_makes_a_second_line_or_leaves_ascii(text: str) -> None:
    principal = Principal(text, host=text, client_id=text)
    event = AuditEvent(
        category=Category.AUTHENTICATION,
        kind="authentication",
        method="Authentication",
        principal=principal,
        resource=topic(text),
        result=Result.FAILURE,
        message=text,
        metadata={"identifier": text},
        items=(text,),
    )

    line = line_of(event, event_id="1", time_ms=0, source="/")

    assert line.isascii()
    assert line.index(b"\n") == len(line) - 1
    assert all(byte >= 0x20 for byte in line[:-1])
    assert json.loads(line)["data"]["authenticationInfo"]["metadata"]["identifier"] == text
