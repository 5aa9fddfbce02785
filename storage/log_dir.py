"""Log directory: the logs of one directory, and the only process that may touch them.

```text
<dir>/.lock                              held while the process lives
<dir>/meta.properties                    whose directory this is, and which
<dir>/.kafka_cleanshutdown               the last process closed everything
<dir>/recovery-point-offset-checkpoint   below these offsets all was synced
<dir>/log-start-offset-checkpoint        below these offsets nothing may be read
<dir>/cleaner-offset-checkpoint          below these offsets all was compacted
<dir>/logs, <dir>/quarantine             see log_layout
```

The three checkpoints have Kafka's form with the topic id in place of the name, since a name can be
taken again.

States: open; fenced (its disk failed: it takes and syncs nothing until a restart has read its
files again, and serves what it has); closed.

Invariants:
    The clean mark is gone, durably, before the first append.
    A recovery point is written after the sync that it speaks of; a log start before files go; a
    cleaner offset before a recovery point beyond it, and believed up to the recovery point only:
    what comes where records were cut off is dirty.
    What is known of a log that is offline stays in the checkpoints: a restart must not take its
    damage for a torn tail.
    A checkpoint is written only when it would say something else than the one on disk; one that
    was begun before a truncation, or before another, is never written after it.
    Segments go below the starts that were written, not below those of now.
Called by: log_manager. Calls: recovery, log, log_layout, meta_properties.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from storage.checkpoints import MalformedCheckpoint, read_checkpoint, write_checkpoint
from storage.cleanup.retired_files import RetiredFiles
from storage.config import LogConfig, parse_config
from storage.errors import (
    CorruptBatch,
    CorruptLog,
    DiskError,
    LogDirLocked,
    LogExists,
    LogOffline,
)
from storage.files import Disk, Lock
from storage.log import Log
from storage.log_layout import LOGS, Key, LogId, delete_topic, find_logs, log_path
from storage.meta_properties import claim_directory
from storage.recovery import RecoveryStart, create_log, recover_log
from storage.recovery_progress import RecoveryProgress
from storage.space_reserve import SpaceReserve

_logger = logging.getLogger(__name__)

LOCK = ".lock"
CLEAN_MARK = ".kafka_cleanshutdown"
RECOVERY_POINTS = "recovery-point-offset-checkpoint"
LOG_STARTS = "log-start-offset-checkpoint"
CLEANER_OFFSETS = "cleaner-offset-checkpoint"

_END_OF_TIME_MS = 1 << 63

_Offsets = list[tuple[str, int, int]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """What the checkpoints of a directory say at one moment."""

    cleaner_offsets: Mapping[Key, int]
    recovery_points: Mapping[Key, int]
    starts: Mapping[Key, int]


class LogDir:
    """The logs of one directory."""

    def __init__(self, disk: Disk, path: Path, lock: Lock, reserve_bytes: int) -> None:
        """Use ``open`` instead."""
        self.reserve = SpaceReserve(
            path, reserve_bytes, lambda: disk.free_bytes(path), _monotonic_ms
        )
        """Appends take their room from it."""

        self.path = path
        self.directory_id = ""
        """From ``meta.properties``; the same for as long as the directory lives."""

        self._retired = RetiredFiles(disk)
        self._disk = disk
        self._lock = lock
        self._logs: dict[Key, Log] = {}
        self._ids: dict[Key, LogId] = {}
        self._offline: dict[LogId, str] = {}
        self._offline_starts: dict[Key, RecoveryStart] = {}
        self._offline_cleaned: dict[Key, int] = {}
        self._written: dict[str, _Offsets] = {}
        self._writing = threading.Lock()
        self._current: Checkpoint | None = None
        self._fenced: str | None = None
        self._closed = False

    @classmethod
    def open(
        cls, path: Path, *, cluster_id: str, node_id: int, disk: Disk, reserve_bytes: int = 0
    ) -> "LogDir":
        """Take a directory; ``recover`` opens its logs.

        Args:
            path: Made if missing.
            cluster_id: Whose it must be.
            node_id: Whose it must be.
            disk: Where.
            reserve_bytes: Room that appends leave free.

        Raises:
            LogDirLocked: Another process has it.
            WrongLogDir: It belongs to another cluster or node.
            DiskError: The disk failed.
        """
        disk.make_directory(path)
        lock = disk.lock(path / LOCK)
        if lock is None:
            raise LogDirLocked(path)
        log_dir = cls(disk, path, lock, reserve_bytes)
        try:
            log_dir.directory_id = claim_directory(
                disk, path, cluster_id=cluster_id, node_id=node_id
            )
        except BaseException:
            lock.release()
            raise
        return log_dir

    @property
    def offline(self) -> Mapping[LogId, str]:
        """Logs that were refused, with the reason."""
        return self._offline

    @property
    def fenced(self) -> str | None:
        """Why nothing is written here any more, or None."""
        return self._fenced

    @property
    def log_count(self) -> int:
        """How many logs lie here, those offline too."""
        return len(self._ids) + len(self._offline)

    def space(self) -> tuple[int, int]:
        """Return how many bytes the file system of the directory has, and how many are free.

        Raises:
            DiskError: It cannot say.
        """
        return self._disk.total_bytes(self.path), self._disk.free_bytes(self.path)

    def logs(self) -> list[LogId]:
        """Return the ids of all logs, those offline too."""
        return [*self._ids.values(), *self._offline]

    def get(self, key: Key) -> Log | None:
        """Return a log, or None if there is none (or it is offline)."""
        return self._logs.get(key)

    def opened(self) -> list[tuple[LogId, Log]]:
        """Return the logs that are open."""
        return [(self._ids[key], log) for key, log in self._logs.items()]

    def recover(
        self, executor: Executor | None = None, progress: RecoveryProgress | None = None
    ) -> None:
        """Open every log, repairing what the last process left.

        Args:
            executor: Whose threads recover logs side by side; this one, one by one, if None.
            progress: Is told.

        Raises:
            DiskError: The disk failed.
        """
        mark = self.path / CLEAN_MARK
        clean = self._disk.exists(mark)
        points = self._offsets(RECOVERY_POINTS)
        starts = self._offsets(LOG_STARTS)
        cleaned = self._offsets(CLEANER_OFFSETS)
        if clean:
            self._disk.remove(mark)
            self._disk.sync_directory(self.path)
        self._disk.make_directory(self.path / LOGS)
        progress = progress or RecoveryProgress()
        found = [
            (
                log_id,
                RecoveryStart(
                    clean=clean,
                    recovery_point=points.get(log_id.key, 0),
                    log_start_offset=starts.get(log_id.key, 0),
                    on_checked=progress.checked,
                ),
            )
            for log_id in find_logs(self._disk, self.path)
        ]
        progress.expect(len(found))
        run = executor.map if executor is not None else map
        opened = run(lambda one: self._recovered(*one), found)
        for (log_id, start), log in zip(found, opened, strict=True):
            self._take(log_id, start, log, cleaned.get(log_id.key, 0))
            progress.done()

    def create(self, log_id: LogId, config: LogConfig) -> Log:
        """Make a new log, durably.

        Raises:
            LogExists: There is one.
            LogOffline: There is one, and it is corrupt; or the directory is fenced.
            DiskError: The disk failed.
        """
        if self._fenced is not None:
            raise LogOffline(self._fenced)
        if log_id.key in self._logs:
            raise LogExists(f"{log_id} has a log already")
        for known, reason in self._offline.items():
            if known.key == log_id.key:
                raise LogOffline(reason)
        log = create_log(self._disk, log_path(self.path, log_id), config)
        self._logs[log_id.key] = log
        self._ids[log_id.key] = log_id
        return log

    def delete_topic(self, topic_id: str) -> None:
        """Delete all logs of a topic: gone for good once the rename is durable.

        Raises:
            DiskError: The disk failed; what is left is deleted at the next start.
        """
        for key in [key for key in self._logs if key[0] == topic_id]:
            self._logs.pop(key).fence("deleted")
            del self._ids[key]
        for log_id in [one for one in self._offline if one.topic_id == topic_id]:
            del self._offline[log_id], self._offline_starts[log_id.key]
            self._offline_cleaned.pop(log_id.key, None)
        delete_topic(self._disk, self.path, topic_id)

    def fence(self, reason: str) -> None:
        """Write nothing here any more, until a restart."""
        if self._fenced is None:
            self._fenced = reason
            for log in self._logs.values():
                log.fence(reason)

    def write_checkpoints(self) -> None:
        """Write recovery points and log starts, then retire what lies below the starts.

        Files that were retired before are removed when their delay is over; at once when room is
        short.

        Raises:
            DiskError: The disk failed; the old checkpoints are still good.
        """
        checkpoint = self.begin_checkpoint()
        self.write_checkpoint(checkpoint)
        self.complete_checkpoint(checkpoint)

    def begin_checkpoint(self) -> Checkpoint:
        """Return what the checkpoints have to say now; any that was begun before is void."""
        points = {key: log.durable_end_offset for key, log in self._logs.items()}
        starts = {key: log.log_start_offset for key, log in self._logs.items()}
        cleaned = {key: log.cleaning.first_dirty_offset for key, log in self._logs.items()}
        for key, known in self._offline_starts.items():
            points[key], starts[key] = known.recovery_point, known.log_start_offset
        self._current = Checkpoint(
            cleaner_offsets=cleaned | self._offline_cleaned, recovery_points=points, starts=starts
        )
        return self._current

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write what a checkpoint says, unless it is void; on any thread.

        Raises:
            DiskError: The disk failed; the old checkpoints are still good.
        """
        with self._writing:
            if checkpoint is self._current and self._fenced is None:
                self._write_offsets(CLEANER_OFFSETS, checkpoint.cleaner_offsets)
                self._write_offsets(RECOVERY_POINTS, checkpoint.recovery_points)
                self._write_offsets(LOG_STARTS, checkpoint.starts)

    def complete_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Use what has been written: retire segments below the starts, remove what is due.

        Raises:
            DiskError: The disk failed.
        """
        if checkpoint is not self._current or self._fenced is not None:
            return
        now_ms = _monotonic_ms()
        for key, log in self._logs.items():
            if key in checkpoint.starts:
                log.cleaning.recovery_point = checkpoint.recovery_points[key]
                retired = log.retire_dead_segments(checkpoint.starts[key])
                self._retired.add(retired, now_ms + log.config.file_delete_delay_ms)
        self._retired.remove_due(_END_OF_TIME_MS if self.reserve.is_short else now_ms)

    def truncate_log(self, key: Key, offset: int) -> None:
        """Remove every record of a log at or above an offset, its recovery point first.

        Its start goes before, too: where the batch that is cut reaches below the start, the log
        begins again at the start, and a restart must not look for records before it.

        Raises:
            OffsetOutOfRange: Below the log's start.
            DiskError: The disk failed; nothing is removed, or the log is fenced.
        """
        log = self._logs[key]
        if log.log_start_offset <= offset < log.log_end_offset:
            with self._writing:
                self._current = None
                points = self._offsets(RECOVERY_POINTS)
                bases = [one.base_offset for one in log.segments if one.base_offset <= offset]
                if points.get(key, 0) > bases[-1]:
                    self._write_offsets(RECOVERY_POINTS, points | {key: bases[-1]})
                starts = self._offsets(LOG_STARTS)
                if starts.get(key, 0) < log.log_start_offset:
                    self._write_offsets(LOG_STARTS, starts | {key: log.log_start_offset})
        log.truncate_to(offset)

    def retire(self, paths: Iterable[Path], delay_ms: int) -> None:
        """Remove files that have their last name after a delay, not at once.

        Args:
            paths: The names are durable.
            delay_ms: ``file.delete.delay.ms``.
        """
        self._retired.add(paths, _monotonic_ms() + delay_ms)

    def apply_retention(self, now_ms: int) -> None:
        """Raise the starts of all logs as far as retention lets their segments go.

        The files are renamed with the next checkpoint, and removed when their delay is over.

        Args:
            now_ms: The clock, see ``retention.TrustedClock``.
        """
        for log in self._logs.values():
            log.apply_retention(now_ms)

    def expire_producers(self, now_ms: int) -> None:
        """Forget the producers that are silent for too long, in every log."""
        for log in self._logs.values():
            log.producers.expire(now_ms)

    def close(self) -> None:
        """Sync and close every log, leave the clean mark, give the directory back.

        Raises:
            DiskError: The disk failed; there is no clean mark.
        """
        if self._closed:
            return
        self._closed = True
        try:
            fenced = self._fenced is not None
            for log in self._logs.values():
                fenced = fenced or log.fenced is not None
                log.close()
            self.write_checkpoints()
            if not fenced and not self._offline:
                self._disk.write_atomically(self.path / CLEAN_MARK, b"")
        finally:
            self._lock.release()

    def abandon(self) -> None:
        """Give the directory back as it is, as a process that is killed does."""
        self._closed = True
        self._lock.release()

    def _recovered(self, log_id: LogId, start: RecoveryStart) -> Log | str:
        """Return a log, or why it cannot be opened; on any thread."""
        try:
            return recover_log(self._disk, log_path(self.path, log_id), parse_config({}), start)
        except (CorruptLog, CorruptBatch, DiskError) as error:
            return str(error)

    def _take(self, log_id: LogId, start: RecoveryStart, log: Log | str, cleaned: int) -> None:
        if isinstance(log, str):
            _logger.error("%s is offline: %s", log_id, log)
            self._offline[log_id] = log
            self._offline_starts[log_id.key] = start
            self._offline_cleaned[log_id.key] = cleaned
            return
        log.cleaning.recovery_point = min(start.recovery_point, log.log_end_offset)
        log.cleaning.first_dirty_offset = min(cleaned, log.cleaning.recovery_point)
        self._logs[log_id.key] = log
        self._ids[log_id.key] = log_id
        if not start.clean:
            _logger.info(
                "recovered %s: offsets %d to %d", log_id, log.log_start_offset, log.log_end_offset
            )

    def _write_offsets(self, name: str, offsets: Mapping[Key, int]) -> None:
        entries = [(*key, offset) for key, offset in sorted(offsets.items()) if offset]
        if self._written.get(name) != entries:
            write_checkpoint(self._disk, self.path / name, entries)
            self._written[name] = entries

    def _offsets(self, name: str) -> dict[Key, int]:
        path = self.path / name
        try:
            entries = read_checkpoint(self._disk, path)
            return {(topic, int(number)): int(offset) for topic, number, offset in entries}
        except (MalformedCheckpoint, ValueError) as error:
            _logger.error("%s does not read (%s): every log is read from its start", path, error)
            return {}


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000
