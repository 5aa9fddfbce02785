"""Keys and values whose JSON a schema of the registry turns into bytes.

What parsing leaves unwritten, because a schema has to be found or registered first, is written
here. Every record gets an outcome of its own: one that does not fit says where its fault is.

Invariants:
    Records stay in their order; nothing is appended here.
    No more than ``SLICE_BYTES`` are encoded without letting others run; values above
    ``LARGE_BYTES`` are encoded in a thread.
Called by: the doors that take records. Calls: schema_registry.serdes.
Source: Confluent REST Proxy v3, "Produce records": what names a schema, and the receipts.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from app.api.embedded_formats import NULL, BadData
from app.api.records.parsing import (
    PLAIN_TYPES,
    DataIn,
    Parsed,
    ParseOutcome,
    PlainDataIn,
    Refused,
    Unwritten,
    data_bytes,
    data_tail,
)
from app.broker.schema_configs import strategy_of
from app.security.acls import Operation
from schema_registry import errors
from schema_registry.errors import InvalidPayload, RegistryError
from schema_registry.model import SchemaType
from schema_registry.registry.context import Ledger
from schema_registry.serdes.choices import BadChoice, ChosenSchema, SchemaChoice
from schema_registry.serdes.codecs import LoadedSchema
from schema_registry.serdes.naming import NoRecordName, SubjectNameStrategy
from schema_registry.serdes.serdes import Serdes

SLICE_BYTES = 64 * 1024
LARGE_BYTES = 64 * 1024
_MESSAGE_CHARS_MAX = 2_000

SCHEMA_TYPES: Final = {
    "AVRO": SchemaType.AVRO,
    "JSONSCHEMA": SchemaType.JSON,
    "PROTOBUF": SchemaType.PROTOBUF,
}
_WORDS: Final = {kind: word for word, kind in SCHEMA_TYPES.items()}
_decode_json: Final = msgspec.json.Decoder().decode

MISFIT_CODE = 42203
"""JSON that its schema does not take."""

INVALID_SCHEMA_CODE = 42205

_CODES: Mapping[type[RegistryError], int] = {
    BadChoice: 400,
    NoRecordName: 400,
    InvalidPayload: MISFIT_CODE,
    errors.InvalidSubject: 400,
    errors.InvalidVersion: 400,
    errors.SchemaTooLarge: INVALID_SCHEMA_CODE,
    errors.InvalidSchema: INVALID_SCHEMA_CODE,
    errors.SubjectAccessDenied: 40301,
    errors.SubjectNotFound: 40401,
    errors.VersionNotFound: 40402,
    errors.SchemaNotFound: 40403,
    errors.IncompatibleSchema: 40801,
    errors.OperationNotPermitted: 40801,
    errors.StoreConflict: 50003,
    errors.StoreUnavailable: 50003,
    errors.AuditUnavailable: 50003,
}


class SubjectAccess(Protocol):
    """What who sends the records may do to subjects, and who is told."""

    def may(self, operation: Operation, name: str) -> bool:
        """Return whether it may."""
        ...

    def note_denied(self, operation: Operation, name: str) -> None:
        """Write down that it was refused."""
        ...

    def change(
        self, operation: Operation, name: str, verb: str, items: Sequence[str]
    ) -> AbstractAsyncContextManager[list[str]]:
        """Write down a change that the block makes."""
        ...


class Target(NamedTuple):
    """Where records go, and who knows their schemas."""

    serdes: Serdes
    topic: str
    configs: Mapping[str, str]
    """The topic's."""

    access: SubjectAccess
    """That of who sends the records."""

    async def chosen(self, choice: SchemaChoice) -> ChosenSchema:
        """Return the schema of a choice; a text may be registered by that.

        Raises:
            RegistryError: Why not; ``SubjectAccessDenied`` if who sends may not.
        """
        access = self.access
        found = await self.serdes.choices.find(choice, _Registrar(access))
        is_known = choice.text is not None and access.may(Operation.WRITE, found.subject)
        if not is_known and not access.may(Operation.READ, found.subject):
            access.note_denied(Operation.READ, found.subject)
            raise errors.SubjectAccessDenied(f"not authorized to READ subject {found.subject}")
        return found


class _Registrar:
    """Registers schemas that are sent with records, in the name of who sends them."""

    def __init__(self, access: SubjectAccess) -> None:
        self._access = access

    def may_register(self, subject: str) -> bool:
        """Return whether it may; if not, it was refused."""
        if self._access.may(Operation.WRITE, subject):
            return True
        self._access.note_denied(Operation.WRITE, subject)
        return False

    def ledger(self, subject: str) -> Ledger:
        """Return what writes down that it does."""
        return partial(self._access.change, Operation.WRITE, subject)


def code_of(error: RegistryError) -> int:
    """Return the error code of what the registry refuses to a producer of records."""
    for kind in type(error).__mro__:
        if kind in _CODES:
            return _CODES[kind]
    return 40801


def choice_of(
    target: Target,
    *,
    is_key: bool,
    schema_type: SchemaType | None = None,
    schema_id: int | None = None,
    text: str | None = None,
) -> SchemaChoice:
    """Return a choice that is made for all records of a request."""
    return SchemaChoice(
        target.topic,
        is_key,
        schema_type=schema_type,
        schema_id=schema_id,
        text=text,
        default_strategy=strategy_of(target.configs, is_key=is_key),
    )


async def settle(target: Target, parsed: Sequence[ParseOutcome]) -> Sequence[Parsed | Refused]:
    """Return records all of which are bytes, or refused; does not wait if none needs a schema."""
    if Unwritten not in set(map(type, parsed)):
        return parsed  # type: ignore[return-value] # just checked
    writer = _Writer(target)
    return [await writer.write(one) if isinstance(one, Unwritten) else one for one in parsed]


async def encode_values(
    loaded: LoadedSchema, values: Sequence[Any], average_bytes: int
) -> list[bytes | InvalidPayload]:
    """Return JSON values as they are stored, or why they do not fit.

    Args:
        loaded: Their schema.
        values: As a JSON parser gives them.
        average_bytes: Of the text of one.
    """
    if average_bytes > LARGE_BYTES:
        return await asyncio.to_thread(loaded.encode_all, values)
    share = max(1, SLICE_BYTES // max(1, average_bytes))
    if len(values) <= share:
        return loaded.encode_all(values)
    encoded: list[bytes | InvalidPayload] = []
    for start in range(0, len(values), share):
        encoded += loaded.encode_all(values[start : start + share])
        await asyncio.sleep(0)
    return encoded


class _Writer:
    """Writes the records of one request; what names the same schema is looked up once."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._strategies = [strategy_of(target.configs, is_key=one) for one in (False, True)]
        self._found: dict[SchemaChoice, ChosenSchema | RegistryError] = {}
        self._size = 0

    async def write(self, one: Unwritten) -> Parsed | Refused:
        """Return a record with its key and value written."""
        item = one.item
        key = value = None
        tail = b"}"
        name = b"value"
        try:
            if item.value is not None:
                value, tail = await self._write(item.value, name, tail)
            name = b"key"
            if item.key is not None:
                key, tail = await self._write(item.key, name, tail)
        except BadData as error:
            return Refused(400, f"Bad Request: {error}")
        except RegistryError as error:
            return refusal(error, name.decode())
        return ((one.timestamp_ms, key, value, one.headers), item.partition_id), tail

    async def _write(
        self, data: PlainDataIn, name: bytes, tail: bytes
    ) -> tuple[bytes | None, bytes]:
        if data.type in PLAIN_TYPES:
            plain, kind = data_bytes(data)
            return plain, data_tail(name, kind, -1 if plain is None else len(plain), tail)
        chosen = await self._choose(data, is_key=name == b"key")
        assert data.data is not msgspec.UNSET, "checked when it was parsed"
        raw = bytes(data.data)
        written = None if raw == NULL else await self._encode(chosen.loaded, raw)
        return written, _schema_tail(name, chosen, -1 if written is None else len(written), tail)

    async def _choose(self, data: PlainDataIn, *, is_key: bool) -> ChosenSchema:
        choice = self._choice(data, is_key=is_key)
        found = self._found.get(choice)
        if found is None:
            try:
                found = await self._target.chosen(choice)
            except RegistryError as error:
                found = error
            self._found[choice] = found
        if isinstance(found, RegistryError):
            raise found
        return found

    def _choice(self, data: PlainDataIn, *, is_key: bool) -> SchemaChoice:
        kind = SCHEMA_TYPES[data.type] if data.type is not None else None
        default = self._strategies[is_key]
        topic = self._target.topic
        if not isinstance(data, DataIn):
            return SchemaChoice(topic, is_key, schema_type=kind, default_strategy=default)
        if kind is not None and (data.schema_id is not None or data.schema_version is not None):
            raise BadChoice("type excludes schema_id and schema_version, which tell it")
        return SchemaChoice(
            topic,
            is_key,
            schema_type=kind,
            schema_id=data.schema_id,
            schema_version=data.schema_version,
            text=data.schema,
            subject=data.subject,
            strategy=_strategy(data.subject_name_strategy),
            default_strategy=default,
        )

    async def _encode(self, loaded: LoadedSchema, raw: bytes) -> bytes:
        self._size += len(raw)
        if len(raw) > LARGE_BYTES:
            return await asyncio.to_thread(_encode, loaded, raw)
        if self._size > SLICE_BYTES:
            self._size = 0
            await asyncio.sleep(0)
        return _encode(loaded, raw)


def refusal(error: RegistryError, field: str) -> Refused:
    """Return how a record is refused whose key or value has no schema, or does not fit it.

    Args:
        error: Why.
        field: ``key`` or ``value``.
    """
    code = code_of(error)
    said = str(error)[:_MESSAGE_CHARS_MAX]
    if 42200 < code < 42300:  # as Confluent flattens them in receipts
        return Refused(422, f"Error: {code} : {field}: {said}")
    return Refused(code, f"Bad Request: {field}: {said}" if code == 400 else f"{field}: {said}")


def _strategy(name: str | None) -> SubjectNameStrategy | None:
    if name is None:
        return None
    try:
        return SubjectNameStrategy(name)
    except ValueError:
        words = ", ".join(one.value for one in SubjectNameStrategy)
        raise BadChoice(f"subject_name_strategy must be one of {words}") from None


def _encode(loaded: LoadedSchema, raw: bytes) -> bytes:
    try:
        value = _decode_json(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidPayload("", f"no JSON that a schema could take: {error}") from error
    return loaded.encode(value)


def _schema_tail(name: bytes, chosen: ChosenSchema, size: int, rest: bytes) -> bytes:
    loaded = chosen.loaded
    return (
        _tail(
            name,
            _WORDS[loaded.schema_type],
            size,
            (chosen.subject, loaded.schema_id, chosen.version),
        )
        + rest
    )


@lru_cache(maxsize=4_096)
def _tail(name: bytes, kind: str, size: int, schema: tuple[str, int, int | None]) -> bytes:
    subject, schema_id, version = schema
    written = b',"%b":{"type":"%b","size":%d,"subject":%b,"schema_id":%d' % (
        name,
        kind.encode(),
        max(size, 0),
        msgspec.json.encode(subject),
        schema_id,
    )
    return written + (b"}" if version is None else b',"schema_version":%d}' % version)
