"""The OpenAPI document: nothing of FastAPI's own error shape, every reference leads somewhere."""

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.application import build_application
from app.api.errors import error_type

OFFSETS = re.compile(r"offset|high_watermark|size")


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    return build_application().openapi()


def test_every_reference_leads_to_a_schema_and_every_schema_is_used(
    written: dict[str, Any],
) -> None:
    text = json.dumps(written)
    used = set(re.findall(r"#/components/schemas/(\w+)", text))

    assert used == set(written["components"]["schemas"])
    assert "ValidationError" not in text


OAUTH = ("/v3/auth/token", "/v3/auth/revoke")
"""Their refusals have RFC 6749's shape."""


def test_every_error_is_declared_in_the_one_shape(written: dict[str, Any]) -> None:
    shapes = {
        json.dumps(response["content"][error_type(path)])
        for path, operations in written["paths"].items()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        if int(status) >= 400 and not (path in OAUTH and status in ("400", "401", "429"))
    }

    assert shapes == {'{"schema": {"$ref": "#/components/schemas/ErrorResponse"}}'}


def test_offsets_and_sizes_are_of_64_bits(written: dict[str, Any]) -> None:
    narrow = [
        f"{name}.{field}"
        for name, schema in written["components"]["schemas"].items()
        for field, one in schema.get("properties", {}).items()
        if OFFSETS.search(field) and "integer" in json.dumps(one) and "int64" not in json.dumps(one)
    ]

    assert narrow == []


def test_a_node_serves_the_whole_document(written: dict[str, Any]) -> None:
    served = TestClient(build_application()).get("/openapi.json")

    assert served.json() == written
    assert "/subjects" in served.text


def test_refusals_of_tokens_are_declared_in_the_shape_of_oauth(written: dict[str, Any]) -> None:
    for path in OAUTH:
        responses = written["paths"][path]["post"]["responses"]
        for status in ("400", "401", "429"):
            schema = responses[status]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/TokenError"}
