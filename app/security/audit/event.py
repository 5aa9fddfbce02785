"""Audit event: what is written down of one login, one decision or one change.

An event is written as a CloudEvent, on one line of ASCII: whatever a client sent stands in it as a
JSON text of bounded length, so that nobody forges a line. Events name things; values, and above
all secrets, are never given to one.

Pure: no clock, no randomness.
Called by: the verbs, the authenticator; audit.log writes them.
Source: CloudEvents 1.0 and its JSON format; Confluent's audit log events (the names in ``data``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.security.acls import Acl, Decision, Ground, Operation, Resource
from app.security.principal import Principal

TEXT_CHARS_MAX = 1024
"""Longer texts are cut, and end in an ellipsis then."""

ITEMS_MAX = 100
"""Of what one event may list."""

TYPE = "cauce.server"

AUDIT_TOPIC = "_audit_log"
"""The topic of the cluster in which events can be read."""


class Category(StrEnum):
    """What an event is about; each can be switched on and off."""

    AUTHENTICATION = "authentication"
    """Logins, good and bad."""

    DENIED = "denied"
    """What somebody was not allowed to do."""

    ADMIN = "admin"
    """Changes: of topics, groups, configs, users, keys, access control lists, quotas."""

    PRODUCE = "produce"
    """Who wrote to which topic, and how much."""

    CONSUME = "consume"
    """Who read from which topic, and how much."""


class Result(StrEnum):
    """How it ended (Confluent's ``result.status``)."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAUTHORIZED = "UNAUTHORIZED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One thing that happened."""

    category: Category
    kind: str
    """``authentication``, ``authorization``, ``request`` or ``lost``: the end of its type."""

    method: str
    """The verb, as ``CreateTopics``."""

    principal: Principal | None = None
    """Who; None where nobody logged in."""

    host: str = ""
    """Where from, where there is no principal."""

    operation: Operation | None = None
    resource: Resource | None = None
    decision: Decision | None = None
    result: Result | None = None
    """None where it is not known yet."""

    message: str = ""
    """Why it failed, for the reader of the log."""

    metadata: Mapping[str, str] | None = None
    """More of it, by name: mechanism, name shown."""

    items: tuple[str, ...] = ()
    """Names of what was changed."""

    counts: Mapping[str, int] | None = None
    """How much, by name."""

    request_id: str = ""
    """The same in all events of one request."""


def line_of(event: AuditEvent, *, event_id: str, time_ms: int, source: str) -> bytes:
    """Return the event as a CloudEvent on one line, with the line's end.

    Args:
        event: What happened.
        event_id: Of this event alone.
        time_ms: When, by the wall clock.
        source: The node, as a URI reference.
    """
    moment = datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
    written: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": f"{TYPE}/{event.kind}",
        "datacontenttype": "application/json",
        "time": moment.replace("+00:00", "Z"),
    }
    if event.resource is not None:
        written["subject"] = _resource_name(event.resource)
    written["data"] = _data(event)
    return json.dumps(written, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"


def bounded(text: str) -> str:
    """Return a text as events hold it."""
    return text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - 1] + "…"


def _data(event: AuditEvent) -> dict[str, Any]:
    data: dict[str, Any] = {
        "serviceName": "cauce",
        "category": event.category.value,
        "methodName": event.method,
        "authenticationInfo": _authentication(event),
    }
    if event.resource is not None:
        data["resourceName"] = _resource_name(event.resource)
    if event.decision is not None:
        data["authorizationInfo"] = _authorization(event, event.decision)
    metadata = {
        "clientAddress": event.host if event.principal is None else event.principal.host,
        "clientId": "" if event.principal is None else event.principal.client_id,
        "requestId": event.request_id,
    }
    data["requestMetadata"] = {name: bounded(text) for name, text in metadata.items() if text}
    if event.items:
        data["items"] = [bounded(item) for item in event.items[:ITEMS_MAX]]
        if len(event.items) > ITEMS_MAX:
            data["itemsLeftOut"] = len(event.items) - ITEMS_MAX
    if event.counts:
        data["counts"] = dict(event.counts)
    if event.result is not None:
        data["result"] = {"status": event.result.value}
        if event.message:
            data["result"]["message"] = bounded(event.message)
    return data


def _authentication(event: AuditEvent) -> dict[str, Any]:
    said: dict[str, Any] = {}
    principal = event.principal
    if principal is not None:
        said["principal"] = bounded(str(principal))
        if principal.credential is not None:
            said["credential"] = {
                "kind": principal.credential.kind.value,
                "id": bounded(principal.credential.id),
            }
    if event.metadata:
        said["metadata"] = {name: bounded(text) for name, text in event.metadata.items()}
    return said


def _authorization(event: AuditEvent, decision: Decision) -> dict[str, Any]:
    said: dict[str, Any] = {"granted": decision.is_allowed, "ground": decision.ground.value}
    if event.operation is not None:
        said["operation"] = event.operation.value
    if event.resource is not None:
        said["resourceType"] = event.resource.kind.value
        said["resourceName"] = bounded(event.resource.name)
    if decision.ground is Ground.SUPER_USER:
        said["superUserAuthorization"] = True
    if decision.acl is not None:
        said["aclAuthorization"] = _acl(decision.acl)
    return said


def _acl(acl: Acl) -> dict[str, str]:
    return {
        "resourceType": acl.resource_type.value,
        "patternType": acl.pattern_type.value,
        "resourceName": bounded(acl.resource_name),
        "principal": bounded(acl.principal),
        "host": bounded(acl.host),
        "operation": acl.operation.value,
        "permissionType": acl.permission.value,
    }


def _resource_name(resource: Resource) -> str:
    return f"{resource.kind.value.lower()}={bounded(resource.name)}"
