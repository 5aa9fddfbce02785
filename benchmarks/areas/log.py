"""Speed of one log on this machine: group commit, sequential reads, seeks in ten gigabytes.

Floors: a bare loop of write and fdatasync, a bare loop of pread, on the same disk in the same run.
The large log is real: every batch is appended, none is a hole; only its sync is left to the system.
It needs as much space on the disk, which is given back.
"""

import asyncio
import os
import random
import shutil
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import uvloop

from app.replication.group_commit import GroupCommit
from app.replication.partition import Partition, PlacedLog
from benchmarks import floors
from benchmarks.figures import Figure, Pace
from storage.config import LogConfig, parse_config
from storage.files import Disk, File
from storage.format.builder import build_batch
from storage.format.crc import crc32c
from storage.log import Log
from storage.recovery import create_log

KIB = 1024
WRITERS = 8
TURNS = 8
"""Short turns for syncs: a disk with a budget gives to one what the other has left of it."""

LARGE_BYTES = 10 * 1000**3
READ_BYTES = 1000**3
CHUNK_BYTES = 1 << 20
SEEKS = 5_000
APPENDS = 10_000
APPEND_MICROSECONDS_MAX = 15
"""What an append of a raw batch may cost in Python."""

NOW_MS = 1_764_000_000_000
"""Timestamp of the first batch of the large log; each batch is a millisecond later."""

_TIMES = struct.Struct(">qq")
_TIMES_AT = 27
_CRC_AT = 17
_CRC_FROM = 21


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure the log, the smallest work first."""
    short = replace(pace, rounds=pace.rounds * TURNS, seconds=pace.seconds / TURNS)
    for size in (16 * KIB, 1024 * KIB):
        for writers in (1, WRITERS):
            yield _append(directory / f"append-{size}-{writers}", size, writers, short)
    yield _append_alone(directory / "alone", pace)
    yield from _large(directory / "large", pace)


def _append(directory: Path, size: int, writers: int, pace: Pace) -> Figure:
    """Appends that wait for their group commit, beside a loop of write and fdatasync."""
    log = _new_log(directory)
    batch = _batch(size)

    def appends() -> float:
        return uvloop.run(_group_commit(log, batch, writers, pace.seconds))

    value, floor, ratio = pace.in_turns(
        lambda: floors.append_and_sync(directory, len(batch), pace.seconds), appends
    )
    log.close()
    shutil.rmtree(directory)
    return Figure(
        what=f"append {size // KIB} KiB, group commit, {writers} waiting",
        value=value,
        unit="batches/s",
        floor=floor,
        ratio=ratio,
        ratio_goal=0.7 if writers > 1 else None,
    )


async def _group_commit(log: Log, batch: bytearray, writers: int, seconds: float) -> float:
    count = 0
    with ThreadPoolExecutor(1) as executor:
        commit = GroupCommit(executor, lambda reason: None)
        placed = PlacedLog(log=log, commit=commit, take_room=lambda size: None)
        partition = Partition(placed, log.config, lambda _: placed)
        running = asyncio.create_task(commit.run())
        began = time.perf_counter()

        async def write() -> None:
            nonlocal count
            while time.perf_counter() - began < seconds:
                landed = partition.append_as_leader(batch, leader_epoch=0, now_ms=NOW_MS)
                await partition.wait_for_high_watermark(landed.last_offset + 1)
                count += 1

        await asyncio.gather(*(write() for _ in range(writers)))
        rate = count / (time.perf_counter() - began)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return rate


def _append_alone(directory: Path, pace: Pace) -> Figure:
    """What an append of a raw batch costs in Python: all but the system calls that write it."""
    log = create_log(_NoWrites(), directory, _config())
    batch = _batch(16 * KIB)

    def append(_: int) -> None:
        log.append(batch, leader_epoch=0, now_ms=NOW_MS)

    return Figure(
        what="append 16 KiB: CPU without its writes",
        value=pace.median(lambda: _microseconds(append, APPENDS)),
        unit="us",
        goal=APPEND_MICROSECONDS_MAX,
        is_cost=True,
    )


class _UnwrittenFile(File):
    def write(self, data: bytes | bytearray | memoryview, position: int) -> None:
        del data, position


class _NoWrites(Disk):
    """A disk that takes what is written and leaves it: a log can be appended to, never read."""

    def open(self, path: Path, *, create: bool = False) -> File:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o644)
        return _UnwrittenFile(path, descriptor)


def _microseconds(work: Callable[[int], object], count: int) -> float:
    """Return the CPU time of one of so many pieces of work."""
    began = time.process_time()
    for number in range(count):
        work(number)
    return (time.process_time() - began) / count * 1e6


def _large(directory: Path, pace: Pace) -> Iterator[Figure]:
    log = _new_log(directory)
    first = log.segments[0].file
    _fill(log, int(READ_BYTES * pace.scale))
    value, floor, ratio = pace.in_turns(
        lambda: floors.pread(first.path, CHUNK_BYTES, pace.seconds) / 1e6,
        lambda: _read_all(log) / 1e6,
    )
    yield Figure(
        what=f"read {_gigabytes(log)}, 1 MiB at a time",
        value=value,
        unit="MB/s",
        floor=floor,
        ratio=ratio,
        ratio_goal=0.7,
    )
    began, before = time.perf_counter(), log.size_bytes
    _fill(log, int(LARGE_BYTES * pace.scale))
    rate = (log.size_bytes - before) / (time.perf_counter() - began)
    yield Figure(what=f"append up to {_gigabytes(log)}, not synced", value=rate / 1e6, unit="MB/s")
    offsets = [random.randrange(log.log_end_offset) for _ in range(SEEKS)]
    end = log.log_end_offset
    per_batch = _records(_batch(16 * KIB))
    yield from _seeks(
        f"seek an offset in {_gigabytes(log)}", offsets, lambda one: _locate(log, one)
    )
    yield from _seeks(
        f"seek a timestamp in {_gigabytes(log)}",
        offsets,
        lambda one: log.offset_for_timestamp(NOW_MS + one // per_batch, end_offset=end),
    )


def _seeks(what: str, places: list[int], seek: Callable[[int], object]) -> Iterator[Figure]:
    """Seek everywhere once to warm the cache, then measure."""
    for place in places:
        seek(place)
    took = []
    for place in places:
        began = time.perf_counter()
        found = seek(place)
        took.append((time.perf_counter() - began) * 1e6)
        assert found is not None, "it is there"
    took.sort()
    late = took[len(took) * 99 // 100]
    yield Figure(what=f"{what}: p99", value=late, unit="us", goal=1_000, is_cost=True)
    yield Figure(what="  p50", value=statistics.median(took), unit="us")


def _gigabytes(log: Log) -> str:
    return f"{log.size_bytes / 1000**3:.1f} GB"


def _locate(log: Log, offset: int) -> int:
    found = log.locate(offset, 1, end_offset=log.log_end_offset)
    assert found.start_offset <= offset < found.next_offset
    return found.position


def _read_all(log: Log) -> float:
    """Read the log as a door does, from its start to its end; return bytes/s."""
    offset, total, end = 0, 0, log.log_end_offset
    began = time.perf_counter()
    while offset < end:
        found = log.locate(offset, CHUNK_BYTES, end_offset=end)
        total += len(found.read_if_cached() or found.read())
        offset = found.next_offset
    return total / (time.perf_counter() - began)


def _fill(log: Log, size: int) -> None:
    """Append batches of 16 KiB up to a size, each a millisecond after the one before."""
    batch = _batch(16 * KIB)
    records = _records(batch)
    while log.size_bytes < size:
        timestamp_ms = NOW_MS + log.log_end_offset // records
        _TIMES.pack_into(batch, _TIMES_AT, timestamp_ms, timestamp_ms)
        batch[_CRC_AT:_CRC_FROM] = crc32c(memoryview(batch)[_CRC_FROM:]).to_bytes(4, "big")
        log.append(batch, leader_epoch=0, now_ms=timestamp_ms)


def _batch(size: int) -> bytearray:
    """Return a batch of records of a kilobyte, of about a size."""
    return build_batch([(NOW_MS, None, os.urandom(KIB), ())] * (size // KIB))


def _records(batch: bytearray) -> int:
    return len(batch) // KIB


def _new_log(directory: Path) -> Log:
    return create_log(Disk(), directory, _config())


def _config() -> LogConfig:
    return parse_config({"max.message.bytes": str(2 * CHUNK_BYTES)})
