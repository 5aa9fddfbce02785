"""Answers, and what handlers are given to make them."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from schema_registry.api.documents import Shape
from schema_registry.api.guard import Guard, Witness
from schema_registry.registry.context import RegistryContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What every handler is given."""

    context: RegistryContext
    shape: Shape = field(default_factory=Shape)
    incompatible_code: int = 409
    """The error code of an incompatible schema; Confluent's is 40901 since 8.0.4."""

    guard: Guard | None = None
    """Who may; None where everybody may everything."""

    witness: Witness | None = None
    """Is told of changes; None where nobody wants to know."""

    cluster_id: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer."""

    body: bytes
    status: int = 200


def json_answer(value: Any, status: int = 200) -> Answer:
    """Return a value as JSON."""
    return Answer(body=msgspec.json.encode(value), status=status)


def text_answer(text: str) -> Answer:
    """Return a schema's text as it is."""
    return Answer(body=text.encode())


def empty_answer() -> Answer:
    """Return nothing, which is all there is to say."""
    return Answer(body=b"", status=204)
