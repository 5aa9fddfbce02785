"""Embedded formats: how keys and values look in JSON, and what bytes they are in the log.

BINARY is base64, STRING is text, JSON is any JSON text, kept to the byte as it was sent. AVRO,
JSONSCHEMA and PROTOBUF are the JSON view of what a schema of the registry describes
(``records.encoding``, ``records.decoding``).

On the way out the type is what the bytes are (that of their schema if they name one and fit it,
else JSON if they are a JSON text, else STRING if they are UTF-8, else BINARY) unless the reader
asks for one; bytes that cannot be shown as the type asked for are shown as what they are, and say
so.
Source: Confluent REST Proxy v3, produce; ours on the way out.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import cast

import msgspec

from app.api.json_stream import nesting

JSON_DEPTH_MAX = 128
"""How deep the JSON of one value may nest."""

CACHED_BYTES_MAX = 128
"""Longer keys are rendered each time, so that the cache's memory stays bounded."""

_CONTROL = re.compile(rb"[\x00-\x1f]")
_SPACES = bytes.maketrans(b"\r\n\t", b"   ")

_raw_decoder = msgspec.json.Decoder(msgspec.Raw)
_raws_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_text_decoder = msgspec.json.Decoder(str)
_encode_text = msgspec.json.encode

NULL = b"null"


class EmbeddedFormat(Enum):
    """How bytes are shown in JSON."""

    BINARY = "BINARY"
    JSON = "JSON"
    STRING = "STRING"
    AVRO = "AVRO"
    JSONSCHEMA = "JSONSCHEMA"
    PROTOBUF = "PROTOBUF"


class Decoded(bytes):
    """The JSON text of a key or value that a schema describes, where the log has other bytes."""

    kind: EmbeddedFormat
    head: bytes
    """What stands before it in the JSON of a record."""


class BadData(ValueError):
    """Data that does not fit its type."""


def decode_data(kind: str, data: bytes) -> bytes | None:
    """Return the bytes to store for the JSON text of ``data``; None for null.

    Args:
        kind: ``BINARY``, ``JSON`` or ``STRING``.
        data: A valid JSON text.

    Raises:
        BadData: It does not fit the type.
    """
    if data == NULL:
        return None
    if kind == "JSON":
        return data
    try:
        text = _text_decoder.decode(data)
    except msgspec.MsgspecError:
        raise BadData(f"data of type {kind} must be a JSON string") from None
    if kind == "STRING":
        return text.encode()
    return decode_base64(text)


def decode_base64(text: str) -> bytes:
    """Return the bytes of standard base64, strictly.

    Raises:
        BadData: It is not.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadData("data of type BINARY must be base64") from None


_SHOWS_JSON = frozenset(EmbeddedFormat) - {EmbeddedFormat.BINARY, EmbeddedFormat.STRING} | {None}
_PLAIN = {bytes}
_ALL_DECODED = {Decoded}


def render_all(
    values: Sequence[bytes | None], asked: EmbeddedFormat | None
) -> tuple[bytes, Sequence[bytes], bytes]:
    """Return each value's JSON, ``{"type":…,"data":…}`` or ``null``, in three parts.

    Args:
        values: Keys or values as they lie in the log.
        asked: The type to show them as where possible, or None for what they are.

    Returns:
        What stands before every one, each one's own bytes, what stands behind every one.
    """
    kinds = set(map(type, values))
    if asked in _SHOWS_JSON and kinds == _PLAIN and are_all_json(values):
        return b'{"type":"JSON","data":', cast("Sequence[bytes]", values), b"}"
    if kinds == _ALL_DECODED:
        decoded = cast("Sequence[Decoded]", values)
        head = decoded[0].head
        if all(one.head is head for one in decoded):
            return head, decoded, b"}"
    return b"", [render(value, asked) for value in values], b""


def render(value: bytes | None, asked: EmbeddedFormat | None) -> bytes:
    """Return one value's JSON; short ones that repeat are remembered."""
    if value is None:
        return NULL
    if type(value) is Decoded:
        return b"%b%b}" % (value.head, value)
    if len(value) <= CACHED_BYTES_MAX:
        return _cached_render(value, asked)
    return _render(value, asked)


def _render(value: bytes, asked: EmbeddedFormat | None) -> bytes:
    if asked is EmbeddedFormat.BINARY:
        return _binary(value)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return _binary(value)
    if asked is not EmbeddedFormat.STRING and is_json(value):
        return b'{"type":"JSON","data":%b}' % on_one_line(value)
    return b'{"type":"STRING","data":%b}' % _encode_text(text)


_cached_render = lru_cache(maxsize=16_384)(_render)


def _binary(value: bytes) -> bytes:
    return b'{"type":"BINARY","data":"%b"}' % base64.b64encode(value)


def is_json(value: bytes) -> bool:
    """Return whether bytes that are UTF-8 are one JSON text within the bounds."""
    if value[:1] not in _MAY_BEGIN_JSON or not nesting(value, JSON_DEPTH_MAX):
        return False
    try:
        _raw_decoder.decode(value)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


_MAY_BEGIN_JSON = frozenset(bytes([byte]) for byte in b' \t\r\n{["-0123456789tfn')


def are_all_json(values: Sequence[bytes | None]) -> bool:
    """Return whether values are all JSON texts on one line, asking the decoder once for all.

    They are joined to one array; only if each of its elements is exactly one of the values
    were they all JSON texts (``[1`` beside ``2]`` would otherwise pass for one). Elements as long
    as the values, in a text without room for anything else, are the values.
    """
    joined = b",".join(values)  # type: ignore[arg-type]
    if b"\n" in joined or b"\r" in joined or b"\t" in joined or not _is_utf8(joined):
        return False
    if joined.count(b"{") + joined.count(b"[") > JSON_DEPTH_MAX and not all(
        nesting(value, JSON_DEPTH_MAX) for value in values if value is not None
    ):
        return False
    try:
        elements = _raws_decoder.decode(b"[%b]" % joined)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return list(map(len, elements)) == list(map(len, values))  # type: ignore[arg-type]


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def on_one_line(text: bytes) -> bytes:
    """Return a JSON text without line breaks; there are none inside its strings."""
    return text.translate(_SPACES) if _CONTROL.search(text) else text
