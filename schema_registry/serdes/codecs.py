"""Codecs: schemas of the registry, compiled to write and read data with, and kept.

Every door asks here, by id or GUID. A codec is kept by the content of its schema, so it can never
be out of date; which content an id has is asked of the registry's views each time.

Invariants:
    What is kept is bounded in number and in characters of schema text.
    A schema that is not there is looked for again once the registry has changed.
Called by: choices, checks, the doors. Calls: registry, formats.
"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from schema_registry.errors import InvalidPayload, RegistryError
from schema_registry.formats.framing import Identity, prefix_of
from schema_registry.formats.schema_format import ParsedSchema, PayloadCodec
from schema_registry.model import SchemaType, StoredSchema
from schema_registry.registry.context import RegistryContext
from schema_registry.registry.languages import language_of
from schema_registry.subjects import DEFAULT_CONTEXT

CODECS_KEPT_MAX = 1_000
CODEC_CHARS_KEPT_MAX = 16_000_000
UNKNOWN_KEPT_MAX = 10_000

_encode_json: Final = msgspec.json.Encoder().encode


@runtime_checkable
class NamesItself(Protocol):
    """A codec whose payloads say which of several messages they are."""

    def name_of(self, payload: bytes) -> str:
        """Return the full name of the message."""


class LoadedSchema:
    """A schema under an id, ready to write and read data."""

    __slots__ = ("codec", "parsed", "prefix", "stored")

    def __init__(self, stored: StoredSchema, parsed: ParsedSchema, codec: PayloadCodec) -> None:
        self.stored = stored
        self.parsed = parsed
        self.codec = codec
        self.prefix = prefix_of(stored.schema_id)
        """What stands before its payloads."""

    @property
    def schema_id(self) -> int:
        """Its id, in its context."""
        return self.stored.schema_id

    @property
    def schema_type(self) -> SchemaType:
        """The language it is written in."""
        return self.stored.content.schema_type

    @property
    def record_name(self) -> str | None:
        """The full name of what it describes, if it has one."""
        return self.parsed.record_name()

    def encode(self, value: Any) -> bytes:
        """Return a JSON value as it is stored: prefix and payload.

        Raises:
            InvalidPayload: It does not fit; says where.
        """
        return self.prefix + self.codec.encode(value)

    def encode_all(self, values: Sequence[Any]) -> "list[bytes | InvalidPayload]":
        """Return each JSON value as it is stored, or why it does not fit."""
        prefix, encode = self.prefix, self.codec.encode
        encoded: list[bytes | InvalidPayload] = []
        append = encoded.append
        for value in values:
            try:
                append(prefix + encode(value))
            except InvalidPayload as error:
                append(error)
        return encoded

    def decode(self, payload: bytes) -> bytes:
        """Return the JSON text of a payload.

        Raises:
            InvalidPayload: These are no bytes of this schema.
        """
        value = self.codec.decode(payload)
        try:
            return _encode_json(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            return _json_at_length(value, error)

    def name_in(self, payload: bytes) -> str | None:
        """Return the name of what a payload holds: of Protobuf, that of its own message.

        Raises:
            InvalidPayload: It names no message of the schema.
        """
        if isinstance(self.codec, NamesItself):
            return self.codec.name_of(payload)
        return self.record_name


class Codecs:
    """The codecs of one registry."""

    def __init__(self, context: RegistryContext) -> None:
        """Keep nothing yet."""
        self.registry = context
        self._kept: dict[tuple[str, str], tuple[ParsedSchema, PayloadCodec]] = {}
        self._loaded: dict[int, LoadedSchema] = {}
        self._by_guid: dict[str, tuple[str, int]] = {}
        self._chars = 0
        self._unknown: set[Identity] = set()
        self._unknown_at = -1
        """The registry's revision that they were not in."""

        self._compiling = asyncio.Lock()

    async def load(
        self, identities: Collection[Identity]
    ) -> Mapping[Identity, LoadedSchema | RegistryError | None]:
        """Return schemas by what data calls them.

        Returns:
            For each a schema; None if there is none; or why it cannot be used.

        Raises:
            StoreUnavailable: The registry cannot be asked.
        """
        revision = await self.registry.views.revision()
        if revision != self._unknown_at or len(self._unknown) >= UNKNOWN_KEPT_MAX:
            self._unknown.clear()
            self._unknown_at = revision
        found: dict[Identity, LoadedSchema | RegistryError | None] = dict.fromkeys(identities)
        wanted = [one for one in identities if one not in self._unknown]
        if not wanted:
            return found
        ids = [one for one in wanted if isinstance(one, int)]
        stored = await self.registry.views.schemas(DEFAULT_CONTEXT, ids) if ids else {}
        for one in wanted:
            schema = stored.get(one) if isinstance(one, int) else await self._of_guid(one)
            found[one] = await self._usable(schema) if schema is not None else None
            if schema is None and revision == self._unknown_at:
                self._unknown.add(one)
        return found

    async def of(self, stored: StoredSchema) -> LoadedSchema:
        """Return a schema of the registry, ready to be used.

        Raises:
            InvalidSchema: It cannot be compiled.
        """
        loaded = self._loaded.get(stored.schema_id)
        if loaded is not None and loaded.stored is stored:
            return loaded
        key = (stored.context, stored.guid)
        kept = self._kept.get(key)
        if kept is None:
            async with self._compiling:
                kept = self._kept.get(key) or await self._compile(key, stored)
        loaded = LoadedSchema(stored, *kept)
        if stored.context == DEFAULT_CONTEXT:
            if len(self._loaded) >= CODECS_KEPT_MAX:
                self._loaded.clear()
            self._loaded[stored.schema_id] = loaded
        return loaded

    async def _usable(self, stored: StoredSchema) -> LoadedSchema | RegistryError:
        try:
            return await self.of(stored)
        except RegistryError as error:
            return error

    async def _compile(
        self, key: tuple[str, str], stored: StoredSchema
    ) -> tuple[ParsedSchema, PayloadCodec]:
        parsed = await self.registry.schemas.stored(stored)
        language = language_of(stored.content.schema_type)
        size = len(stored.content.text)
        codec = await self.registry.workers.run(size, lambda: language.format.codec(parsed))
        self._chars += size
        if len(self._kept) >= CODECS_KEPT_MAX or self._chars > CODEC_CHARS_KEPT_MAX:
            self._kept.clear()
            self._loaded.clear()
            self._chars = size
        self._kept[key] = (parsed, codec)
        return parsed, codec

    async def _of_guid(self, guid: str) -> StoredSchema | None:
        """Return the schema of a GUID, that of the default context if it has it."""
        place = self._by_guid.get(guid)
        if place is not None:
            schema = await self.registry.views.schema(*place)
            if schema is not None and schema.guid == guid:
                return schema
        async with self.registry.store.reading() as reading:
            found = await reading.by_guid(guid)
        if not found:
            return None
        best = min(found, key=lambda one: (one.context != DEFAULT_CONTEXT, one.context))
        if len(self._by_guid) >= CODECS_KEPT_MAX:
            self._by_guid.clear()
        self._by_guid[guid] = (best.context, best.schema_id)
        return best


def _json_at_length(value: Any, cause: Exception) -> bytes:
    """Write what msgspec does not: whole numbers of more than 64 bits."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload("", f"it cannot be written as JSON: {error}") from cause
