"""The types of the protocol's fields, and how a number of bytes or elements is written.

A field is declared with one of the names here (``Int32``), or with ``bool``, ``str`` or ``bytes``.
In flexible versions lengths are unsigned varints of one more, so that 0 means null (KIP-482);
before, they are signed integers of two or four bytes, and below zero means null.

Source: Kafka's protocol guide, "Protocol Primitive Types".
"""

from enum import Enum
from typing import Annotated, Protocol

from app.wire.errors import MalformedMessage

NO_UUID = bytes(16)
UVARINT_BYTES_MAX = 5


class Kind(Enum):
    """How the bytes of a value are laid out; those of a fixed size have a ``struct`` code."""

    INT8 = "b"
    INT16 = "h"
    UINT16 = "H"
    INT32 = "i"
    INT64 = "q"
    FLOAT64 = "d"
    BOOL = "?"
    UUID = "16s"
    STRING = "string"
    BYTES = "bytes"
    RECORDS = "records"

    @property
    def is_fixed(self) -> bool:
        """Whether every value takes the same number of bytes."""
        return self not in (Kind.STRING, Kind.BYTES, Kind.RECORDS)


class RecordsSource(Protocol):
    """Batches that stay where they are: only their size is written, whoever sends adds the bytes.

    A ``LogSlice`` is one.
    """

    @property
    def size(self) -> int:
        """How many bytes."""
        ...


Int8 = Annotated[int, Kind.INT8]
Int16 = Annotated[int, Kind.INT16]
Uint16 = Annotated[int, Kind.UINT16]
Int32 = Annotated[int, Kind.INT32]
Int64 = Annotated[int, Kind.INT64]
Float64 = Annotated[float, Kind.FLOAT64]
Uuid = Annotated[bytes, Kind.UUID]
"""16 bytes; all zero means none."""

ProducedRecords = Annotated[memoryview | None, Kind.RECORDS]
"""Batches as they lie in the frame that brought them, not copied."""

FetchedRecords = Annotated[RecordsSource | bytes | None, Kind.RECORDS]
"""Batches to send, here or elsewhere."""


def read_uvarint(buffer: bytes | bytearray, position: int) -> tuple[int, int]:
    """Return an unsigned varint and the position behind it.

    Raises:
        MalformedMessage: It is longer than 32 bits allow.
        IndexError: The buffer ends within it.
    """
    value = shift = 0
    for at in range(position, position + UVARINT_BYTES_MAX):
        byte = buffer[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at + 1
        shift += 7
    raise MalformedMessage("a varint is longer than five bytes")


def write_uvarint(out: bytearray, value: int) -> None:
    """Append an unsigned varint."""
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
