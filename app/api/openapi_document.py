"""Makes FastAPI's description of the routes the whole OpenAPI document.

FastAPI sees neither the registry's routes nor the bodies of those that read them by themselves,
and is not told of the errors' shape (``app.api.v3.responses`` says why).
"""

from typing import Any

from fastapi import FastAPI

from app.api.errors import error_type
from app.api.v2.records_openapi import SCHEMAS as V2_SCHEMAS
from app.api.v3.models import ErrorResponse
from app.api.v3.records_openapi import SCHEMAS
from app.api.v3.security.token_models import RevokeRequest, TokenRequest
from schema_registry.api import openapi as registry_openapi

Document = dict[str, Any]

_TOKEN = "An access token of `POST /v3/auth/token`, or an API key."  # noqa: S105 - a description
_SCHEMES: Document = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "User and password, or id and secret of an API key.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": _TOKEN},
    "token": {
        "type": "oauth2",
        "description": _TOKEN,
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/v3/auth/token",
                "refreshUrl": "/v3/auth/token",
                "scopes": {
                    "read": "read records and what describes them",
                    "write": "write records",
                    "admin": "change what there is",
                },
            }
        },
    },
}
"""How clients may log in; a node says by its settings whether they must."""


class Described(FastAPI):
    """A FastAPI application whose document, also at ``/openapi.json``, is the whole one."""

    def openapi(self) -> Document:
        """Return the document; it is made when it is first asked for."""
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def _completed(written: Document) -> Document:
    schemas = written["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= SCHEMAS | V2_SCHEMAS
    schemas[ErrorResponse.__name__] = ErrorResponse.model_json_schema(mode="serialization")
    for model in (TokenRequest, RevokeRequest):  # their routes read them by themselves
        schemas[model.__name__] = model.model_json_schema()
    written["components"]["securitySchemes"] = _SCHEMES
    written["security"] = [{}, *({name: []} for name in _SCHEMES)]
    for path, operations in written["paths"].items():
        for operation in operations.values():
            _settle(operation, error_type(path))
    registry_openapi.add_to(written)
    written["components"]["schemas"] = dict(sorted(schemas.items()))
    return written


def _settle(operation: Document, kind: str) -> None:
    responses = operation["responses"]
    declared = responses.get("422", {}).get("content", {}).get("application/json", {})
    if declared.get("schema", {}).get("$ref", "").endswith("HTTPValidationError"):
        del responses["422"]
    for status, response in responses.items():
        if int(status) >= 400:
            schema = {"$ref": f"#/components/schemas/{ErrorResponse.__name__}"}
            response.setdefault("content", {kind: {"schema": schema}})
