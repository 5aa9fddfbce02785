"""schemathesis over the whole OpenAPI document: no 5xx, and no answer that it does not declare."""

import json
import zlib
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
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.support.node import ROOT, NodeProcess

pytestmark = pytest.mark.slow

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
KNOWN = {
    "cluster_id": "-",
    "topic_name": "known",
    "partition_id": 0,
    "broker_id": 1,
    "name": "segment.ms",
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path_factory.mktemp("schemathesis") / "data")
    node.start()
    node.create_topic("known", 2)
    records = b'{"value":{"type":"JSON","data":1}}{"key":{"type":"STRING","data":"k"},"value":null}'
    httpx.post(
        f"{node.topics}/known/records",
        content=records * 20,
        headers={"content-type": "application/json"},
    ).raise_for_status()
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log


@schemathesis.hook
def map_path_parameters(
    context: HookContext, path_parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Have most requests name what exists; the topic that is deleted is another one."""
    for name in path_parameters or {}:
        assert path_parameters is not None
        if zlib.crc32(str(path_parameters[name]).encode()) % 4 and name in KNOWN:
            path_parameters[name] = KNOWN[name]
    operation = context.operation
    if operation is not None and operation.definition.raw["operationId"] == "deleteKafkaTopic":
        assert path_parameters is not None
        path_parameters["topic_name"] = "another"
    return path_parameters


@schemathesis.hook
def map_query(_context: HookContext, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Keep long polls short."""
    if query and isinstance(query.get("wait_ms"), int) and query["wait_ms"] > 0:
        query["wait_ms"] = min(query["wait_ms"], 20)
    return query


@schemathesis.serializer("application/x-ndjson")
def write_lines(_context: object, value: Any) -> bytes:
    """Send NDJSON, for what is generated as one value."""
    values = value if isinstance(value, list) else [value]
    return b"\n".join(json.dumps(one).encode() for one in values)


@schemathesis.deserializer("application/x-ndjson")
def lines(_context: object, response: Any) -> Any:
    """Show NDJSON to the checks as the list of its lines."""
    return [json.loads(line) for line in response.content.splitlines()]


document = schemathesis.openapi.from_path(ROOT / "openapi" / "cauce-v3.json")


@document.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_declared_and_none_is_a_server_error(case: Case, node: NodeProcess) -> None:
    case.call_and_validate(base_url=node.url, checks=CHECKS)
