"""The seam between the registry and the languages of schemas.

Each format parses texts to immutable schemas, prints them, and turns values to payload bytes and
back. All of it is pure: no clock, no I/O; references come already resolved. Every format keeps
bounds of its own on depth, size and steps, and raises ``BoundExceeded`` beyond them.
Called by: registry, compatibility. Calls: model, errors.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from schema_registry.model import ResolvedReference, SchemaType

SCHEMA_TEXT_BYTES_MAX = 1_000_000
"""Longest text of one schema, in UTF-8."""

REFERENCES_MAX = 1_000
"""Texts that one schema may refer to, all levels together."""

REFERENCE_DEPTH_MAX = 50
"""Levels of references."""


class ParsedSchema(Protocol):
    """A schema that was read and found whole."""

    @property
    def schema_type(self) -> SchemaType:
        """The language it is written in."""

    def canonical(self) -> str:
        """Return the text that is stored, and compared for identity."""

    def normalized(self) -> str:
        """Return the text that is stored with ``normalize=true``."""

    def formatted(self, name: str) -> str:
        """Return another form of the text: ``resolved``, ``serialized``, ...

        Raises:
            SchemaFormatUnsupported: This type has none of that name.
        """

    def record_name(self) -> str | None:
        """Return the full name that RecordNameStrategy uses, if the schema has one."""


class PayloadCodec(Protocol):
    """Values of one schema to the bytes behind the wire header, and back.

    A value is what a JSON parser gives: null, booleans, numbers, text, lists, objects. How the
    rest is written as JSON is the format's own convention.
    """

    def encode(self, value: Any) -> bytes:
        """Return the payload of a JSON value.

        Raises:
            InvalidPayload: It does not fit; says where.
        """

    def decode(self, payload: bytes) -> Any:
        """Return the JSON value of a payload.

        Raises:
            InvalidPayload: These are no bytes of this schema.
        """


class SchemaFormat(Protocol):
    """One language of schemas."""

    @property
    def schema_type(self) -> SchemaType:
        """Its name."""

    def parse(
        self, text: str, references: Sequence[ResolvedReference] = (), *, strict: bool = True
    ) -> ParsedSchema:
        """Return the schema of a text.

        Args:
            text: As it was sent, or as it is stored.
            references: What the text refers to.
            strict: As a new schema is checked; what is stored was checked once.

        Raises:
            InvalidSchema: It is none; says where.
        """

    def codec(self, schema: ParsedSchema) -> PayloadCodec:
        """Return the codec of a schema of this format; worth keeping."""
