"""Delivery: from what a session hands out to the bytes of a records frame.

JSON frames are formatted a batch at a time, so that hardly any of our code runs once per record;
binary frames are columns, or the batches as they lie in the log, where none does
(benchmarks/areas/websocket.py).

Invariants:
    A slice of a frame holds the records of its partition between two offsets, each exactly once,
    but those that are named as skipped.
    ``next_offset`` is behind every record of the slice, sent or skipped.
Pure. Called by: subscription. Calls: columns, codec.
Source: the shapes are those of ``server_frames``; tests hold the bytes to them.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from app.api.embedded_formats import EmbeddedFormat, render_all
from app.api.embedded_formats import render as render_data
from app.api.ws.codec import padding
from app.api.ws.columns import encode_columns
from app.consumers.filters.record_filter import picked
from app.consumers.model import PolledBatch, PolledSlice
from storage.errors import CorruptBatch
from storage.format.decoder import Columns, decode_columns
from storage.format.record import Headers

_encode = msgspec.json.encode


class Undecodable(Exception):
    """A record is not what was asked for, and the policy is to fail."""

    def __init__(self, place: tuple[str, int], offset: int, reason: str) -> None:
        super().__init__(f"{place[0]}-{place[1]} at offset {offset}: {reason}")
        self.place = place
        self.offset = offset


class Shown(NamedTuple):
    """How records are shown."""

    key_type: EmbeddedFormat | None = None
    value_type: EmbeddedFormat | None = None
    undecodable: str = "raw"


class Body(NamedTuple):
    """The records of one slice, the same for every subscription that shows them alike."""

    text: bytes
    """What its JSON says of them."""

    records: int
    """How many."""

    payload: tuple[bytes | memoryview, ...] = ()
    """Of a binary frame: a multiple of eight bytes."""


class Rendered(NamedTuple):
    """One slice of a frame."""

    head: bytes
    """Its JSON, whole or as it stands in the header of a binary frame."""

    records: int
    """How many."""

    payload: tuple[bytes | memoryview, ...] = ()
    """Of a binary frame: a multiple of eight bytes."""


class OpenSlice(NamedTuple):
    """What a session handed out of a partition, decoded: the records that are wanted."""

    slice: PolledSlice
    parts: list[Columns]
    skipped: list[dict[str, object]]


def open_slice(one: PolledSlice, shown: Shown) -> OpenSlice:
    """Decode a slice.

    Raises:
        Undecodable: A batch does not open, and the policy is to fail.
    """
    skipped: list[dict[str, object]] = []
    opened = [_open(one, batch, shown, skipped) for batch in one.batches]
    return OpenSlice(one, [part for part in opened if part is not None], skipped)


def is_made(one: PolledSlice, shown: Shown, make: "MakeBody") -> bool:
    """Return whether another subscription has made what is to be rendered."""
    return one.made is not None and one.made.get((make, shown)) is not None


def render(
    one: PolledSlice, shown: Shown, make: "MakeBody", opened: OpenSlice | None = None
) -> Rendered:
    """Return a slice of a frame; what another subscription has made of the same serves again.

    Args:
        one: The slice.
        shown: How its records are shown.
        make: What makes the frame's kind of them.
        opened: The slice, opened before, its values decoded.

    Raises:
        Undecodable: The policy says so.
    """
    if one.made is None:
        return placed(one, make(opened or open_slice(one, shown), shown))
    body = one.made.get((make, shown))
    if body is None:
        body = make(opened or open_slice(one, shown), shown)
        size = len(body.text) + sum(map(len, body.payload))
        one.made.keep((make, shown), body, size)
    assert isinstance(body, Body), "what was made here"
    return placed(one, body)


def placed(one: PolledSlice, body: Body) -> Rendered:
    """Return records as the slice of a frame."""
    head = b"{%b,%b,%b}" % (_place(one), body.text, _marks(one))
    return Rendered(head, body.records, body.payload)


def json_body(opened: OpenSlice, shown: Shown) -> Body:
    """Return the records of a slice of a JSON frame.

    Raises:
        Undecodable: The policy says so.
    """
    one, parts, skipped = opened
    written: list[bytes] = []
    count = 0
    for columns in parts:
        if columns.offsets:
            texts, found = _rows(one, columns, shown, skipped)
            if found:
                written.append(texts)
                count += found
    return Body(b'"records":[%b]%b' % (b",".join(written), _told(skipped)), count)


def columns_body(opened: OpenSlice, _shown: Shown) -> Body:
    """Return the records of a slice of a binary frame, in columns."""
    _, parts, skipped = opened
    columns = parts[0] if len(parts) == 1 else _joined(parts)
    count = len(columns.offsets)
    has_headers = columns.headers.count(()) != count
    data = encode_columns(
        columns.offsets,
        columns.timestamps_ms,
        columns.keys,
        columns.values,
        columns.headers if has_headers else None,
    )
    text = b'"count":%d,"size":%d,"columns":%b%b' % (
        count,
        len(data),
        b'["headers"]' if has_headers else b"[]",
        _told(skipped),
    )
    return Body(text, count, (data, padding(len(data))))


MakeBody = Callable[[OpenSlice, Shown], Body]


def _told(skipped: Sequence[dict[str, object]]) -> bytes:
    return b',"skipped":%b' % _encode(skipped) if skipped else b""


def render_batches(one: PolledSlice) -> Rendered:
    """Return a slice of a binary frame, as its batches lie in the log."""
    data = memoryview(one.data)
    pieces = tuple(data[start:end] for start, end in _stretches(one.batches))
    size = sum(map(len, pieces))
    first = one.batches[0].first_offset if one.batches else one.next_offset
    end = one.batches[-1].end_offset if one.batches else one.next_offset
    head = b'{%b,"count":%d,"size":%d,"columns":[],"first_offset":%d,"end_offset":%d,%b}' % (
        _place(one),
        one.record_count,
        size,
        first,
        end,
        _marks(one),
    )
    return Rendered(head, one.record_count, (*pieces, padding(size)))


def clipped(one: PolledSlice, end_offset: int) -> PolledSlice:
    """Return a slice without the records at or above an offset."""
    if one.next_offset <= end_offset:
        return one
    batches = tuple(
        batch if batch.end_offset <= end_offset else batch._replace(end_offset=end_offset)
        for batch in one.batches
        if batch.first_offset < end_offset
    )
    return one._replace(batches=batches, next_offset=max(end_offset, one.start_offset), made=None)


def _open(
    one: PolledSlice, batch: PolledBatch, shown: Shown, skipped: list[dict[str, object]]
) -> Columns | None:
    """Return the wanted records of a batch; None if there are none or it does not open."""
    try:
        columns = decode_columns(one.data, batch.position)
    except CorruptBatch as error:
        if shown.undecodable == "fail":
            place = (one.topic, one.partition)
            raise Undecodable(
                place, batch.first_offset, f"the batch does not open: {error}"
            ) from error
        reason = f"the batch up to offset {batch.header.last_offset} does not open: {error}"
        skipped.append({"offset": batch.first_offset, "reason": reason})
        return None
    if batch.is_whole:
        return columns
    wanted = slice(
        bisect_left(columns.offsets, batch.first_offset),
        bisect_left(columns.offsets, batch.end_offset),
    )
    if wanted.start == wanted.stop:
        return None
    offsets, times, keys, values, headers = columns
    return Columns(offsets[wanted], times[wanted], keys[wanted], values[wanted], headers[wanted])


def _rows(
    one: PolledSlice, columns: Columns, shown: Shown, skipped: list[dict[str, object]]
) -> tuple[bytes, int]:
    """Return the JSON of records, apart by commas, and how many they are."""
    before, values, behind = render_all(columns.values, shown.value_type)
    no_keys = columns.keys.count(None) == len(columns.keys)
    keys: Sequence[bytes] = []
    if not no_keys:
        keys = [render_data(key, shown.key_type) for key in columns.keys]
    if shown.undecodable != "raw":
        misfits = _misfits(columns, shown, keys, [before] * len(values) if before else values)
        if misfits:
            if shown.undecodable == "fail":
                place = (one.topic, one.partition)
                raise Undecodable(
                    place, columns.offsets[misfits[0]], "it is not of the type asked for"
                )
            skipped += [
                {"offset": columns.offsets[at], "reason": "not of the type asked for"}
                for at in misfits
            ]
            kept = sorted(set(range(len(columns.offsets))) - set(misfits))
            columns = picked(columns, kept)
            keys = [keys[at] for at in kept] if keys else keys
            values = [values[at] for at in kept]
    line = b',{"offset":%d,"timestamp":%d,"key":'
    fields: list[Iterable[object]] = [columns.offsets, columns.timestamps_ms]
    if no_keys:
        line += b"null"
    else:
        line += b"%b"
        fields.append(keys)
    line += b',"value":%b%%b%b' % (before, behind)
    fields.append(values)
    if columns.headers.count(()) != len(columns.headers):
        line += b',"headers":%b'
        fields.append(map(_render_headers, columns.headers))
    count = len(columns.offsets)
    rows = (line + b"}") * count % tuple(chain.from_iterable(zip(*fields, strict=True)))
    return rows[1:], count


def _misfits(
    columns: Columns, shown: Shown, keys: Sequence[bytes], values: Sequence[bytes]
) -> list[int]:
    """Return the positions of records that could not be shown as they were asked for."""
    found: set[int] = set()
    for kind, texts in ((shown.key_type, keys), (shown.value_type, values)):
        if kind is not None:
            begin = b'{"type":"%b"' % kind.value.encode()
            found |= {
                at
                for at, text in enumerate(texts)
                if text != b"null" and not text.startswith(begin)
            }
    return sorted(found)


def _joined(parts: Sequence[Columns]) -> Columns:
    whole = Columns([], [], [], [], [])
    for offsets, times, keys, values, headers in parts:
        whole.offsets.extend(offsets)
        whole.timestamps_ms.extend(times)
        whole.keys.extend(keys)
        whole.values.extend(values)
        whole.headers.extend(headers)
    return whole


def _stretches(batches: Sequence[PolledBatch]) -> Iterator[tuple[int, int]]:
    """Yield where batches lie, those that lie side by side as one."""
    start = end = -1
    for batch in batches:
        if batch.position != end:
            if end > start:
                yield start, end
            start = batch.position
        end = batch.position + batch.header.size
    if end > start:
        yield start, end


def _place(one: PolledSlice) -> bytes:
    return b'"topic":"%b","partition":%d,"epoch":%d' % (
        one.topic.encode(),
        one.partition,
        one.epoch,
    )


def _marks(one: PolledSlice) -> bytes:
    return b'"next_offset":%d,"high_watermark":%d,"leader_epoch":%d' % (
        one.next_offset,
        one.high_watermark,
        one.leader_epoch,
    )


def _render_headers(headers: Headers) -> bytes:
    return _encode(
        [{"name": name.decode("utf-8", "replace"), "value": value} for name, value in headers]
    )
