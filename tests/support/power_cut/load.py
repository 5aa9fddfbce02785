"""What runs when the power goes: the real storage engine under several idempotent producers.

A process of its own, forked, that writes a line to a pipe for whatever it would tell a client:

```text
ack <producer> <batch number> <first offset>   these records are durable
deleting <partition> <offset>                  records below the offset may go from now on
deleted <partition> <offset>                   they are gone for good
```

Every byte that it writes follows from the producer and the batch's number, so whoever reads
afterwards knows what must be there. A producer that comes back after a cut sends the batches
without an acknowledgement again, as Kafka's clients do.
"""

import asyncio
import os
import random
import traceback
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from app.replication.group_commit import GroupCommit
from storage.config import parse_config
from storage.errors import DiskError, LogOffline
from storage.files import Disk, File
from storage.format.batch import Compression
from storage.format.builder import build_batch
from storage.log import Appended, Log
from storage.log_layout import LogId
from storage.log_manager import LogManager

PARTITIONS = 3
PRODUCERS = 6
IN_FLIGHT = 3
TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"
CONFIG = parse_config({"segment.bytes": "40000", "index.interval.bytes": "700"})
NOW_MS = 1_700_000_000_000
CHECKPOINT_EVERY_S = 0.02

DISK_FAILED = 7
"""Exit status of a load whose disk went away: how every load is to end."""

FAULTS = ("files are not synced", "acknowledged before the sync", "names are not synced")


def batch_size(producer: int) -> int:
    """Return how many records each batch of a producer has."""
    return 1 + 5 * producer


def partition_of(producer: int) -> int:
    """Return where a producer writes."""
    return producer % PARTITIONS


def batch_of(producer: int, number: int) -> bytearray:
    """Return the batch of a producer that has a number, always the same."""
    chance = random.Random(producer << 32 | number)
    count = batch_size(producer)
    records = [
        (
            NOW_MS + chance.randint(0, 99),
            b"%d" % chance.randint(0, 50),
            chance.randbytes(chance.randint(0, 300)),
            (),
        )
        for _ in range(count)
    ]
    return build_batch(
        records,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=number * count,
        compression=Compression.ZSTD if producer == PRODUCERS - 1 else Compression.NONE,
    )


def open_manager(directory: Path) -> LogManager:
    """Take the data directory, recovering it."""
    return LogManager.open([directory], cluster_id="c", node_id=1)


def log_of(manager: LogManager, partition: int) -> Log:
    """Return the log of a partition, made if it is not there."""
    log = manager.get(TOPIC_ID, partition)
    if log is None:
        log_id = LogId(topic_id=TOPIC_ID, topic_name="orders", partition=partition)
        log = manager.create(log_id, CONFIG)
    log.update_config(CONFIG)
    return log


def fork_load(
    directory: Path, first_numbers: Mapping[int, int], life: int, fault: str | None
) -> tuple[int, int]:
    """Start a load.

    Args:
        directory: The data directory.
        first_numbers: The number of the first batch that each producer sends.
        life: How many loads there were before, the leader epoch.
        fault: One of ``FAULTS``, or None.

    Returns:
        Its process id, and the pipe's reading end.
    """
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _run(_Load(directory, writing, life, fault), first_numbers)
    os.close(writing)
    return process, reading


def _run(load: "_Load", first_numbers: Mapping[int, int]) -> NoReturn:
    try:
        asyncio.run(load.run(first_numbers))
    except BaseExceptionGroup as errors:
        others = errors.split((DiskError, LogOffline))[1]
        if others is None:
            os._exit(DISK_FAILED)
        traceback.print_exception(others)
    except DiskError:
        os._exit(DISK_FAILED)
    finally:
        os._exit(1)


class _Load:
    """The engine and its producers."""

    def __init__(self, directory: Path, report: int, life: int, fault: str | None) -> None:
        self._directory = directory
        self._report = report
        self._life = life
        self._fault = fault
        self._chance = random.Random(life)
        self._pending: dict[Log, deque[tuple[int, int, int, int]]] = {}
        self._room: dict[int, asyncio.Semaphore] = {}

    async def run(self, first_numbers: Mapping[int, int]) -> None:
        """Produce until the disk fails."""
        if self._fault == FAULTS[0]:
            File.sync = lambda file: None  # type: ignore[method-assign]
        if self._fault == FAULTS[2]:
            Disk.sync_directory = lambda disk, path: None
        manager = open_manager(self._directory)
        if manager.offline:
            reasons = list(manager.offline.values())
            assert all(one.startswith("cannot") for one in reasons), reasons
            raise DiskError(f"the power went during the recovery: {reasons[0]}")
        logs = [log_of(manager, partition) for partition in range(PARTITIONS)]
        self._pending = {log: deque() for log in logs}
        commit = GroupCommit(ThreadPoolExecutor(1), self._fenced)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(commit.run())
            tasks.create_task(self._checkpoint(manager, logs))
            for producer, number in first_numbers.items():
                self._room[producer] = asyncio.Semaphore(IN_FLIGHT)
                log = logs[partition_of(producer)]
                tasks.create_task(self._produce(producer, number, log, commit))

    async def _produce(self, producer: int, number: int, log: Log, commit: GroupCommit) -> None:
        while True:
            await self._room[producer].acquire()
            done = log.append(batch_of(producer, number), leader_epoch=self._life, now_ms=NOW_MS)
            self._pending[log].append((done.last_offset, producer, number, done.base_offset))
            if self._fault == FAULTS[1]:
                self._acknowledge(log, log.log_end_offset)
            elif done.is_duplicate:
                self._acknowledge(log, log.durable_end_offset)
            if not done.is_duplicate:
                commit.request(log, lambda: self._acknowledge(log, log.durable_end_offset))
            number += 1
            await asyncio.sleep(self._pause_s(done))

    def _pause_s(self, done: Appended) -> float:
        return 0 if done.is_duplicate else self._chance.choice((0, 0, 0.001, 0.003))

    def _acknowledge(self, log: Log, end: int) -> None:
        """Report everything below an offset."""
        kept = deque[tuple[int, int, int, int]]()
        for waiting in self._pending[log]:
            last_offset, producer, number, base_offset = waiting
            if last_offset < end:
                self._say(f"ack {producer} {number} {base_offset}")
                self._room[producer].release()
            else:
                kept.append(waiting)
        self._pending[log] = kept

    async def _checkpoint(self, manager: LogManager, logs: list[Log]) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_EVERY_S)
            partition = self._chance.randrange(PARTITIONS)
            log = logs[partition]
            offset = max(log.log_start_offset, log.durable_end_offset - 4_000)
            self._say(f"deleting {partition} {offset}")
            log.advance_log_start(offset)
            manager.write_checkpoints()
            self._say(f"deleted {partition} {offset}")

    def _fenced(self, reason: str) -> None:
        os._exit(DISK_FAILED)

    def _say(self, line: str) -> None:
        os.write(self._report, line.encode() + b"\n")
