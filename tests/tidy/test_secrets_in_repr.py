"""No class shows a secret in its ``repr``: what reaches a log or a traceback is often that.

A field counts as a secret by its name, if it holds text or bytes. One that is none in spite of its
name stands here with the reason.
"""

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pydantic
import pytest

import app
import cauce
import schema_registry

CANARY = "canary7f3b9c2e"
SECRET = re.compile(
    r"(^|_)(password|passwords?_hash|salted_password|secret|secret_hash|token|token_hash|access_token"
    r"|refresh_token|hmac|salt|stored_key|server_key|proof|ticket|cookie|api_key|basic|pretence"
    r"|auth_bytes|database_url|master|query)$"
)
NONE_IN_SPITE_OF_ITS_NAME = {
    "app.api.ws.client_frames.Resume.token": "a place in the log; it lets nobody in",
    "schema_registry.api.routing.Route.query": "names of parameters that a route knows",
}


def classes() -> Iterator[type]:
    """Yield every class with declared fields."""
    for package in (app, cauce, schema_registry):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for found in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(found) and found.__module__ == module.name:
                    yield found


def texts_of(kind: type) -> list[str]:
    """Return the names of its declared fields that hold text or bytes."""
    found = []
    for base in reversed(kind.__mro__):
        for name, annotation in inspect.get_annotations(base).items():
            if re.search(r"\b(str|bytes|Text|Name|dict|Raw)\b", str(annotation)):
                found.append(name)
    return found


def shown(kind: Any, names: list[str]) -> str:
    """Return the ``repr`` of one whose fields of these names hold the canary."""
    values: dict[str, Any]
    if dataclasses.is_dataclass(kind):
        made: Any = object.__new__(kind)
        for one in dataclasses.fields(kind):
            object.__setattr__(made, one.name, CANARY if one.name in names else None)
        return repr(made)
    if issubclass(kind, msgspec.Struct):
        values = {one: CANARY if one in names else None for one in kind.__struct_fields__}
        return repr(kind(**values))
    if issubclass(kind, pydantic.BaseModel):
        values = {one: CANARY if one in names else None for one in kind.model_fields}
        return repr(kind.model_construct(**values))
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return repr(kind(*(CANARY if one in names else None for one in kind._fields)))
    return ""


def suspects() -> list[tuple[type, str]]:
    return [
        (kind, name)
        for kind in classes()
        for name in dict.fromkeys(texts_of(kind))
        if SECRET.search(name)
    ]


def test_no_secret_is_in_a_repr() -> None:
    found = {
        f"{kind.__module__}.{kind.__qualname__}.{name}"
        for kind, name in suspects()
        if CANARY in shown(kind, [name])
    }

    assert found == set(NONE_IN_SPITE_OF_ITS_NAME)


@pytest.mark.parametrize(
    "name",
    [
        "app.settings.Settings.database_url",
        "app.cluster.security_records.UserRecord.password_hash",
        "app.cluster.security_records.ScramRecord.stored_key",
        "app.wire.messages.scram.ScramCredentialUpsertion.salted_password",
        "app.wire.messages.sasl.SaslAuthenticateRequest.auth_bytes",
        "app.api.v3.security.token_models.TokenRequest.client_secret",
        "cauce.client.tokens.Tokens.refresh_token",
    ],
)
def test_those_that_are_known_are_looked_at(name: str) -> None:
    assert name in {f"{kind.__module__}.{kind.__qualname__}.{field}" for kind, field in suspects()}
