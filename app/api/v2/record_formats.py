"""Keys and values of REST v2: from JSON to the bytes stored, and back.

Values of schemas are written by ``schema_records`` and come here decoded
(``records.decoding``).

Both ways without code of ours per record where it can be (benchmarks/areas/rest_v2.py): values
that are plain ASCII, or JSON texts all, are shown as they lie in the log.
"""

from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

import msgspec

from app.api.embedded_formats import (
    NULL,
    BadData,
    Decoded,
    EmbeddedFormat,
    are_all_json,
    decode_data,
    is_json,
    on_one_line,
)
from app.api.v2.media_types import RecordFormat
from schema_registry.formats.framing import unframe

_KINDS = {
    RecordFormat.BINARY: "BINARY",
    RecordFormat.TEXT: "STRING",
}
_PLAIN = bytes(set(range(0x20, 0x7F)) - set(b'"\\'))
"""What stands in a JSON string as it is."""

_base64 = partial(b2a_base64, newline=False)
"""What ``base64.b64encode`` calls, without its own call around it."""

_encode_text = msgspec.json.encode

Shown = tuple[bytes, Sequence[bytes], bytes]
"""What stands before every one, each one's own bytes, what stands behind every one."""


class Undecodable(Exception):
    """A key or value that cannot be shown in the format asked for."""


def decode(embedded: RecordFormat, data: bytes) -> bytes | None:
    """Return the bytes to store for a JSON text; None for null.

    Raises:
        BadData: It does not fit the format.
    """
    if data == NULL:
        return None
    if embedded is RecordFormat.JSON:
        return data
    try:
        return decode_data(_KINDS[embedded], data)
    except BadData:
        what = "base64" if embedded is RecordFormat.BINARY else "a JSON string"
        raise BadData(f"keys and values of format {embedded.value} must be {what}") from None


def show(embedded: RecordFormat, values: Sequence[bytes | None]) -> Shown:
    """Return each value's JSON, in three parts.

    Raises:
        Undecodable: One of them is none of the format.
    """
    count = values.count(None)
    if count == len(values):
        return NULL, [b""] * count, b""
    if count:
        return (
            b"",
            [NULL if one is None else _show(embedded, one) for one in values],
            b"",
        )
    return _SHOWING[embedded](cast("Sequence[bytes]", values))


def show_keys(embedded: RecordFormat, keys: Sequence[bytes | None]) -> Shown:
    """Return each key's JSON: a format of schemas shows plain keys as strings.

    Raises:
        Undecodable: One of them is none of the format.
    """
    if embedded not in OF_SCHEMAS:
        return show(embedded, keys)
    kind = EMBEDDED[embedded]
    shown = []
    for key in keys:
        if key is None:
            shown.append(NULL)
        elif type(key) is not Decoded and unframe(key) is None:
            shown.append(raw_text(key))
        else:
            shown += _show_decoded(kind, [key])[1]
    return b"", shown, b""


def raw_text(value: bytes) -> bytes:
    """Return bytes as a JSON string, whatever they are: as text if they are UTF-8, else base64."""
    try:
        return _encode_text(value.decode())
    except UnicodeDecodeError:
        return b'"%b"' % _base64(value)


def _show_binary(values: Sequence[bytes]) -> Shown:
    return b'"', list(map(_base64, values)), b'"'


def _show_text(values: Sequence[bytes]) -> Shown:
    if not b"".join(values).translate(None, _PLAIN):
        return b'"', values, b'"'
    return b"", [_show(RecordFormat.TEXT, one) for one in values], b""


def _show_json(values: Sequence[bytes]) -> Shown:
    if are_all_json(values):
        return b"", values, b""
    return b"", [_show(RecordFormat.JSON, one) for one in values], b""


OF_SCHEMAS = frozenset({RecordFormat.AVRO, RecordFormat.JSONSCHEMA, RecordFormat.PROTOBUF})


def _show_decoded(kind: EmbeddedFormat, values: Sequence[bytes]) -> Shown:
    if not all(type(one) is Decoded and one.kind is kind for one in values):
        raise Undecodable
    return b"", values, b""


EMBEDDED: Mapping[RecordFormat, EmbeddedFormat] = {
    RecordFormat.BINARY: EmbeddedFormat.BINARY,
    RecordFormat.TEXT: EmbeddedFormat.STRING,
    RecordFormat.JSON: EmbeddedFormat.STRING,
    RecordFormat.AVRO: EmbeddedFormat.AVRO,
    RecordFormat.JSONSCHEMA: EmbeddedFormat.JSONSCHEMA,
    RecordFormat.PROTOBUF: EmbeddedFormat.PROTOBUF,
}
"""What keys and values are decoded for; only the last three name schemas."""

_SHOWING: Mapping[RecordFormat, Callable[[Sequence[bytes]], Shown]] = {
    **{one: partial(_show_decoded, EMBEDDED[one]) for one in OF_SCHEMAS},
    RecordFormat.BINARY: _show_binary,
    RecordFormat.TEXT: _show_text,
    RecordFormat.JSON: _show_json,
}


def _show(embedded: RecordFormat, value: bytes) -> bytes:
    if embedded in OF_SCHEMAS:
        _show_decoded(EMBEDDED[embedded], [value])
        return value
    if embedded is RecordFormat.BINARY:
        return b'"%b"' % _base64(value)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise Undecodable from None
    if embedded is RecordFormat.TEXT:
        return _encode_text(text)
    if not is_json(value):
        raise Undecodable
    return on_one_line(value)
