import random
from pathlib import Path

import pytest

from storage.errors import CorruptBatch
from storage.files import Disk
from storage.format.batch import stamp
from storage.format.builder import build_batch
from storage.limits import SCAN_CHUNK_BYTES
from storage.segments.batch_scan import BatchScan


def batch(base_offset: int, size: int) -> bytes:
    made = build_batch([(1, None, random.Random(base_offset).randbytes(size), ())])
    stamp(made, 0, base_offset, 0)
    return bytes(made)


def scan_of(path: Path, data: bytes) -> BatchScan:
    path.write_bytes(data)
    return BatchScan(Disk().open_to_read(path), len(data))


def test_header_reads_batches_larger_than_a_chunk_and_back_again(tmp_path: Path) -> None:
    parts = [batch(0, 10), batch(1, SCAN_CHUNK_BYTES + 5), batch(2, 10)]
    scan = scan_of(tmp_path / "log", b"".join(parts))

    second, third = len(parts[0]), len(parts[0]) + len(parts[1])
    assert scan.header(0).base_offset == 0
    assert scan.header(second).base_offset == 1
    assert scan.header(third).base_offset == 2
    assert scan.header(second).size == len(parts[1])


def test_header_refuses_what_is_cut_off_or_damaged(tmp_path: Path) -> None:
    good = batch(0, 100)

    for data in (good[:-1], good[:40], good[:-1] + bytes([good[-1] ^ 1]), bytes(200)):
        with pytest.raises(CorruptBatch):
            scan_of(tmp_path / "log", data).header(0)


@pytest.mark.parametrize("before", [0, 1, 17, 70, SCAN_CHUNK_BYTES - 30, SCAN_CHUNK_BYTES + 7])
@pytest.mark.parametrize("filler", [b"\0", b"\2"])
def test_next_batch_finds_the_first_good_batch(tmp_path: Path, before: int, filler: bytes) -> None:
    good = batch(7, 50)
    scan = scan_of(tmp_path / "log", filler * before + good + good)

    assert scan.next_batch(0) == before
    assert scan.next_batch(before + 1) == before + len(good)
    assert scan.next_batch(before + len(good) + 1) is None
    assert scan.next_batch(0, limit=before) is None


def test_next_batch_finds_a_batch_that_ends_beyond_the_chunk(tmp_path: Path) -> None:
    good = batch(7, SCAN_CHUNK_BYTES)
    scan = scan_of(tmp_path / "log", b"x" * 100 + good)

    assert scan.next_batch(0) == 100


def test_next_batch_believes_no_length(tmp_path: Path) -> None:
    torn = batch(7, 500)[:300]
    scan = scan_of(tmp_path / "log", torn + batch(8, 5))

    assert scan.next_batch(0) == len(torn)
