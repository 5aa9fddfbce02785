"""Delivery: the bytes of records frames are what their classes say, whatever the records."""

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.embedded_formats import EmbeddedFormat
from app.api.ws.columns import decode_columns
from app.api.ws.delivery import (
    Body,
    MakeBody,
    OpenSlice,
    Shown,
    Undecodable,
    clipped,
    columns_body,
    json_body,
    open_slice,
    render,
    render_batches,
)
from app.api.ws.server_frames import BinarySliceOut, SliceOut
from app.consumers.model import Made, PolledBatch, PolledSlice
from storage.format.batch import Compression, parse_header
from storage.format.builder import build_batch
from storage.format.decoder import decode_records
from storage.format.record import RecordTuple

maybe = st.none() | st.binary(max_size=12) | st.sampled_from([b'{"a":1}', b"7", b"text", b"[1"])
headers = st.lists(
    st.tuples(st.sampled_from([b"h", "ü".encode()]), st.none() | st.binary(max_size=4)), max_size=2
).map(tuple)
records = st.tuples(st.integers(0, 2**42), maybe, maybe, headers)
batch_lists = st.lists(st.lists(records, min_size=1, max_size=6), min_size=1, max_size=4)


def polled(batches: list[list[RecordTuple]], start: int = 0, end: int | None = None) -> PolledSlice:
    """Return a slice of batches, cut at two offsets as a session does it."""
    data = bytearray()
    found = []
    offset = 0
    for batch in batches:
        written = build_batch(batch, base_offset=offset)
        header = parse_header(written)
        first, behind = max(start, offset), header.next_offset
        if end is not None:
            behind = min(behind, end)
        if first < behind:
            found.append(PolledBatch(len(data), header, first, behind))
        data += written
        offset = header.next_offset
    behind = offset if end is None else min(end, offset)
    return PolledSlice(
        topic="t",
        partition=3,
        epoch=2,
        data=bytes(data),
        batches=tuple(found),
        record_count=sum(one.end_offset - one.first_offset for one in found),
        start_offset=start,
        next_offset=behind,
        leader_epoch=0,
        high_watermark=offset,
        last_stable_offset=offset,
        log_start_offset=0,
    )


def wanted(one: PolledSlice) -> list[tuple[int, RecordTuple]]:
    """Return offsets and records that a slice is to bring, read in the plainest way."""
    found = []
    for batch in one.batches:
        for record in decode_records(one.data, batch.position):
            if batch.first_offset <= record.offset < batch.end_offset:
                kept = (record.timestamp_ms, record.key, record.value, tuple(record.headers))
                found.append((record.offset, kept))
    return found


def shown_as_bytes(data: Any) -> bytes | None:
    if data is None:
        return None
    if data.type == "JSON":
        return bytes(data.data)
    text: str = msgspec.json.decode(data.data)
    return base64.b64decode(text) if data.type == "BINARY" else text.encode()


@given(batch_lists, st.data())
def test_a_json_slice_is_what_its_class_says(
    batches: list[list[RecordTuple]], data: st.DataObject
) -> None:
    total = sum(map(len, batches))
    start = data.draw(st.integers(0, total - 1))
    one = polled(batches, start, data.draw(st.integers(start + 1, total)))

    rendered = render(one, Shown(), json_body)

    read = msgspec.json.decode(rendered.head, type=SliceOut, strict=True)
    expected = wanted(one)
    assert rendered.records == len(expected) == one.record_count
    assert (read.topic, read.partition, read.epoch) == ("t", 3, 2)
    assert (read.next_offset, read.high_watermark) == (one.next_offset, one.high_watermark)
    assert [record.offset for record in read.records] == [offset for offset, _ in expected]
    for record, (_, (timestamp_ms, key, value, headers)) in zip(
        read.records, expected, strict=True
    ):
        assert record.timestamp == timestamp_ms
        assert [shown_as_bytes(record.key), shown_as_bytes(record.value)] == [key, value]
        assert [(one.name.encode(), one.value) for one in record.headers] == [
            (name, None if value is None else base64.b64encode(value).decode())
            for name, value in headers
        ]


@given(batch_lists, st.data())
def test_a_slice_of_columns_is_what_its_class_says(
    batches: list[list[RecordTuple]], data: st.DataObject
) -> None:
    total = sum(map(len, batches))
    start = data.draw(st.integers(0, total - 1))
    one = polled(batches, start, data.draw(st.integers(start + 1, total)))

    rendered = render(one, Shown(), columns_body)

    payload = b"".join(rendered.payload)
    head = msgspec.convert(
        {"first_offset": 0, "end_offset": 0, **msgspec.json.decode(rendered.head)}, BinarySliceOut
    )
    expected = wanted(one)
    offsets = memoryview(payload)[: 8 * head.count].cast("q").tolist()
    read = decode_columns(
        memoryview(payload)[8 * head.count : head.size],
        head.count,
        0,
        timestamps=True,
        headers="headers" in head.columns,
    )
    assert len(payload) % 8 == 0
    assert rendered.records == head.count
    assert list(zip(offsets, read, strict=True)) == expected


@given(batch_lists, st.data())
def test_a_slice_of_batches_is_the_logs_own_bytes(
    batches: list[list[RecordTuple]], data: st.DataObject
) -> None:
    total = sum(map(len, batches))
    start = data.draw(st.integers(0, total - 1))
    one = polled(batches, start, data.draw(st.integers(start + 1, total)))

    rendered = render_batches(one)

    payload = b"".join(rendered.payload)
    head = msgspec.json.decode(rendered.head, type=BinarySliceOut, strict=True)
    read = []
    at = 0
    while at < head.size:
        for record in decode_records(payload, at):
            if head.first_offset <= record.offset < head.end_offset:
                kept = (record.timestamp_ms, record.key, record.value, tuple(record.headers))
                read.append((record.offset, kept))
        at += parse_header(payload, at).size
    assert read == wanted(one)
    assert len(payload) % 8 == 0


@given(batch_lists, st.integers(0, 30))
def test_a_clipped_slice_ends_before_the_offset(batches: list[list[RecordTuple]], end: int) -> None:
    one = polled(batches)

    cut = clipped(one, end)

    assert wanted(cut) == [(offset, record) for offset, record in wanted(one) if offset < end]
    assert cut.next_offset == min(end, one.next_offset)


MIXED: list[list[RecordTuple]] = [
    [(1, None, b'{"a":1}', ()), (2, None, b"text", ()), (3, None, None, ())],
    [(4, b"\xff", b"7", ()), (5, b"k", b"8", ())],
]


@pytest.mark.parametrize(
    ("shown", "offsets", "left_out"),
    [
        (Shown(None, EmbeddedFormat.JSON, "raw"), [0, 1, 2, 3, 4], []),
        (Shown(None, EmbeddedFormat.JSON, "skip"), [0, 2, 3, 4], [1]),
        (Shown(EmbeddedFormat.STRING, EmbeddedFormat.JSON, "skip"), [0, 2, 4], [1, 3]),
        (Shown(EmbeddedFormat.BINARY, EmbeddedFormat.BINARY, "skip"), [0, 1, 2, 3, 4], []),
    ],
)
def test_what_does_not_fit_is_shown_or_skipped_as_the_policy_says(
    shown: Shown, offsets: list[int], left_out: list[int]
) -> None:
    rendered = render(polled(MIXED), shown, json_body)

    read = msgspec.json.decode(rendered.head, type=SliceOut)
    assert [record.offset for record in read.records] == offsets
    assert [one.offset for one in read.skipped] == left_out
    assert (rendered.records, read.next_offset) == (len(offsets), 5)


def test_the_first_record_that_does_not_fit_fails_where_that_is_wanted() -> None:
    shown = Shown(None, EmbeddedFormat.JSON, "fail")

    with pytest.raises(Undecodable) as raised:
        render(polled(MIXED), shown, json_body)

    assert (raised.value.place, raised.value.offset) == (("t", 3), 1)


@pytest.mark.parametrize("make", [json_body, columns_body])
def test_a_batch_that_nobody_can_open_is_named_and_does_not_block(make: MakeBody) -> None:
    one = polled([MIXED[0]])
    broken = bytearray(build_batch(MIXED[1], compression=Compression.GZIP, base_offset=3))
    broken[-4:] = b"\0\0\0\0"
    broken[70] ^= 255
    header = parse_header(broken)
    one = one._replace(
        data=bytes(one.data) + bytes(broken),
        batches=(*one.batches, PolledBatch(len(one.data), header, 3, 5)),
        next_offset=5,
    )

    rendered = render(one, Shown(), make)

    assert b'"skipped":[{"offset":3,"reason":"the batch up to offset 4' in rendered.head
    assert rendered.records == 3
    with pytest.raises(Undecodable, match="does not open"):
        open_slice(one, Shown(None, None, "fail"))


@pytest.mark.parametrize("make", [json_body, columns_body])
def test_what_was_made_of_the_same_records_serves_others_that_show_them_alike(
    make: MakeBody,
) -> None:
    one = polled(MIXED)._replace(made=Made())
    made: list[Shown] = []

    def counted(opened: OpenSlice, shown: Shown) -> Body:
        made.append(shown)
        return make(opened, shown)

    first, again = (render(one, Shown(), counted) for _ in range(2))
    moved = one._replace(epoch=9, high_watermark=70)
    as_binary = Shown(None, EmbeddedFormat.BINARY)

    assert first == again == render(one._replace(made=None), Shown(), make)
    assert made == [Shown()]
    assert render(moved, Shown(), counted) == render(moved._replace(made=None), Shown(), make)
    assert render(one, as_binary, counted) == render(polled(MIXED), as_binary, make)
    assert made == [Shown(), as_binary]
    assert render(clipped(one, 2), Shown(), counted) == render(polled(MIXED, 0, 2), Shown(), make)
