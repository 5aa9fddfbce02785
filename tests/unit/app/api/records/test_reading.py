"""What is opened of a fetch: data, whole, checked, from the wanted offset on."""

import struct

import pytest

from app.api.errors import ApiError
from app.api.records.reading import UnreadableBatch, open_batches
from app.broker.errors import KafkaStorageError
from storage.format.batch import stamp
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.crc import crc32c
from storage.segments.txn_index import AbortedTransaction


def batch(base_offset: int, *values: bytes, producer_id: int = -1) -> bytes:
    records = [(0, None, value, ()) for value in values]
    if producer_id < 0:
        return bytes(build_batch(records, base_offset=base_offset))
    return bytes(
        build_batch(
            records,
            base_offset=base_offset,
            producer_id=producer_id,
            producer_epoch=0,
            base_sequence=0,
            is_transactional=True,
        )
    )


def marker(offset: int, kind: ControlType, producer_id: int) -> bytes:
    written = build_end_marker(
        EndMarker(kind, 0), producer_id=producer_id, producer_epoch=0, timestamp_ms=0
    )
    stamp(written, 0, offset, 0)
    return bytes(written)


def undecodable(offset: int) -> bytes:
    """Return a batch whose checksum holds, though it says to have more records than it has."""
    written = bytearray(batch(offset, b"a"))
    struct.pack_into(">i", written, 57, 2)
    struct.pack_into(">I", written, 17, crc32c(written[21:]))
    return bytes(written)


def opened(data: bytes, offset: int, *aborted: AbortedTransaction) -> list[bytes | None]:
    return [
        value
        for _, columns, first in open_batches(data, offset, aborted)
        for value in columns.values[first:]
    ]


@pytest.mark.parametrize(
    ("offset", "values"),
    [
        (0, [b"a", b"b", b"c"]),
        (1, [b"b", b"c"]),
        (2, [b"c"]),
        (3, []),
    ],
)
def test_records_are_opened_from_the_wanted_offset_on(offset: int, values: list[bytes]) -> None:
    data = batch(0, b"a", b"b") + batch(2, b"c")

    assert opened(data, offset) == values


def test_aborted_records_and_markers_are_left_out_and_what_follows_is_not() -> None:
    data = b"".join(
        (
            batch(0, b"aborted", producer_id=7),
            batch(1, b"committed", producer_id=8),
            batch(2, b"plain"),
            marker(3, ControlType.ABORT, 7),
            marker(4, ControlType.COMMIT, 8),
            batch(5, b"later", producer_id=7),
            marker(6, ControlType.COMMIT, 7),
        )
    )
    aborted = AbortedTransaction(7, 0, 3, 0)

    assert opened(data, 0, aborted) == [b"committed", b"plain", b"later"]
    assert opened(data, 1, aborted) == [b"committed", b"plain", b"later"]
    assert opened(data, 0) == [b"aborted", b"committed", b"plain", b"later"]


def test_transaction_that_begins_further_on_is_left_out_from_there_on_only() -> None:
    data = b"".join(
        (
            batch(0, b"committed", producer_id=7),
            marker(1, ControlType.COMMIT, 7),
            batch(2, b"aborted", producer_id=7),
            marker(3, ControlType.ABORT, 7),
        )
    )

    assert opened(data, 0, AbortedTransaction(7, 2, 3, 2)) == [b"committed"]


def test_damaged_batch_raises_behind_what_is_good() -> None:
    damaged = bytearray(batch(0, b"a") + batch(1, b"b"))
    damaged[-1] ^= 1
    found = open_batches(damaged, 0)

    assert next(found).columns.values == [b"a"]
    with pytest.raises(UnreadableBatch) as raised:
        next(found)
    assert (raised.value.offset, raised.value.next_offset, raised.value.is_damage) == (1, 1, True)
    assert isinstance(raised.value.refusal(("t", 0)), KafkaStorageError)


def test_batch_that_does_not_decode_tells_where_to_go_on() -> None:
    data = undecodable(4) + batch(5, b"good")

    with pytest.raises(UnreadableBatch) as raised:
        opened(data, 4)

    error = raised.value
    assert (error.offset, error.next_offset, error.is_damage) == (4, 5, False)
    refusal = error.refusal(("t", 3))
    assert isinstance(refusal, ApiError)
    assert (refusal.status, refusal.error_code) == (422, 42207)
    assert "t-3 at offset 4" in refusal.message
    assert opened(data, error.next_offset) == [b"good"]
