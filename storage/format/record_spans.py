"""Where the records of a batch lie in its bytes, and their keys: what compaction looks at.

Values and headers are not taken apart, so a batch that keeps all of its records costs its keys
only, and one that loses some is put together from the bytes of the others
(benchmarks/bench_compaction.py).

Invariants:
    Malformed bytes raise ``CorruptBatch``, nothing else; what lies behind a key is not looked at
    but for the size of the value.
Called by: cleanup.batch_filter. Calls: varint, batch.
"""

from collections.abc import Sequence
from typing import NamedTuple

from storage.errors import CorruptBatch
from storage.format.decoder import NULL_SIZE
from storage.format.varint import decode_unsigned, decode_varint, encode_varint


class RecordSpans(NamedTuple):
    """The records of a batch, as positions in its data; all lists are equally long."""

    ends: list[int]
    """Behind each record; it begins where the one before ends."""

    bodies: list[int]
    """Behind its length: where its attributes are."""

    offset_deltas: list[int]
    keys: list[bytes | None]
    tombstones: list[bool]
    """Whether the value is null."""


def record_spans(data: bytes, count: int) -> RecordSpans:  # noqa: PLR0912, PLR0915 - see below
    """Find the records of a batch.

    Varints of one or two bytes are read here and not by a call: this loop is what compaction
    waits for.

    Args:
        data: The records, decompressed (``decoder.records_data``).
        count: How many the header promises.

    Raises:
        CorruptBatch: The bytes are not so many records.
    """
    spans = RecordSpans([], [], [], [], [])
    ends, bodies, offsets, keys, tombstones = spans
    position = 0
    try:
        for _ in range(count):
            byte = data[position]
            if byte < 0x80:
                size = byte
                position += 1
            elif (second := data[position + 1]) < 0x80:
                size = byte & 0x7F | second << 7
                position += 2
            else:
                size, position = decode_unsigned(data, position)
            end = position + (size >> 1)
            bodies.append(position)
            ends.append(end)
            position += 1
            while data[position] >= 0x80:
                position += 1
            byte = data[position + 1]
            if byte < 0x80:
                offsets.append(byte >> 1 ^ -(byte & 1))
                position += 2
            else:
                delta, position = decode_varint(data, position + 1)
                offsets.append(delta)
            byte = data[position]
            if byte == NULL_SIZE:
                keys.append(None)
                position += 1
            else:
                if byte < 0x80:
                    key_size = byte >> 1 ^ -(byte & 1)
                    position += 1
                else:
                    key_size, position = decode_varint(data, position)
                key_end = position + key_size
                keys.append(data[position:key_end])
                if key_size < 0 or key_end >= end:
                    raise CorruptBatch("a key is longer than its record")
                position = key_end
            tombstones.append(data[position] == NULL_SIZE)
            if size & 1 or position >= end:
                raise CorruptBatch("a record's length is not that of its parts")
            position = end
    except IndexError:
        raise CorruptBatch("a record is cut off") from None
    if position != len(data):
        raise CorruptBatch("a record's length is not that of its parts")
    return spans


def kept_records(data: bytes, spans: RecordSpans, keep: Sequence[bool]) -> bytes:
    """Return the bytes of some of the records, as they are.

    Args:
        data: What the spans are of.
        spans: Where the records are.
        keep: Of each, whether it is wanted.
    """
    starts = [0, *spans.ends[:-1]]
    return b"".join(
        [
            data[start:end]
            for start, end, wanted in zip(starts, spans.ends, keep, strict=True)
            if wanted
        ]
    )


def timestamp_deltas(data: bytes, spans: RecordSpans) -> list[int]:
    """Return each record's timestamp, relative to its batch's base.

    Raises:
        CorruptBatch: A number is longer than 64 bits.
    """
    return [decode_varint(data, body + 1)[0] for body in spans.bodies]


def moved_timestamps(
    data: bytes, spans: RecordSpans, keep: Sequence[bool], deltas: Sequence[int]
) -> bytes:
    """Return the bytes of some of the records with other timestamps.

    Args:
        data: What the spans are of.
        spans: Where the records are.
        keep: Of each, whether it is wanted.
        deltas: The new timestamp of each, relative to the batch's new base.
    """
    parts: list[bytes] = []
    for body, end, wanted, delta in zip(spans.bodies, spans.ends, keep, deltas, strict=True):
        if wanted:
            _, behind = decode_varint(data, body + 1)
            record = b"".join((data[body : body + 1], encode_varint(delta), data[behind:end]))
            parts += (encode_varint(len(record)), record)
    return b"".join(parts)
