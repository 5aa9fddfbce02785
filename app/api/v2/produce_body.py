"""The body of a REST v2 produce: from JSON to what the produce verb takes.

A body with anything wrong in it is refused whole, before a record of it is appended. Timestamps
(milliseconds) and headers (values in base64, or null) are Strimzi's and Karapace's; a partition
may be written as a string, as Karapace takes it.
Source: Confluent REST Proxy v2, "POST /topics/(topic_name)"; Strimzi's bridge for the rest.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec

from app.api.embedded_formats import JSON_DEPTH_MAX, BadData, decode_base64
from app.api.errors import ApiError
from app.api.json_stream import NUMBER_DIGITS_MAX, has_long_number, nesting
from app.api.records.parsing import HEADERS_MAX, PARTITION_MAX
from app.api.timestamps import TIMESTAMP_MS_MAX
from app.api.v2.media_types import RecordFormat
from app.api.v2.record_formats import decode
from app.broker.produce import RecordToProduce
from storage.format.record import Headers

PARTITION_DIGITS_MAX = 10
BRACKETS_OF_A_RECORD = 2
"""Of a record object and of a value that is an object, as most are."""

EMPTY = "Payload error. Request body is empty. Data is required."
NO_RECORDS = "Payload error. 'records' must hold at least one record."


class HeaderIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A record header; its value is base64, or null."""

    key: str
    value: str | None = None


class RecordIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One record."""

    key: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    partition: int | str | None = None
    timestamp: int | None = None
    headers: list[HeaderIn] | None = None


class ProduceIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The whole body; the four about schemas may be there, and null."""

    records: list[RecordIn]
    key_schema: str | None = None
    key_schema_id: int | None = None
    value_schema: str | None = None
    value_schema_id: int | None = None


_Item = TypeVar("_Item")

_decoder = msgspec.json.Decoder(ProduceIn)


def parse_produce(
    body: bytes, embedded: RecordFormat, now_ms: int, partition: int | None
) -> list[RecordToProduce]:
    """Return the records of a body.

    Args:
        body: As it came.
        embedded: The format of keys and values.
        now_ms: The timestamp of records that have none.
        partition: The one that the path names, or None.

    Raises:
        ApiError: 400 or 422, with the number of the record at fault.
    """
    if not body.strip():
        raise ApiError(422, 422, EMPTY)
    wanted = decode_body(_decoder, body)
    if not wanted.records:
        raise ApiError(422, 422, NO_RECORDS)
    if any(
        one is not None
        for one in (
            wanted.key_schema,
            wanted.key_schema_id,
            wanted.value_schema,
            wanted.value_schema_id,
        )
    ):
        raise ApiError(422, 422, f"Records of format {embedded.value} take no schema")
    brackets = body.count(b"{") + body.count(b"[")
    is_deep = brackets > BRACKETS_OF_A_RECORD * len(wanted.records) + JSON_DEPTH_MAX
    if is_deep or has_long_number(body):
        check_bounds(wanted.records)
    return _records(wanted.records, embedded, now_ms, partition)


def decode_body(decoder: msgspec.json.Decoder[_Item], body: bytes) -> _Item:
    """Decode a body.

    Raises:
        ApiError: 400 for what is no JSON, 422 for what has another shape.
    """
    try:
        if not body.isascii():
            body.decode()
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        text = str(error)
        if "unknown field" in text:
            raise ApiError(422, 422, f"Unrecognized field: {text.split('`')[1][:80]}") from None
        raise ApiError(422, 422, f"Unprocessable Entity: {text[:200]}") from None
    except UnicodeDecodeError:
        raise ApiError(400, 400, "Bad Request: the body is not UTF-8") from None
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ApiError(
            400, 400, f"Bad Request: the body is not valid JSON: {error}"[:200]
        ) from None


def check_bounds(records: Sequence[RecordIn]) -> None:
    """Refuse JSON that nests too deep or has a number of too many digits.

    Raises:
        ApiError: Names the record.
    """
    for position, one in enumerate(records):
        for raw in (one.key, one.value):
            if raw is msgspec.UNSET:
                continue
            text = bytes(raw)
            if not nesting(text, JSON_DEPTH_MAX):
                raise _bad(position, f"JSON nests deeper than {JSON_DEPTH_MAX}")
            if has_long_number(text):
                raise _bad(position, f"a number has more than {NUMBER_DIGITS_MAX:,} digits")


def _records(
    records: Sequence[RecordIn], embedded: RecordFormat, now_ms: int, of_path: int | None
) -> list[RecordToProduce]:
    parsed: list[RecordToProduce] = []
    append = parsed.append
    unset = msgspec.UNSET
    for position, one in enumerate(records):
        try:
            key = None if one.key is unset else decode(embedded, bytes(one.key))
            value = None if one.value is unset else decode(embedded, bytes(one.value))
        except BadData as error:
            raise _bad(position, str(error)) from None
        if one.partition is None and one.timestamp is None and one.headers is None:
            append(((now_ms, key, value, ()), of_path))
            continue
        timestamp_ms, headers, partition = read_place(one, position, now_ms, of_path)
        append(((timestamp_ms, key, value, headers), partition))
    return parsed


class Placed(Protocol):
    """What a record says beside its key and value."""

    partition: int | str | None
    timestamp: int | None
    headers: list[HeaderIn] | None


def read_place(
    one: Placed, position: int, now_ms: int, of_path: int | None
) -> tuple[int, Headers, int | None]:
    """Return timestamp, headers and partition of a record.

    Raises:
        ApiError: One of them is none.
    """
    try:
        headers = _headers(one.headers) if one.headers else ()
    except BadData as error:
        raise _bad(position, str(error)) from None
    partition = of_path
    if one.partition is not None:
        partition = _partition(one.partition, position, of_path)
    timestamp_ms = now_ms if one.timestamp is None else one.timestamp
    if not 0 <= timestamp_ms <= TIMESTAMP_MS_MAX:
        raise _bad(position, "'timestamp' must be milliseconds since 1970")
    return timestamp_ms, headers, partition


def _headers(given: Sequence[HeaderIn]) -> Headers:
    if len(given) > HEADERS_MAX:
        raise BadData(f"a record has at most {HEADERS_MAX} headers")
    try:
        return tuple(
            (one.key.encode(), None if one.value is None else decode_base64(one.value))
            for one in given
        )
    except BadData:
        raise BadData("values of headers must be base64") from None


def _partition(given: int | str, position: int, of_path: int | None) -> int:
    if of_path is not None:
        raise ApiError(
            422,
            422,
            f"Record {position}: a partition is named by the path and must not be by the record",
        )
    if isinstance(given, str):
        if not (given.isascii() and given.isdigit() and len(given) <= PARTITION_DIGITS_MAX):
            raise _bad(position, "'partition' must be a number")
        given = int(given)
    if not 0 <= given <= PARTITION_MAX:
        raise ApiError(422, 422, f"Record {position}: 'partition' must be 0 to {PARTITION_MAX}")
    return given


def _bad(position: int, problem: str) -> ApiError:
    return ApiError(400, 400, f"Bad Request: record {position}: {problem}")
