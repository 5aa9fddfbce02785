"""Record objects as REST v3 and the WebSocket take them: from JSON to what the produce verb takes.

Decoded with msgspec, values staying the bytes that came; never with pydantic (DESIGN: speed).
Shapes and codes: Confluent REST Proxy v3, "Produce records".
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import msgspec

from app.api.embedded_formats import JSON_DEPTH_MAX, NULL, BadData, decode_base64, decode_data
from app.api.json_stream import NUMBER_DIGITS_MAX, has_long_number, nesting
from app.api.timestamps import TIMESTAMP_MS_MAX, parse_timestamp
from app.broker.produce import RecordToProduce
from storage.format.record import Headers

PARTITION_MAX = 2**31 - 1
HEADERS_MAX = 1_000
"""Headers of one record."""

_BRACKETS_OF_A_RECORD = 4
"""Braces of a record object, its key, its value and its list of headers."""


# Without the collector (gc=False): what is decoded from JSON refers to nothing that refers back.


class HeaderIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One header; its value is base64, or missing for null."""

    name: str
    value: str | None = None


class PlainDataIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A key or a value without a word about schemas, as most are."""

    type: str | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class DataIn(PlainDataIn, forbid_unknown_fields=True):
    """A key or a value."""

    subject: str | None = None
    subject_name_strategy: str | None = None
    schema_id: int | None = None
    schema_version: int | None = None
    schema: str | None = None


class PlainRecordIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One record of a produce request without a word about schemas: decoded first, for speed."""

    partition_id: int | None = None
    headers: list[HeaderIn] | None = None
    key: PlainDataIn | None = None
    value: PlainDataIn | None = None
    timestamp: str | int | None = None


class RecordIn(msgspec.Struct, forbid_unknown_fields=True):
    """One record of a produce request."""

    partition_id: int | None = None
    headers: list[HeaderIn] | None = None
    key: DataIn | None = None
    value: DataIn | None = None
    timestamp: str | int | None = None


class EntryIn(RecordIn, forbid_unknown_fields=True, kw_only=True):
    """One record of ``records:batch``, with the name that its outcome will carry."""

    id: str


class BatchIn(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``records:batch``."""

    entries: list[msgspec.Raw] = []


class Refused(NamedTuple):
    """Why a record is not even tried."""

    error_code: int
    message: str


class Unwritten(NamedTuple):
    """A record of which a key or value needs a schema of the registry to become bytes."""

    item: "PlainRecordIn | RecordIn"
    timestamp_ms: int
    headers: Headers


_Item = TypeVar("_Item")

Parsed = tuple[RecordToProduce, bytes]
"""A record ready to be produced, and the end of its receipt; a plain tuple, for speed."""

ParseOutcome = Parsed | Refused | Unwritten
PLAIN_TYPES = ("JSON", "STRING", "BINARY")
"""Types of data that need no schema."""

DATA_TYPES = (*PLAIN_TYPES, "AVRO", "JSONSCHEMA", "PROTOBUF")


_plain_decoder = msgspec.json.Decoder(PlainRecordIn)
_decoder = msgspec.json.Decoder(RecordIn)
_plain_array_decoder = msgspec.json.Decoder(list[PlainRecordIn])
_array_decoder = msgspec.json.Decoder(list[RecordIn])
_entry_decoder = msgspec.json.Decoder(EntryIn)


def parse_body(body: bytes, now_ms: int) -> list[ParseOutcome] | None:
    """Parse a body of whole record objects at once.

    Returns:
        One outcome per record, or None when the body as a whole does not decode and has to be
        taken apart object by object.
    """
    if not body.isascii() and not _is_utf8(body):
        return None
    plain = _decode_lines(_plain_decoder, body)
    items = plain if plain is not None else _decode_lines(_decoder, body)
    return None if items is None else _parse_all(body, items, plain, now_ms)


def parse_array(array: bytes, now_ms: int) -> list[ParseOutcome] | Refused:
    """Parse a JSON array of record objects at once.

    Args:
        array: A valid JSON text in UTF-8.
        now_ms: The timestamp of records that have none.

    Returns:
        One outcome per record, or why it is no array of records.
    """
    plain: list[PlainRecordIn] | None = None
    try:
        plain = _plain_array_decoder.decode(array)
    except (msgspec.MsgspecError, RecursionError):
        try:
            items = _array_decoder.decode(array)
        except (msgspec.MsgspecError, RecursionError) as error:
            return refusal_of(error)
        return _parse_all(array, items, None, now_ms)
    return _parse_all(array, plain, plain, now_ms)


def _parse_all(
    body: bytes,
    items: Sequence[PlainRecordIn | RecordIn],
    plain: Sequence[PlainRecordIn] | None,
    now_ms: int,
) -> list[ParseOutcome]:
    """Parse records that were decoded; ``plain`` if all of them are."""
    brackets = body.count(b"{") + body.count(b"[")
    if brackets > _BRACKETS_OF_A_RECORD * len(items) + JSON_DEPTH_MAX or has_long_number(body):
        return [_parse_bounded(item, now_ms) for item in items]
    if plain is not None:
        return _parse_plain_records(plain, now_ms)
    return [parse_record(item, now_ms) for item in items]


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decode_lines(decoder: msgspec.json.Decoder[_Item], body: bytes) -> list[_Item] | None:
    try:
        return decoder.decode_lines(body)
    except (msgspec.MsgspecError, RecursionError):
        return None


def parse_one(text: bytes, now_ms: int) -> ParseOutcome:
    """Parse one record object."""
    try:
        text.decode()
        item = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return refusal_of(error)
    return _parse_bounded(item, now_ms)


def parse_entry(text: bytes, now_ms: int) -> tuple[str | None, ParseOutcome]:
    """Parse one entry of a batch; its id comes with it as far as there is one."""
    try:
        item = _entry_decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        return None, refusal_of(error)
    return item.id, _parse_bounded(item, now_ms)


def refusal_of(error: Exception) -> Refused:
    """Word a decoder's complaint without repeating what was sent."""
    if isinstance(error, msgspec.ValidationError):
        text = str(error)
        if "unknown field" in text:
            name = text.split("`")[1][:80]
            return Refused(422, f"Unrecognized field: {name}")
        return Refused(400, f"Bad Request: {text[:200]}")
    if isinstance(error, RecursionError):
        return Refused(400, f"Bad Request: JSON nests deeper than {JSON_DEPTH_MAX}")
    if isinstance(error, UnicodeDecodeError):
        return Refused(400, "Bad Request: the body is not UTF-8")
    return Refused(400, f"Bad Request: {str(error)[:200]}")


def parse_record(item: PlainRecordIn | RecordIn, now_ms: int) -> ParseOutcome:
    """Turn a decoded record into bytes.

    Args:
        item: The record.
        now_ms: Its timestamp if it has none.
    """
    partition = item.partition_id
    if partition is not None and not 0 <= partition <= PARTITION_MAX:
        return Refused(40402, "Partition not found.")
    key = value = None
    tail = b"}"
    try:
        timestamp_ms = now_ms if item.timestamp is None else _timestamp_ms(item.timestamp)
        headers = _headers(item.headers) if item.headers else ()
        if item.value is not None:
            if item.value.type not in PLAIN_TYPES:
                return _unwritten(item, timestamp_ms, headers)
            value, kind = data_bytes(item.value)
            tail = data_tail(b"value", kind, -1 if value is None else len(value), tail)
        if item.key is not None:
            if item.key.type not in PLAIN_TYPES:
                return _unwritten(item, timestamp_ms, headers)
            key, kind = data_bytes(item.key)
            tail = data_tail(b"key", kind, -1 if key is None else len(key), tail)
    except BadData as error:
        return Refused(400, f"Bad Request: {error}")
    return ((timestamp_ms, key, value, headers), partition), tail


def _unwritten(item: PlainRecordIn | RecordIn, timestamp_ms: int, headers: Headers) -> Unwritten:
    """Return a record that waits for a schema.

    Raises:
        BadData: Whatever the schema, it is none.
    """
    for data in (item.key, item.value):
        if data is None:
            continue
        if data.type is not None and data.type not in DATA_TYPES:
            raise BadData(f"'type' must be one of {', '.join(DATA_TYPES)}")
        if data.data is msgspec.UNSET:
            raise BadData("'data' is missing")
    return Unwritten(item, timestamp_ms, headers)


def _parse_plain_records(items: Sequence[PlainRecordIn], now_ms: int) -> list[ParseOutcome]:
    """Parse records; one that is a short JSON value and nothing else, as most are, in place."""
    parsed: list[ParseOutcome] = []
    append = parsed.append
    tails, unset, null = _JSON_VALUE_TAILS, msgspec.UNSET, NULL
    for item in items:
        data = item.value
        if (
            data is not None
            and data.type == "JSON"
            and data.data is not unset
            and item.key is None
            and item.timestamp is None
            and item.headers is None
            and item.partition_id is None
        ):
            written = bytes(data.data)
            size = len(written)
            if size < JSON_VALUE_TAILS and written != null:
                append((((now_ms, None, written, ()), None), tails[size]))
                continue
        append(parse_record(item, now_ms))
    return parsed


@lru_cache(maxsize=4_096)
def data_tail(name: bytes, kind: str, size: int, rest: bytes) -> bytes:
    """Return the end of a receipt; most records of a producer are alike."""
    return b',"%b":{"type":"%b","size":%d}%b' % (name, kind.encode(), max(size, 0), rest)


JSON_VALUE_TAILS = 1_024
_JSON_VALUE_TAILS = tuple(
    data_tail(b"value", "JSON", size, b"}") for size in range(JSON_VALUE_TAILS)
)
"""The ends of the receipts of records without a key, by the sizes of their JSON values."""


def _parse_bounded(item: PlainRecordIn | RecordIn, now_ms: int) -> ParseOutcome:
    for data in (item.key, item.value):
        raw = data.data if data is not None else msgspec.UNSET
        if raw is msgspec.UNSET:
            continue
        text = bytes(raw)
        if not nesting(text, JSON_DEPTH_MAX):
            return Refused(400, f"Bad Request: JSON nests deeper than {JSON_DEPTH_MAX}")
        if has_long_number(text):
            return Refused(400, f"Bad Request: a number has more than {NUMBER_DIGITS_MAX:,} digits")
    return parse_record(item, now_ms)


def data_bytes(data: PlainDataIn) -> tuple[bytes | None, str]:
    """Return the bytes to store of data that needs no schema, and the type that was given.

    Raises:
        BadData: They are none.
    """
    kind = data.type
    assert kind is not None, "others wait for a schema"
    if type(data) is DataIn and _names_schema(data):
        raise BadData(f"type {kind} takes no schema, schema_id, schema_version or subject")
    raw = data.data
    if raw is msgspec.UNSET:
        raise BadData("'data' is missing")
    written = bytes(raw)
    if kind == "JSON" and written != NULL:
        return written, kind
    return decode_data(kind, written), kind


def _names_schema(data: DataIn) -> bool:
    given = (
        data.subject,
        data.subject_name_strategy,
        data.schema_id,
        data.schema_version,
        data.schema,
    )
    return any(one is not None for one in given)


def _timestamp_ms(given: str | int) -> int:
    if isinstance(given, str):
        try:
            given = parse_timestamp(given)
        except ValueError:
            raise BadData(
                "'timestamp' must be ISO 8601 with an offset, or milliseconds since 1970"
            ) from None
    if not 0 <= given <= TIMESTAMP_MS_MAX:
        raise BadData("'timestamp' must not be before 1970 or beyond 64 bits of milliseconds")
    return given


def _headers(given: Sequence[HeaderIn]) -> Headers:
    if len(given) > HEADERS_MAX:
        raise BadData(f"a record has at most {HEADERS_MAX} headers")
    return tuple(
        (one.name.encode(), None if one.value is None else decode_base64(one.value))
        for one in given
    )
