"""Framing: how bytes say which schema they are of.

Before the payload stand a zero and the schema's id, four bytes big-endian; or a one and its GUID,
sixteen bytes. The newer way leaves the payload bare and puts the same bytes into a record header.
Protobuf's message indexes follow wherever the id or GUID stands; the codec reads them.
Pure. Called by: serdes.
Source: Confluent's documentation, "Wire format"; its serializers for the headers.
"""

import uuid
from collections.abc import Iterable
from typing import NamedTuple

ID_PREFIX_SIZE = 5
GUID_PREFIX_SIZE = 17
KEY_HEADER = b"__key_schema_id"
VALUE_HEADER = b"__value_schema_id"

_ID_MAGIC = 0
_GUID_MAGIC = 1

Identity = int | str
"""A schema's id in the default context, or its GUID."""


class Framed(NamedTuple):
    """Bytes that say which schema they are of."""

    identity: Identity
    payload: bytes


def prefix_of(schema_id: int) -> bytes:
    """Return what stands before the payload of a schema."""
    return b"\0" + schema_id.to_bytes(4, "big")


def guid_bytes(guid: str) -> bytes:
    """Return what names a GUID, before a payload or in a header."""
    return b"\1" + uuid.UUID(guid).bytes


def unframe(data: bytes, header: bytes | None = None) -> Framed | None:
    """Return which schema bytes are of, and their payload; None if they do not say.

    Args:
        data: A key or a value.
        header: The record header that is for it, if there is one.
    """
    if header is not None:
        found = _split(header)
        if found is not None:
            return Framed(found.identity, found.payload + data)
    return _split(data)


def header_of(headers: Iterable[tuple[bytes, bytes | None]], name: bytes) -> bytes | None:
    """Return the value of the first record header of a name."""
    for key, value in headers:
        if key == name:
            return value
    return None


def _split(data: bytes) -> Framed | None:
    if len(data) < ID_PREFIX_SIZE:
        return None
    if data[0] == _ID_MAGIC:
        return Framed(int.from_bytes(data[1:ID_PREFIX_SIZE], "big"), data[ID_PREFIX_SIZE:])
    if data[0] == _GUID_MAGIC and len(data) >= GUID_PREFIX_SIZE:
        guid = str(uuid.UUID(bytes=bytes(data[1:GUID_PREFIX_SIZE])))
        return Framed(guid, data[GUID_PREFIX_SIZE:])
    return None
