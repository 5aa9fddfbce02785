"""schemathesis over the registry's part of the OpenAPI document: no 5xx, and no other answer."""

import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, HookContext
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.support.node import ROOT, NodeProcess
from tests.support.registry.door import record

pytestmark = pytest.mark.slow

SUBJECT = "known"
SCHEMA = {"schema": record("a")}
RESOURCE = {"resourceName": "orders", "resourceNamespace": "lkc-1", "resourceId": "known-id"}
ASSOCIATIONS = {
    **RESOURCE,
    "associations": [{"subject": "associated", "lifecycle": "WEAK", "schema": SCHEMA}],
}
UPSERT = {"opType": "UPSERT", "subject": "associated"}
BODIES: dict[str, Any] = {
    "NewAssociations": ASSOCIATIONS,
    "AssociationQuestions": {"requests": [RESOURCE]},
    "AssociationChanges": {"requests": [{**RESOURCE, "associations": [UPSERT]}]},
    "NewSchema": SCHEMA,
    "ConfigChanges": {"compatibility": "NONE"},
    "Mode": {"mode": "READWRITE"},
    "TagChanges": {"rulesToRemove": []},
}
ANSWERED: dict[str, set[int]] = defaultdict(set)
"""Statuses that each operation has answered with."""

CONFIG = {"phases": {"coverage": {"enabled": False}}}
"""Without the many hundred requests an operation that its systematic phase makes."""

document = schemathesis.openapi.from_path(
    ROOT / "openapi" / "cauce-v3.json", config=schemathesis.Config.from_dict(CONFIG)
).include(tag_regex="^Schema Registry")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path_factory.mktemp("registry") / "data")
    node.start()
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log
    for operation, statuses in ANSWERED.items():
        assert any(status < 300 for status in statuses), f"{operation} never succeeded"


def _prepare(node: NodeProcess, client: httpx.Client) -> dict[str, str]:
    """See to it that what requests name is there, whatever the last one did; return its names."""
    client.delete(f"{node.url}/mode?recursive=true")
    client.delete(f"{node.url}/mode/{SUBJECT}")
    client.delete(f"{node.url}/mode/:.__GLOBAL:")
    client.delete(f"{node.url}/config/{SUBJECT}")
    client.delete(f"{node.url}/config")
    versions = f"{node.url}/subjects/{SUBJECT}/versions"
    answer = client.post(f"{versions}?force=true", json=SCHEMA)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    client.put(f"{node.url}/config/{SUBJECT}", json={"compatibility": "NONE"})
    client.put(f"{node.url}/mode/{SUBJECT}", json={"mode": "READWRITE"})
    answer = client.put(f"{node.url}/associations/resources/known-id", json=ASSOCIATIONS)
    assert answer.status_code == 200, answer.text
    context = ":.empty:s"
    client.post(f"{node.url}/subjects/{context}/versions", json=SCHEMA)
    for query in ("", "?permanent=true"):
        client.delete(f"{node.url}/subjects/{context}{query}")
    return {
        "subject": SUBJECT,
        "version": str(found["version"]),
        "id": str(found["id"]),
        "guid": found["guid"],
        "context": ".empty",
        **RESOURCE,
    }


def _operation(case: Case) -> str:
    return str(case.operation.definition.raw["operationId"])


@schemathesis.hook
def before_call(_context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Have most requests name what exists, and send what can succeed."""
    raw = case.operation.definition.raw
    if not raw["tags"][0].startswith("Schema Registry"):
        return
    choice = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
    names = EXISTING
    for name in case.path_parameters:
        if choice % 5 and name in names:
            case.path_parameters[name] = names[name]
        choice //= 5
    wanted = raw.get("requestBody", {}).get("content", {}).get("application/json")
    if wanted is not None and choice % 2:
        case.body = BODIES.get(wanted["schema"]["$ref"].rpartition("/")[2], case.body)
        if choice % 4 == 1:
            case.query = {}


EXISTING: dict[str, str] = {}
STALE: set[str] = set()
"""What was called since the last preparation and may have changed something."""

CLIENT = httpx.Client(timeout=30)


@document.parametrize()
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_declared_and_none_is_a_server_error(case: Case, node: NodeProcess) -> None:
    if STALE or not EXISTING:
        EXISTING.update(_prepare(node, CLIENT))
        STALE.clear()
    if case.method != "GET":
        STALE.add(_operation(case))

    response = case.call_and_validate(
        base_url=node.url,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
            unsupported_method,
        ],
    )

    ANSWERED[_operation(case)].add(response.status_code)
    if response.status_code >= 400:
        assert set(json.loads(response.content)) == {"error_code", "message"}
