"""Zigzag varints: how a record stores its lengths and deltas.

Source: Kafka docs, "Record" (encoding of Protocol Buffers, at most ten bytes for 64 bits).
"""

from storage.errors import CorruptBatch

VARINT_BYTES_MAX = 10

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1

Buffer = bytes | bytearray | memoryview


def encode_unsigned(value: int) -> bytes:
    """Return a non-negative number below 2**64 in groups of seven bits, the lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def encode_varint(value: int) -> bytes:
    """Return a signed 64-bit number as a zigzag varint.

    Raises:
        ValueError: More than 64 bits.
    """
    if not INT64_MIN <= value <= INT64_MAX:
        raise ValueError(f"{value} does not fit 64 bits")
    return encode_unsigned((value << 1) ^ (value >> 63))


def decode_varint(buffer: Buffer, position: int) -> tuple[int, int]:
    """Return the number at a position and the position behind it.

    Raises:
        CorruptBatch: The buffer ends first, or the number is longer than 64 bits.
    """
    unsigned, position = decode_unsigned(buffer, position)
    return unsigned >> 1 ^ -(unsigned & 1), position


def decode_unsigned(buffer: Buffer, position: int) -> tuple[int, int]:
    """Return the number at a position, not zigzag, and the position behind it.

    Raises:
        CorruptBatch: The buffer ends first, or the number is longer than 64 bits.
    """
    shift = 0
    unsigned = 0
    size = len(buffer)
    while True:
        if position >= size:
            raise CorruptBatch("a varint is cut off")
        byte = buffer[position]
        position += 1
        unsigned |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift >= 7 * VARINT_BYTES_MAX:
            raise CorruptBatch("a varint is longer than 10 bytes")
    if unsigned >= 1 << 64:
        raise CorruptBatch("a varint has more than 64 bits")
    return unsigned, position
