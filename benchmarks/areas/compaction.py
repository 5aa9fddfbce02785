"""Speed of compaction: a log of 1 KiB records whose keys come back, and what it costs a loop.

Bytes are those of the log that was compacted, each counted once, though a run reads them twice
(for the keys, and to copy) and writes what is left. The floor is a plain copy of the same files in
as large pieces, synced at the end. The lag is how late a timer of an event loop in the same
process is while the cleaner's thread works; its floor is the same loop with nothing beside it.
"""

import asyncio
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvloop

from benchmarks.figures import Figure, Pace
from storage.cleanup.cleaner import Cleaner
from storage.config import parse_config
from storage.files import Disk
from storage.format.batch import Compression
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log import Log
from storage.recovery import create_log

LOG_BYTES = 300 * 1000**2
GOAL = 100
RECORD_BYTES = 1024
RECORDS_PER_BATCH = 16
COPY_BYTES = 1 << 20
LAG_INTERVAL_S = 0.001
LAG_MS_MAX = 10
NOW_MS = 1_764_000_000_000
CONFIG = parse_config(
    {
        "segment.bytes": str(64 << 20),
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0",
        "flush.messages": str(1 << 40),
    }
)
CASES = (
    ("half of the records go", 2, Compression.NONE),
    ("nine of ten go", 10, Compression.NONE),
    ("half go, lz4", 2, Compression.LZ4),
)


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Compact logs of several kinds, then look at the loop."""
    for what, versions, codec in CASES:
        goal = GOAL if codec is Compression.NONE else None
        yield _compaction(directory / what.replace(" ", "-"), what, versions, codec, pace, goal)
    yield _lag(directory / "lag", pace)


def _compaction(
    directory: Path, what: str, versions: int, codec: Compression, pace: Pace, goal: float | None
) -> Figure:
    rounds = iter(range(1000))
    size = int(LOG_BYTES * pace.scale)

    def compact() -> float:
        log = _log(directory / f"{next(rounds)}", size, versions, codec)
        cleaner = _begun(log)
        total = sum(segment.size for segment in log.segments[:-1])
        began = time.perf_counter()
        _run(log, cleaner)
        seconds = time.perf_counter() - began
        log.close()
        shutil.rmtree(log.directory)
        return total / seconds / 1e6

    def copy() -> float:
        log = _log(directory / f"{next(rounds)}", size, versions, codec)
        rate = _copy(log)
        log.close()
        shutil.rmtree(log.directory)
        return rate

    value, floor, ratio = pace.in_turns(copy, compact)
    return Figure(
        what=f"compaction, 1 KiB records, {what}",
        value=value,
        unit="MB/s",
        goal=goal,
        floor=floor,
        ratio=ratio,
    )


def _lag(directory: Path, pace: Pace) -> Figure:
    """How late a timer is while a log is compacted, at the 99th percentile."""
    log = _log(directory, int(LOG_BYTES * pace.scale), 2, Compression.NONE)
    cleaner = _begun(log)

    async def beside(work: Callable[[], None]) -> float:
        with ThreadPoolExecutor(1) as thread:
            running = asyncio.get_running_loop().run_in_executor(thread, work)
            late = []
            while not running.done():
                began = time.perf_counter()
                await asyncio.sleep(LAG_INTERVAL_S)
                late.append(time.perf_counter() - began - LAG_INTERVAL_S)
            await running
        return statistics.quantiles(late, n=100)[98] * 1000

    floor = uvloop.run(beside(lambda: time.sleep(2)))
    value = uvloop.run(beside(lambda: _run(log, cleaner)))
    log.close()
    return Figure(
        what="timer of the loop beside it, late at p99",
        value=value,
        unit="ms",
        goal=LAG_MS_MAX,
        is_cost=True,
        floor=floor,
        ratio=value / floor,
    )


def _log(directory: Path, size: int, versions: int, codec: Compression) -> Log:
    """Return a log in which every key comes so many times, all closed but the end."""
    log = create_log(Disk(), directory / "t-0", CONFIG)
    count = size // RECORD_BYTES
    keys = count // versions
    body = b"x" * (RECORD_BYTES // 2 - 40)
    for first in range(0, count, RECORDS_PER_BATCH):
        records = [
            NewRecord(NOW_MS, b"key-%010d" % (number % keys), body + _noise(number))
            for number in range(first, first + RECORDS_PER_BATCH)
        ]
        batch = build_batch(records, compression=codec)
        log.append(batch, leader_epoch=0, now_ms=NOW_MS)
    log.roll()
    log.flush()
    log.advance_high_watermark(log.durable_end_offset)
    log.append(build_batch([NewRecord(NOW_MS, b"end", b"")]), leader_epoch=0, now_ms=NOW_MS)
    log.flush()
    log.advance_high_watermark(log.durable_end_offset)
    log.cleaning.recovery_point = log.durable_end_offset
    return log


def _noise(number: int) -> bytes:
    """Return half a record that does not compress well, the same for a number in every run."""
    return b"".join(
        b"%016x" % (number * step * 0x9E3779B97F4A7C15 % 2**64) for step in range(1, 33)
    )


def _begun(log: Log) -> Cleaner:
    plan = log.plan_cleaning(NOW_MS)
    assert plan is not None, "all of it is dirty"
    return Cleaner(Disk(), plan, map_bytes_max=1 << 30, pace=lambda _: time.sleep(0))


def _run(log: Log, cleaner: Cleaner) -> None:
    cleaner.fill_map()
    while (cleaned := cleaner.clean_next()) is not None:
        taken = log.take_cleaned(cleaner.plan, cleaned)
        assert taken is not None, "nobody else touches the log"
        for path in taken:
            path.unlink()
    cleaner.close()


def _copy(log: Log) -> float:
    began = time.perf_counter()
    total = 0
    for segment in log.segments[:-1]:
        target = Disk().open(log.directory / f"{segment.base_offset}.copy", create=True)
        for position in range(0, segment.size, COPY_BYTES):
            data = segment.file.read(position, min(COPY_BYTES, segment.size - position))
            target.write(data, position)
        target.sync()
        total += segment.size
    return total / (time.perf_counter() - began) / 1e6
