"""Exports the OpenAPI document: the promise that clients are generated from.

``python -m app.api.openapi_export PATH`` writes it; a test holds the committed file against it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from app.api.application import build_application
from app.api.errors import error_type
from app.api.v2.records_openapi import SCHEMAS as V2_SCHEMAS
from app.api.v3.models import ErrorResponse
from app.api.v3.records_openapi import SCHEMAS
from schema_registry.api import openapi as registry_openapi

Document = dict[str, Any]


def document() -> Document:
    """Return the OpenAPI 3.1 document of every route."""
    written = build_application().openapi()
    schemas = written["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= SCHEMAS | V2_SCHEMAS
    written["security"] = []
    for path, operations in written["paths"].items():
        for operation in operations.values():
            _settle(operation, error_type(path))
    registry_openapi.add_to(written)
    written["components"]["schemas"] = dict(sorted(schemas.items()))
    return written


def dump(written: Document) -> str:
    """Return the document as it is committed."""
    return json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def _settle(operation: Document, kind: str) -> None:
    responses = operation["responses"]
    declared = responses.get("422", {}).get("content", {}).get("application/json", {})
    if declared.get("schema", {}).get("$ref", "").endswith("HTTPValidationError"):
        del responses["422"]
    for status, response in responses.items():
        if int(status) >= 400:
            schema = {"$ref": f"#/components/schemas/{ErrorResponse.__name__}"}
            response["content"] = {kind: {"schema": schema}}


def main() -> None:
    """Write the document to the path given."""
    Path(sys.argv[1]).write_text(dump(document()), encoding="utf-8")


if __name__ == "__main__":
    main()
