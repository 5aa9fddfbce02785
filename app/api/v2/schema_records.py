"""A REST v2 produce whose keys and values are of schemas: avro, jsonschema, protobuf.

The body names one schema for all keys and one for all values, by text, which is registered if its
subject does not have it, or by id; the answer tells their ids. A body with anything wrong in it is
refused whole, with the number of the record and the path of the fault.
Source: Confluent REST Proxy v2, "POST /topics/(topic_name)" (42201 and 42202: records have keys or
values and no schema for them; 42203: JSON that the schema does not take; 42205: an invalid schema).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from app.api.embedded_formats import JSON_DEPTH_MAX
from app.api.errors import ApiError
from app.api.json_stream import has_long_number
from app.api.records.encoding import (
    INVALID_SCHEMA_CODE,
    MISFIT_CODE,
    Target,
    choice_of,
    code_of,
    encode_values,
)
from app.api.v2.media_types import RecordFormat
from app.api.v2.produce_body import (
    BRACKETS_OF_A_RECORD,
    EMPTY,
    NO_RECORDS,
    HeaderIn,
    ProduceIn,
    check_bounds,
    decode_body,
    read_place,
)
from app.broker.produce import RecordToProduce
from schema_registry.errors import InvalidPayload, RegistryError
from schema_registry.model import SchemaType
from schema_registry.serdes.codecs import LoadedSchema

SCHEMA_TYPES = {
    RecordFormat.AVRO: SchemaType.AVRO,
    RecordFormat.JSONSCHEMA: SchemaType.JSON,
    RecordFormat.PROTOBUF: SchemaType.PROTOBUF,
}
NO_KEY_SCHEMA_CODE = 42201
NO_VALUE_SCHEMA_CODE = 42202
FORBIDDEN_CODE = 40301
REGISTRY_CODE = 40801
UNAVAILABLE_CODE = 50003


class SchemaRecordIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One record; key and value are read at once, for a schema takes them apart anyway."""

    key: Any = None
    value: Any = None
    partition: int | str | None = None
    timestamp: int | None = None
    headers: list[HeaderIn] | None = None


class SchemaProduceIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The whole body."""

    records: list[SchemaRecordIn]
    key_schema: str | None = None
    key_schema_id: int | None = None
    value_schema: str | None = None
    value_schema_id: int | None = None


class Written(NamedTuple):
    """What a body comes to."""

    records: list[RecordToProduce]
    key_schema_id: int | None
    value_schema_id: int | None


_decoder = msgspec.json.Decoder(SchemaProduceIn)
_raw_decoder = msgspec.json.Decoder(ProduceIn)


async def write_records(
    target: Target, body: bytes, embedded: RecordFormat, now_ms: int, partition: int | None
) -> Written:
    """Return the records of a body.

    Args:
        target: The topic, and the registry.
        body: As it came.
        embedded: The format of keys and values.
        now_ms: The timestamp of records that have none.
        partition: The one that the path names, or None.

    Raises:
        ApiError: What is wrong, with the number of the record at fault.
    """
    wanted = _read(body)
    records = wanted.records
    average = len(body) // len(records)
    keys = await _column(
        target,
        embedded,
        [one.key for one in records],
        (wanted.key_schema, wanted.key_schema_id),
        average,
        is_key=True,
    )
    values = await _column(
        target,
        embedded,
        [one.value for one in records],
        (wanted.value_schema, wanted.value_schema_id),
        average,
        is_key=False,
    )
    written: list[RecordToProduce] = []
    append = written.append
    columns = zip(records, keys[0], values[0], strict=True)
    for at, (one, key, value) in enumerate(columns):
        if one.partition is None and one.timestamp is None and one.headers is None:
            append(((now_ms, key, value, ()), partition))
        else:
            timestamp_ms, headers, chosen = read_place(one, at, now_ms, partition)
            append(((timestamp_ms, key, value, headers), chosen))
    return Written(written, keys[1], values[1])


def _read(body: bytes) -> SchemaProduceIn:
    """Return a body that keeps the bounds of JSON.

    Raises:
        ApiError: It does not, or is none.
    """
    if not body.strip():
        raise ApiError(422, 422, EMPTY)
    if has_long_number(body):
        check_bounds(decode_body(_raw_decoder, body).records)
    wanted = decode_body(_decoder, body)
    if not wanted.records:
        raise ApiError(422, 422, NO_RECORDS)
    brackets = body.count(b"{") + body.count(b"[")
    if brackets > BRACKETS_OF_A_RECORD * len(wanted.records) + JSON_DEPTH_MAX:
        check_bounds(decode_body(_raw_decoder, body).records)
    return wanted


async def _column(
    target: Target,
    embedded: RecordFormat,
    column: Sequence[Any],
    schema: tuple[str | None, int | None],
    average: int,
    *,
    is_key: bool,
) -> tuple[Sequence[bytes | None], int | None]:
    """Return the bytes of all keys, or all values, and the id of their schema.

    Raises:
        ApiError: There is no such schema, or one of them does not fit it.
    """
    name = "key" if is_key else "value"
    nulls = column.count(None)
    text, schema_id = schema
    if text is None and schema_id is None:
        if nulls == len(column):
            return column, None
        code = NO_KEY_SCHEMA_CODE if is_key else NO_VALUE_SCHEMA_CODE
        raise ApiError(
            422, code, f"Request includes {name}s but no {name}_schema or {name}_schema_id"
        )
    loaded = await _schema(target, embedded, text, schema_id, is_key=is_key)
    if nulls == len(column):
        return column, loaded.schema_id
    given = column if not nulls else [one for one in column if one is not None]
    encoded = await encode_values(loaded, given, average)
    if set(map(type, encoded)) != {bytes}:
        raise _misfit(column, encoded, name)
    if not nulls:
        return encoded, loaded.schema_id  # type: ignore[return-value] # just checked
    rest = iter(encoded)
    return [None if one is None else next(rest) for one in column], loaded.schema_id  # type: ignore[misc] # likewise


def _misfit(
    column: Sequence[Any], encoded: Sequence[bytes | InvalidPayload], name: str
) -> ApiError:
    """Return the refusal of the first value that does not fit."""
    positions = [at for at, one in enumerate(column) if one is not None]
    for at, one in zip(positions, encoded, strict=True):
        if isinstance(one, InvalidPayload):
            return ApiError(422, MISFIT_CODE, f"Record {at}: {name}: {one}"[:2_000])
    raise AssertionError("asked only when one does not fit")


async def _schema(
    target: Target, embedded: RecordFormat, text: str | None, schema_id: int | None, *, is_key: bool
) -> LoadedSchema:
    name = "key" if is_key else "value"
    if text is not None and schema_id is not None:
        raise ApiError(422, 422, f"{name}_schema and {name}_schema_id exclude each other")
    choice = choice_of(
        target,
        is_key=is_key,
        schema_type=SCHEMA_TYPES[embedded],
        schema_id=schema_id,
        text=text,
    )
    try:
        return (await target.chosen(choice)).loaded
    except RegistryError as error:
        raise _refusal(error, name) from error


def _refusal(error: RegistryError, name: str) -> ApiError:
    """Return what is said of a schema that cannot be used, as Confluent's and Karapace do."""
    code = code_of(error)
    said = f"{name} schema: {error}"[:2_000]
    if code == UNAVAILABLE_CODE:
        return ApiError(503, UNAVAILABLE_CODE, said)
    if code == FORBIDDEN_CODE:
        return ApiError(403, FORBIDDEN_CODE, said)
    if code == REGISTRY_CODE:
        return ApiError(408, REGISTRY_CODE, said)
    return ApiError(422, INVALID_SCHEMA_CODE, said)
