"""Message indexes: which message of a schema a payload holds.

They stand between the wire header and the message: a count, and that many steps from a message of
the file down to one nested in it, all as zig-zag variable-length integers; the first message of
the file is the single byte 0. Some old clients wrote plain integers, which are accepted where
they cannot be read as zig-zag ones.
Source: Confluent's documentation, "Wire format"; reference of the registry, 2.6.
"""

from collections.abc import Callable, Iterator, Sequence

from schema_registry.formats.protobuf.limits import MESSAGE_INDEXES_MAX
from schema_registry.formats.protobuf.text.syntax_tree import Message, ProtoFile

_VARINT_BYTES_MAX = 10
FIRST_MESSAGE = (0,)


def write_indexes(indexes: Sequence[int]) -> bytes:
    """Return message indexes as bytes."""
    if tuple(indexes) == FIRST_MESSAGE:
        return b"\0"
    return b"".join(_varint(one << 1) for one in (len(indexes), *indexes))


def read_indexes(payload: bytes) -> tuple[tuple[int, ...], int]:
    """Return message indexes and where the message begins.

    Raises:
        ValueError: These are none.
    """
    try:
        return _read(payload, _from_zigzag)
    except ValueError as error:
        try:
            return _read(payload, lambda value: value)
        except ValueError:
            raise error from None


def _read(payload: bytes, meant: Callable[[int], int]) -> tuple[tuple[int, ...], int]:
    value, position = _read_varint(payload, 0)
    count = meant(value)
    if count == 0:
        return FIRST_MESSAGE, position
    if count > MESSAGE_INDEXES_MAX:
        raise ValueError(f"more than {MESSAGE_INDEXES_MAX} message indexes")
    indexes = []
    for _ in range(count):
        value, position = _read_varint(payload, position)
        indexes.append(meant(value))
    return tuple(indexes), position


def _from_zigzag(value: int) -> int:
    if value & 1:
        raise ValueError("a negative message index")
    return value >> 1


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(payload: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(_VARINT_BYTES_MAX):
        if position >= len(payload):
            raise ValueError("the payload ends within its message indexes")
        byte = payload[position]
        position += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, position
    raise ValueError("a message index of too many bytes")


def all_messages(file: ProtoFile) -> Iterator[tuple[tuple[int, ...], str, Message]]:
    """Yield each message with its indexes and its name within the package."""
    waiting: list[tuple[tuple[int, ...], str, Message]] = []
    waiting.extend(((index,), one.name, one) for index, one in enumerate(file.messages))
    waiting.reverse()
    while waiting:
        indexes, name, message = waiting.pop()
        yield indexes, name, message
        waiting += [
            ((*indexes, index), f"{name}.{one.name}", one)
            for index, one in enumerate(message.messages)
        ][::-1]
