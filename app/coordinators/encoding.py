"""The primitive types of what coordinators keep in internal topics: Kafka's, as on the wire.

Big-endian integers, strings with a 16-bit length, and from "flexible" versions on compact ones
(an unsigned varint of the length plus one) with tagged fields at a structure's end (KIP-482).
Called by: groups.records, groups.subscriptions.
Source: Kafka's protocol guide, "Protocol Primitive Types".
"""

import struct
from collections.abc import Callable, Iterable
from typing import TypeVar
from uuid import UUID

Item = TypeVar("Item")

VARINT_BYTES_MAX = 5


class MalformedRecord(Exception):
    """Bytes that are not what their version says."""


class Writer:
    """Builds bytes, field by field."""

    def __init__(self, *, flexible: bool = False) -> None:
        """Begin empty.

        Args:
            flexible: Strings, bytes and arrays are compact.
        """
        self._flexible = flexible
        self._parts: list[bytes] = []

    def __bytes__(self) -> bytes:
        return b"".join(self._parts)

    def int8(self, value: int) -> "Writer":
        """Write a signed 8-bit integer."""
        self._parts.append(value.to_bytes(1, "big", signed=True))
        return self

    def int16(self, value: int) -> "Writer":
        """Write a signed 16-bit integer."""
        self._parts.append(value.to_bytes(2, "big", signed=True))
        return self

    def int32(self, value: int) -> "Writer":
        """Write a signed 32-bit integer."""
        self._parts.append(value.to_bytes(4, "big", signed=True))
        return self

    def int64(self, value: int) -> "Writer":
        """Write a signed 64-bit integer."""
        self._parts.append(value.to_bytes(8, "big", signed=True))
        return self

    def unsigned_varint(self, value: int) -> "Writer":
        """Write an unsigned integer of seven bits a byte, the lowest first."""
        out = bytearray()
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)
        self._parts.append(bytes(out))
        return self

    def uuid(self, value: UUID) -> "Writer":
        """Write 16 bytes."""
        self._parts.append(value.bytes)
        return self

    def string(self, value: str | None) -> "Writer":
        """Write a string, or null."""
        data = None if value is None else value.encode()
        if self._flexible:
            return self._compact(data)
        self.int16(-1 if data is None else len(data))
        self._parts.append(data or b"")
        return self

    def data(self, value: bytes | None) -> "Writer":
        """Write bytes, or null."""
        if self._flexible:
            return self._compact(value)
        self.int32(-1 if value is None else len(value))
        self._parts.append(value or b"")
        return self

    def array(self, items: Iterable[Item], write: Callable[["Writer", Item], object]) -> "Writer":
        """Write a count and then each item."""
        listed = tuple(items)
        if self._flexible:
            self.unsigned_varint(len(listed) + 1)
        else:
            self.int32(len(listed))
        for item in listed:
            write(self, item)
        return self

    def tags(self, *fields: tuple[int, bytes]) -> "Writer":
        """Write tagged fields, by rising tag; only flexible structures have them."""
        assert self._flexible, "tagged fields came with flexible versions"
        self.unsigned_varint(len(fields))
        for tag, data in fields:
            self.unsigned_varint(tag).unsigned_varint(len(data))
            self._parts.append(data)
        return self

    def _compact(self, data: bytes | None) -> "Writer":
        self.unsigned_varint(0 if data is None else len(data) + 1)
        self._parts.append(data or b"")
        return self


class Reader:
    """Takes bytes apart, field by field; every bad byte raises ``MalformedRecord``."""

    def __init__(self, data: bytes, position: int = 0, *, flexible: bool = False) -> None:
        """Begin at a position."""
        self._data = data
        self._position = position
        self.flexible = flexible
        """Whether strings, bytes and arrays are compact."""

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._position

    def int8(self) -> int:
        """Read a signed 8-bit integer."""
        return self._integer(">b", 1)

    def int16(self) -> int:
        """Read a signed 16-bit integer."""
        return self._integer(">h", 2)

    def int32(self) -> int:
        """Read a signed 32-bit integer."""
        return self._integer(">i", 4)

    def int64(self) -> int:
        """Read a signed 64-bit integer."""
        return self._integer(">q", 8)

    def unsigned_varint(self) -> int:
        """Read an unsigned integer of seven bits a byte."""
        value = 0
        for shift in range(0, 7 * VARINT_BYTES_MAX, 7):
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise MalformedRecord("a varint does not end")

    def uuid(self) -> UUID:
        """Read 16 bytes."""
        return UUID(bytes=self._take(16))

    def optional_string(self) -> str | None:
        """Read a string, or null."""
        size = self.unsigned_varint() - 1 if self.flexible else self.int16()
        if size < 0:
            return None
        try:
            return self._take(size).decode()
        except UnicodeDecodeError:
            raise MalformedRecord("a string is not UTF-8") from None

    def string(self) -> str:
        """Read a string that may not be null."""
        value = self.optional_string()
        if value is None:
            raise MalformedRecord("a string is null")
        return value

    def optional_bytes(self) -> bytes | None:
        """Read bytes, or null."""
        size = self.unsigned_varint() - 1 if self.flexible else self.int32()
        return None if size < 0 else self._take(size)

    def data(self) -> bytes:
        """Read bytes; null counts as empty."""
        return self.optional_bytes() or b""

    def array(self, read: Callable[["Reader"], Item]) -> tuple[Item, ...]:
        """Read a count and then each item; null counts as empty."""
        count = self.unsigned_varint() - 1 if self.flexible else self.int32()
        if count > self.left:
            raise MalformedRecord(f"{count} items do not fit {self.left} bytes")
        return tuple(read(self) for _ in range(count))

    def tags(self) -> dict[int, "Reader"]:
        """Read the tagged fields, each to be read further; none where there are no tags."""
        if not self.flexible:
            return {}
        fields = {}
        for _ in range(self.unsigned_varint()):
            tag = self.unsigned_varint()
            size = self.unsigned_varint()
            fields[tag] = Reader(self._take(size), flexible=True)
        return fields

    def _integer(self, layout: str, size: int) -> int:
        return int(struct.unpack(layout, self._take(size))[0])

    def _take(self, size: int) -> bytes:
        end = self._position + size
        if end > len(self._data):
            raise MalformedRecord(f"{size} bytes wanted, {self.left} left")
        taken = self._data[self._position : end]
        self._position = end
        return taken
