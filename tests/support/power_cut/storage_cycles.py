"""Cuts the power under the storage engine again and again, and looks at what is left each time.

Run as a module in an isolated process (``file_system.start_isolated``); it prints one JSON object:
cycles, records acknowledged, retries answered, and what was wrong.
Arguments: file system, directory, cycles, seed, and a fault of ``load.FAULTS`` or nothing.
"""

import gc
import json
import logging
import os
import random
import select
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from storage.errors import DiskError, LogError
from storage.format.batch import checked_header
from storage.log import Log
from storage.log_manager import LogManager
from tests.support.power_cut.file_system import PowerCutFileSystem
from tests.support.power_cut.load import (
    DISK_FAILED,
    NOW_MS,
    PARTITIONS,
    PRODUCERS,
    batch_of,
    batch_size,
    fork_load,
    log_of,
    open_manager,
    partition_of,
)

LOAD_ACKNOWLEDGEMENTS_MAX = 400
"""The power goes after a number of acknowledgements by chance, up to this ..."""

LOAD_MORE_S_MAX = 0.02
"""... and a moment more, or right after a deletion was reported."""

PATIENCE_S = 60.0
KILL_FIRST_EVERY = 4
"""In one of so many cycles the process is killed first, and the power goes after a recovery."""

UNCOVERED_AT = 21
"""Position in a batch behind which nothing is stamped by the log."""


@dataclass
class Promises:
    """What the loads have said."""

    acknowledged: dict[tuple[int, int], int] = field(default_factory=dict)
    """First offset of each producer's numbered batch."""

    deleting: Counter[int] = field(default_factory=Counter)
    """By partition: where the log may begin."""

    deleted: Counter[int] = field(default_factory=Counter)
    """By partition: where the log begins at least."""

    records: int = 0
    retries: int = 0
    problems: list[str] = field(default_factory=list)
    unfinished: bytes = b""
    """Of the line that is being heard."""

    is_dark: bool = False
    """Whether the cut has begun: from then on only what was intended counts."""

    def hear(self, line: str) -> None:
        """Take note of a line of a load's report."""
        kind, *numbers = line.split()
        first, second, *rest = map(int, numbers)
        if self.is_dark and kind != "deleting":
            return
        if kind == "ack":
            known = self.acknowledged.setdefault((first, second), rest[0])
            if known != rest[0]:
                self.problems.append(f"{line}: acknowledged before at {known}")
            self.records += batch_size(first)
        elif kind == "deleting":
            self.deleting[first] = max(self.deleting[first], second)
        else:
            self.deleted[first] = max(self.deleted[first], second)

    def next_numbers(self) -> dict[int, int]:
        """Return the number of the batch with which each producer has to begin."""
        found = dict.fromkeys(range(PRODUCERS), 0)
        for producer, number in self.acknowledged:
            found[producer] = max(found[producer], number + 1)
        return found

    def check(self, manager: LogManager) -> None:
        """Compare the logs with what was said."""
        for log_id, reason in manager.offline.items():
            lost = [one for one in self.acknowledged if partition_of(one[0]) == log_id.partition]
            records = sum(batch_size(producer) for producer, _ in lost)
            self.problems.append(f"{records} records lost, partition is offline: {reason}")
        for partition in range(PARTITIONS):
            if not any(one.partition == partition for one in manager.offline):
                self._check_log(partition, log_of(manager, partition))

    def _check_log(self, partition: int, log: Log) -> None:
        start = log.log_start_offset
        if not self.deleted[partition] <= start <= self.deleting[partition]:
            self.problems.append(
                f"partition {partition} begins at {start}, not in "
                f"[{self.deleted[partition]}, {self.deleting[partition]}]"
            )
        found = self.read(partition, log)
        expected = {
            place: offset
            for place, offset in self.acknowledged.items()
            if partition_of(place[0]) == partition
            and offset + batch_size(place[0]) > max(start, self.deleted[partition])
        }
        lost = [place for place, offset in expected.items() if found.get(place) != offset]
        if lost:
            records = sum(batch_size(producer) for producer, _ in lost)
            self.problems.append(f"partition {partition}: {records} records lost, first {lost[0]}")
        for producer, number in self.next_numbers().items():
            if partition_of(producer) == partition and number:
                self._retry(log, producer, number - 1)

    def read(self, partition: int, log: Log) -> dict[tuple[int, int], int]:
        """Return the first offset of every batch in a log; all bytes are compared."""
        found: dict[tuple[int, int], int] = {}
        offset = log.log_start_offset
        expected = None
        while offset < log.durable_end_offset:
            part = log.locate(offset, 1 << 20)
            data, position = part.read(), 0
            while position < len(data):
                header = checked_header(data, position)
                if expected is not None and header.base_offset != expected:
                    self.problems.append(
                        f"partition {partition}: {header.base_offset} where {expected} is next"
                    )
                expected = header.next_offset
                place = (header.producer_id, header.base_sequence // header.record_count)
                batch = data[position + UNCOVERED_AT : position + header.size]
                if batch != batch_of(*place)[UNCOVERED_AT:]:
                    self.problems.append(f"partition {partition}: other bytes in {place}")
                if place in found:
                    self.problems.append(f"partition {partition}: {place} is there twice")
                found[place] = header.base_offset
                position += header.size
            offset = part.next_offset
        return found

    def _retry(self, log: Log, producer: int, number: int) -> None:
        """Send the last acknowledged batch of a producer once more."""
        try:
            done = log.append(batch_of(producer, number), leader_epoch=1 << 20, now_ms=NOW_MS)
        except LogError as error:
            self.problems.append(f"a retry of {producer}, {number} was refused: {error}")
            return
        if not done.is_duplicate or done.base_offset != self.acknowledged[producer, number]:
            self.problems.append(f"a retry of {producer}, {number} was taken for new: {done}")
        self.retries += 1


def listen(
    pipe: int,
    seconds: float,
    promises: Promises,
    enough: int | None = None,
    until: str | None = None,
) -> None:
    """Take note of what a load reports.

    Args:
        pipe: Where it reports.
        seconds: For how long, at most.
        promises: Where it is noted.
        enough: End after so many more acknowledgements; at the load's end if None.
        until: End after a line that begins so.
    """
    deadline = time.monotonic() + seconds
    wanted = None if enough is None else len(promises.acknowledged) + enough
    while wanted is None or len(promises.acknowledged) < wanted:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return
        data = os.read(pipe, 1 << 16)
        if not data:
            return
        *lines, promises.unfinished = (promises.unfinished + data).split(b"\n")
        for line in lines:
            promises.hear(line.decode())
        if until is not None and any(line.decode().startswith(until) for line in lines):
            return


def drain(pipe: int, promises: Promises) -> None:
    """Take note of what a load has reported up to now."""
    while select.select([pipe], [], [], 0)[0] and (data := os.read(pipe, 1 << 16)):
        *lines, promises.unfinished = (promises.unfinished + data).split(b"\n")
        for line in lines:
            promises.hear(line.decode())


def wait_for(process: int) -> int:
    """Return the exit status of a load, killing it if it does not end by itself."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -int(signal.SIGKILL)


def cycle(
    disk: PowerCutFileSystem,
    number: int,
    promises: Promises,
    chance: random.Random,
    fault: str | None,
) -> None:
    """Load, cut the power, come back, look."""
    directory = disk.path / "data"
    process, pipe = fork_load(directory, promises.next_numbers(), number, fault)
    listen(pipe, PATIENCE_S, promises, chance.randrange(LOAD_ACKNOWLEDGEMENTS_MAX))
    if chance.random() < 0.5:
        listen(pipe, PATIENCE_S, promises, until="deleted")
    else:
        listen(pipe, chance.uniform(0, LOAD_MORE_S_MAX), promises)
    kill_first = number % KILL_FIRST_EVERY == KILL_FIRST_EVERY - 1
    if kill_first:
        os.kill(process, signal.SIGKILL)
    else:
        drain(pipe, promises)
        promises.is_dark = True
        disk.cut()
    listen(pipe, PATIENCE_S, promises)
    promises.is_dark = False
    promises.unfinished = b""
    os.close(pipe)
    expected = -int(signal.SIGKILL) if kill_first else DISK_FAILED
    status = wait_for(process)
    if status != expected:
        promises.problems.append(f"the load of cycle {number} ended with status {status}")
    if kill_first:
        recover_and_cut(disk, promises)
    disk.restart()
    try:
        manager = open_manager(directory)
    except (LogError, DiskError) as error:
        promises.problems.append(f"all records lost, the directory does not open: {error}")
        return
    promises.check(manager)
    if chance.random() < 0.5 and not manager.offline:
        manager.close()
    else:
        abandon(manager)


def recover_and_cut(disk: PowerCutFileSystem, promises: Promises) -> None:
    """Recover after a kill; what a reader could see then is promised like an acknowledgement."""
    manager = open_manager(disk.path / "data")
    for partition in range(PARTITIONS):
        log = log_of(manager, partition)
        promises.acknowledged.update(promises.read(partition, log))
        promises.deleting[partition] = max(promises.deleting[partition], log.log_start_offset)
    disk.cut()
    abandon(manager)


def abandon(manager: LogManager) -> None:
    """Let go of a data directory as a killed process would."""
    manager.abandon()
    del manager
    gc.collect()


def main() -> None:
    """Run the cycles that the arguments ask for."""
    kind, directory, cycles, seed, *faults = sys.argv[1:]
    logging.getLogger("storage").setLevel(logging.CRITICAL)
    promises = Promises()
    chance = random.Random(int(seed))
    done = 0
    with PowerCutFileSystem(kind, Path(directory)) as disk:
        while done < int(cycles) and not promises.problems:
            cycle(disk, done, promises, chance, faults[0] if faults else None)
            done += 1
    verdict = {
        "cycles": done,
        "acknowledged_records": promises.records,
        "retries_recognised": promises.retries,
        "problems": promises.problems,
    }
    print(json.dumps(verdict))


if __name__ == "__main__":
    main()
