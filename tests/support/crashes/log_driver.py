"""Drives the logs of one data directory as a node does, and remembers what was promised."""

import random
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from storage.config import LogConfig
from storage.errors import DiskError
from storage.format.batch import Compression
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.log import Log
from storage.log_layout import LogId
from storage.log_manager import LogManager
from storage.validation import Origin
from tests.support.crashes.log_history import NOTHING, Batch, LogHistory, LogState, Mark
from tests.support.crashes.memory_disk import MemoryDisk

ROOT = Path("/data")
NOW_MS = 1_700_000_000_000

Key = tuple[str, int]

_OFFSET = struct.Struct(">q")
_EPOCH = struct.Struct(">i")


def log_id(name: str, partition: int = 0) -> LogId:
    """Return the id of a log of a topic; its topic id follows from the name."""
    return LogId(topic_id=name.ljust(22, "A"), topic_name=name, partition=partition)


def open_manager(disk: MemoryDisk) -> LogManager:
    """Open the data directory as a process that starts."""
    return LogManager.open([ROOT], cluster_id="c", node_id=1, disk=disk)


class LogDriver:
    """One node's storage, and what it must hold."""

    def __init__(self, disk: MemoryDisk, configs: Mapping[LogId, LogConfig], seed: int = 0) -> None:
        """Open the data directory and make its logs.

        Args:
            disk: Where.
            configs: Of each log.
            seed: Of the records' contents.
        """
        self.disk = disk
        self.configs = configs
        self.chance = random.Random(seed)
        self.histories = {(one.topic_id, one.partition): LogHistory() for one in configs}
        self.is_promised: dict[Key, bool] = dict.fromkeys(self.histories, False)
        self.epoch = 0
        self._serial = 0
        self.start()

    def start(self) -> None:
        """Start a process on what the last one left; all that it finds is shown to somebody."""
        self.manager = open_manager(self.disk)
        self.logs: dict[Key, Log] = {}
        for one, config in self.configs.items():
            key = (one.topic_id, one.partition)
            log = self.manager.get(*key)
            if log is None:
                log = self.manager.create(one, config)
            log.update_config(config)
            self.logs[key] = log
            history = self.histories[key]
            history.start = log.log_start_offset
            if not self.is_promised[key]:
                self.is_promised[key] = True
            history.acknowledge(log.durable_end_offset)
        self.mark()

    def adopt(self, tips: Mapping[Key, Batch | None]) -> None:
        """Take what a restart found for what there is."""
        for key, tip in tips.items():
            history = self.histories[key]
            history.tip, history.others = tip, ()

    def mark(self, *, is_looser: bool = False) -> None:
        """Write down what is promised now."""
        promises = {
            key: history.promise()
            for key, history in self.histories.items()
            if self.is_promised[key]
        }
        self.disk.mark(Mark(promises, is_looser))

    def records(self, count: int, size: int = 60) -> list[tuple[int, bytes, bytes, tuple[()]]]:
        """Return records that no other ones equal, with times that do not always rise."""
        found = []
        for _ in range(count):
            self._serial += 1
            value = b"%d:" % self._serial + self.chance.randbytes(self.chance.randrange(size))
            time_ms = NOW_MS + self._serial // 3 + self.chance.randrange(9)
            found.append((time_ms, b"k%d" % self.chance.randrange(9), value, ()))
        return found

    def append(
        self,
        key: Key,
        count: int = 1,
        *,
        producer_id: int = -1,
        producer_epoch: int = -1,
        is_transactional: bool = False,
        compression: Compression = Compression.NONE,
    ) -> Batch:
        """Append new records as leader, of a producer with the sequence that comes next.

        Raises:
            DiskError: The disk failed.
        """
        sequence = -1
        if producer_id >= 0:
            known = self.state(key).producers.get(producer_id)
            producer_epoch = max(0, producer_epoch, known.epoch if known else 0)
            sequence = 0
            if known is not None and known.epoch == producer_epoch and known.sent:
                last = known.sent[-1]
                sequence = last.first_sequence + last.batch.next - last.batch.base
        batch = build_batch(
            self.records(count),
            producer_id=producer_id,
            producer_epoch=producer_epoch,
            base_sequence=sequence,
            is_transactional=is_transactional,
            compression=compression,
        )
        return self._append(key, batch, Origin.VERIFIED)

    def end_transaction(self, key: Key, producer_id: int, kind: ControlType) -> Batch:
        """Append the marker that ends a producer's transaction.

        Raises:
            DiskError: The disk failed.
        """
        marker = build_end_marker(
            EndMarker(kind, 0),
            producer_id=producer_id,
            producer_epoch=self.state(key).producers[producer_id].epoch,
            timestamp_ms=NOW_MS,
        )
        return self._append(key, marker, Origin.COORDINATOR)

    def append_as_follower(self, key: Key, count: int, batches: int = 1) -> None:
        """Append batches as a leader would have sent them.

        Raises:
            DiskError: The disk failed.
        """
        history = self.histories[key]
        data = b""
        for _ in range(batches):
            batch = build_batch(self.records(count))
            _stamp(batch, history.end, self.epoch)
            history.expect(bytes(batch))
            data += batch
        self.mark(is_looser=True)
        try:
            self.logs[key].append_as_follower(data, now_ms=NOW_MS)
        except DiskError:
            for _ in range(batches):
                history.unexpect(is_possible=True)
            raise

    def retry(self, key: Key, batch: Batch) -> None:
        """Send a batch of a producer again: it must not be appended twice.

        Raises:
            DiskError: The disk failed.
        """
        log = self.logs[key]
        appended = log.append(
            bytearray(batch.data), leader_epoch=self.epoch, now_ms=NOW_MS, origin=Origin.VERIFIED
        )
        assert appended.is_duplicate, f"a retry of {batch.base} was appended again"
        assert (appended.base_offset, appended.last_offset) == (batch.base, batch.next - 1)

    def _append(self, key: Key, batch: bytearray, origin: Origin) -> Batch:
        history = self.histories[key]
        data = bytearray(batch)
        _stamp(data, history.end, self.epoch)
        expected = history.expect(bytes(data))
        self.mark(is_looser=True)
        try:
            appended = self.logs[key].append(
                batch, leader_epoch=self.epoch, now_ms=NOW_MS, origin=origin
            )
        except BaseException as error:
            history.unexpect(is_possible=isinstance(error, DiskError))
            raise
        assert appended.base_offset == expected.base, "the append landed elsewhere"
        return expected

    def state(self, key: Key) -> LogState:
        """Return what the log should know."""
        tip = self.histories[key].tip
        return tip.state if tip is not None else NOTHING

    def flush(self, key: Key, meanwhile: Callable[[], object] | None = None) -> None:
        """Make everything so far durable and acknowledge it.

        Args:
            key: Which log.
            meanwhile: Done between the beginning of the flush and its syncs.

        Raises:
            DiskError: A sync failed; the log is fenced, nothing was acknowledged.
        """
        log, history = self.logs[key], self.histories[key]
        end = history.end
        flush = log.begin_flush()
        if meanwhile is not None:
            meanwhile()
        if flush is None:
            return
        try:
            flush.run()
        except DiskError as error:
            log.fence(str(error))
            raise
        log.complete_flush(flush)
        assert log.durable_end_offset <= end, "more was acknowledged than there was"
        history.acknowledge(log.durable_end_offset)
        log.advance_high_watermark(log.durable_end_offset)
        self.mark()

    def roll(self, key: Key) -> None:
        """Begin a new segment."""
        self.logs[key].roll()

    def delete_records(self, key: Key, offset: int) -> None:
        """Make what is below an offset unreadable."""
        history = self.histories[key]
        history.start = max(history.start, offset)
        self.mark(is_looser=True)
        self.logs[key].advance_log_start(offset)

    def retain(self, now_ms: int = NOW_MS) -> None:
        """Apply retention to every log."""
        starts = {key: history.start for key, history in self.histories.items()}
        for key, history in self.histories.items():
            history.start = max(history.start, history.floor)
            del key
        self.mark(is_looser=True)
        self.manager.apply_retention(now_ms)
        for key, log in self.logs.items():
            assert starts[key] <= log.log_start_offset <= self.histories[key].start
            self.histories[key].start = log.log_start_offset
        self.mark()

    def checkpoint(self) -> None:
        """Write the checkpoints; files below the logs' starts go.

        Raises:
            DiskError: The disk failed.
        """
        self.manager.write_checkpoints()
        for history in self.histories.values():
            history.start_durable = history.start
        self.mark()

    def truncate(self, key: Key, offset: int) -> None:
        """Remove everything from an offset on, as a follower that parts from its leader.

        Raises:
            DiskError: The disk failed.
        """
        history = self.histories[key]
        log, before, floor = self.logs[key], history.tip, history.floor
        end = history.cut_at(offset)
        self.mark(is_looser=True)
        try:
            self.manager.truncate_log(*key, offset)
        except DiskError:
            if log.fenced is None:
                history.tip, history.floor = before, floor
                self.mark()
            raise
        assert log.log_end_offset == end, "the truncation ended elsewhere"
        history.acknowledge(log.durable_end_offset)
        self.mark()

    def kill(self) -> None:
        """End the process without a word; what it wrote stays in the page cache."""
        self.disk.kill()
        self.logs = {}

    def close(self) -> None:
        """Shut down in good order.

        Raises:
            DiskError: The disk failed.
        """
        self.manager.close()
        self.logs = {}
        for history in self.histories.values():
            history.acknowledge(history.end)
            history.start_durable = history.start
        self.mark()


def _stamp(batch: bytearray, offset: int, epoch: int) -> None:
    """Write where a batch lies into it, as Kafka's format says (not by the engine's own code)."""
    _OFFSET.pack_into(batch, 0, offset)
    _EPOCH.pack_into(batch, 12, epoch)
