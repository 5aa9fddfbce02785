"""Appending: what a log makes of batches before it writes them."""

from pathlib import Path

import pytest

from storage.appending import continuation, must_roll, stamped
from storage.config import parse_config
from storage.errors import CorruptBatch, InvalidBatch
from storage.files import Disk
from storage.format.batch import checked_header, iterate_headers, parse_header
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.segments.segment import Segment

NOW_MS = 1_700_000_000_000


def batch(count: int = 2, timestamp_ms: int = NOW_MS) -> bytearray:
    return build_batch([NewRecord(timestamp_ms, b"k", b"v")] * count)


def test_batches_get_offsets_one_after_the_other() -> None:
    data = batch(2) + batch(3)

    found = stamped(data, list(iterate_headers(data)), 40, 7, -1)

    assert [(header.base_offset, header.last_offset) for _, header in found] == [(40, 41), (42, 44)]
    assert found == list(iterate_headers(data))
    assert {header.partition_leader_epoch for _, header in found} == {7}
    assert {header.max_timestamp_ms for _, header in found} == {NOW_MS}


def test_append_time_replaces_every_timestamp_and_the_checksum_fits() -> None:
    data = batch()

    ((_, header),) = stamped(data, list(iterate_headers(data)), 0, 0, NOW_MS + 5)

    assert header.max_timestamp_ms == NOW_MS + 5
    assert checked_header(data).max_timestamp_ms == NOW_MS + 5


def test_continuation_may_leave_offsets_out_but_never_goes_back() -> None:
    data = batch(2) + batch(2)
    stamped(data, list(iterate_headers(data)), 10, 0, -1)

    found = continuation(bytes(data), 8)

    assert [header.base_offset for _, header in found] == [10, 12]
    with pytest.raises(InvalidBatch, match="offset 10 where 11 is next"):
        continuation(bytes(data), 11)


def test_continuation_of_nothing_or_of_damage_is_refused() -> None:
    data = batch()
    data[-1] ^= 1

    with pytest.raises(InvalidBatch):
        continuation(b"", 0)
    with pytest.raises(CorruptBatch):
        continuation(bytes(data), 0)


@pytest.mark.parametrize(
    ("configs", "timestamp_ms", "rolls"),
    [
        ({"segment.bytes": "1024"}, NOW_MS, False),
        ({"segment.bytes": "1024", "segment.ms": "1000"}, NOW_MS + 1000, False),
        ({"segment.bytes": "1024", "segment.ms": "1000"}, NOW_MS + 1001, True),
        (
            {
                "segment.bytes": "1024",
                "cleanup.policy": "compact",
                "max.compaction.lag.ms": "50",
            },
            NOW_MS + 51,
            True,
        ),
    ],
)
def test_segment_is_closed_by_age(
    tmp_path: Path, configs: dict[str, str], timestamp_ms: int, rolls: bool
) -> None:
    segment = Segment(Disk(), tmp_path, 0, create=True)
    first = batch()
    assert not must_roll(segment, 1 << 20, parse_header(first), parse_config({}), NOW_MS)
    segment.append(first, list(iterate_headers(first)), 100)

    last = parse_header(batch(1, timestamp_ms))

    assert must_roll(segment, len(first), last, parse_config(configs), NOW_MS) is rolls


def test_segment_is_closed_by_size_and_before_its_offsets_grow_too_large(tmp_path: Path) -> None:
    segment = Segment(Disk(), tmp_path, 0, create=True)
    first = batch()
    segment.append(first, list(iterate_headers(first)), 100)
    config = parse_config({"segment.bytes": "1024"})
    last = parse_header(batch(1))

    assert not must_roll(segment, 1024 - segment.size, last, config, NOW_MS)
    assert must_roll(segment, 1025 - segment.size, last, config, NOW_MS)
    assert not must_roll(segment, 1, last._replace(base_offset=(1 << 31) - 1), config, NOW_MS)
    assert must_roll(segment, 1, last._replace(base_offset=1 << 31), config, NOW_MS)
