"""Log manager: all logs of one data directory, and the only process that may touch them.

```text
<data>/.lock                              held while the process lives
<data>/meta.properties                    whose directory this is
<data>/.kafka_cleanshutdown               the last process closed everything
<data>/recovery-point-offset-checkpoint   below these offsets all was synced
<data>/log-start-offset-checkpoint        below these offsets nothing may be read
<data>/logs/<topic id>/<topic>-<partition>/…
<data>/quarantine/                        names that nobody knows, put aside
```

The two checkpoints have Kafka's form with the topic id in place of the name, since a name can be
taken again.

Invariants:
    The clean mark is gone, durably, before the first append.
    A recovery point is written after the sync that it speaks of; a log start before files go.
    What is known of a log that is offline stays in the checkpoints: a restart must not take its
    damage for a torn tail.
    Nothing unknown is deleted. A topic is deleted by one rename; the rest can be repeated.
Called by: replication.replica_manager, wiring. Calls: recovery, log.
"""

import logging
import re
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
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
    WrongLogDir,
)
from storage.files import Disk, Lock
from storage.log import Log
from storage.recovery import RecoveryStart, create_log, recover_log

_logger = logging.getLogger(__name__)

LOCK = ".lock"
META = "meta.properties"
CLEAN_MARK = ".kafka_cleanshutdown"
RECOVERY_POINTS = "recovery-point-offset-checkpoint"
LOG_STARTS = "log-start-offset-checkpoint"
LOGS = "logs"
QUARANTINE = "quarantine"
DELETE_SUFFIX = "-delete"

_TOPIC_ID = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_LOG_NAME = re.compile(r"(.{1,249})-(\d{1,10})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogId:
    """Which log: the topic's id says which, its name is for people."""

    topic_id: str
    topic_name: str
    partition: int


Key = tuple[str, int]


class LogManager:
    """The logs of one data directory."""

    def __init__(self, disk: Disk, directory: Path, lock: Lock) -> None:
        """Use ``open`` instead."""
        self._retired = RetiredFiles(disk)
        self._disk = disk
        self._directory = directory
        self._lock = lock
        self._logs: dict[Key, Log] = {}
        self._ids: dict[Key, LogId] = {}
        self._offline: dict[LogId, str] = {}
        self._offline_starts: dict[Key, RecoveryStart] = {}
        self._closed = False

    def _monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    @classmethod
    def open(
        cls, directory: Path, *, cluster_id: str, node_id: int, disk: Disk | None = None
    ) -> "LogManager":
        """Take a data directory and recover every log in it.

        Args:
            directory: Made if missing.
            cluster_id: Whose it must be.
            node_id: Whose it must be.
            disk: The operating system's files if None.

        Raises:
            LogDirLocked: Another process has it.
            WrongLogDir: It belongs to another cluster or node.
            DiskError: The disk failed.
        """
        disk = disk if disk is not None else Disk()
        disk.make_directory(directory)
        lock = disk.lock(directory / LOCK)
        if lock is None:
            raise LogDirLocked(directory)
        try:
            manager = cls(disk, directory, lock)
            manager._claim(cluster_id, node_id)
            manager._recover()
        except BaseException:
            lock.release()
            raise
        return manager

    @property
    def offline(self) -> Mapping[LogId, str]:
        """Logs that were refused, with the reason."""
        return self._offline

    def logs(self) -> list[LogId]:
        """Return the ids of all logs, those offline too."""
        return [*self._ids.values(), *self._offline]

    def get(self, topic_id: str, partition: int) -> Log | None:
        """Return a log, or None if there is none (or it is offline)."""
        return self._logs.get((topic_id, partition))

    def create(self, log_id: LogId, config: LogConfig) -> Log:
        """Make a new log, durably.

        Raises:
            LogExists: There is one.
            LogOffline: There is one, and it is corrupt.
            DiskError: The disk failed.
        """
        key = (log_id.topic_id, log_id.partition)
        if key in self._logs:
            raise LogExists(f"{log_id.topic_name}-{log_id.partition} has a log already")
        for known, reason in self._offline.items():
            if (known.topic_id, known.partition) == key:
                raise LogOffline(reason)
        log = create_log(self._disk, self._path(log_id), config)
        self._logs[key] = log
        self._ids[key] = log_id
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
            del self._offline[log_id], self._offline_starts[log_id.topic_id, log_id.partition]
        logs = self._directory / LOGS
        source = logs / topic_id
        if self._disk.exists(source):
            target = logs / f"{topic_id}{DELETE_SUFFIX}"
            self._disk.rename(source, target)
            self._disk.sync_directory(logs)
            self._disk.remove_tree(target)

    def write_checkpoints(self) -> None:
        """Write recovery points and log starts, then retire what lies below the starts.

        Raises:
            DiskError: The disk failed; the old checkpoints are still good.
        """
        now_ms = self._monotonic_ms()
        points = {key: log.durable_end_offset for key, log in self._logs.items()}
        starts = {key: log.log_start_offset for key, log in self._logs.items()}
        for key, known in self._offline_starts.items():
            points[key], starts[key] = known.recovery_point, known.log_start_offset
        for name, offsets in ((RECOVERY_POINTS, points), (LOG_STARTS, starts)):
            entries = [(*key, offset) for key, offset in sorted(offsets.items()) if offset]
            write_checkpoint(self._disk, self._directory / name, entries)
        for log in self._logs.values():
            self._retired.add(log.retire_dead_segments(), now_ms + log.config.file_delete_delay_ms)
        self._retired.remove_due(now_ms)

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
            fenced = False
            for log in self._logs.values():
                fenced = fenced or log.fenced is not None
                log.close()
            self.write_checkpoints()
            if not fenced and not self._offline:
                self._disk.write_atomically(self._directory / CLEAN_MARK, b"")
        finally:
            self._lock.release()

    def _path(self, log_id: LogId) -> Path:
        name = f"{log_id.topic_name}-{log_id.partition}"
        return self._directory / LOGS / log_id.topic_id / name

    def _claim(self, cluster_id: str, node_id: int) -> None:
        path = self._directory / META
        if not self._disk.exists(path):
            directory_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            text = (
                f"version=1\ncluster.id={cluster_id}\nnode.id={node_id}\n"
                f"directory.id={directory_id}\n"
            )
            self._disk.write_atomically(path, text.encode())
            return
        lines = self._disk.read_bytes(path).decode("utf-8", "replace").splitlines()
        found = dict(line.split("=", 1) for line in lines if "=" in line)
        expected = {"version": "1", "cluster.id": cluster_id, "node.id": str(node_id)}
        for name, value in expected.items():
            if found.get(name) != value:
                raise WrongLogDir(
                    f"{path} says {name}={found.get(name)}, but this node has {name}={value}; "
                    "the directory belongs to another cluster or node"
                )

    def _recover(self) -> None:
        mark = self._directory / CLEAN_MARK
        clean = self._disk.exists(mark)
        points = self._offsets(RECOVERY_POINTS)
        starts = self._offsets(LOG_STARTS)
        if clean:
            self._disk.remove(mark)
            self._disk.sync_directory(self._directory)
        self._disk.make_directory(self._directory / LOGS)
        for log_id in self._find_logs():
            key = (log_id.topic_id, log_id.partition)
            start = RecoveryStart(
                clean=clean, recovery_point=points.get(key, 0), log_start_offset=starts.get(key, 0)
            )
            self._recover_one(log_id, start)

    def _recover_one(self, log_id: LogId, start: RecoveryStart) -> None:
        key = (log_id.topic_id, log_id.partition)
        try:
            log = recover_log(self._disk, self._path(log_id), parse_config({}), start)
        except (CorruptLog, CorruptBatch, DiskError) as error:
            _logger.error("%s-%d is offline: %s", log_id.topic_name, log_id.partition, error)
            self._offline[log_id] = str(error)
            self._offline_starts[key] = start
            return
        self._logs[key] = log
        self._ids[key] = log_id
        if not start.clean:
            _logger.info(
                "recovered %s-%d: offsets %d to %d",
                log_id.topic_name,
                log_id.partition,
                log.log_start_offset,
                log.log_end_offset,
            )

    def _find_logs(self) -> list[LogId]:
        """Return the logs on disk; finish deletions, put unknown names aside."""
        found = []
        logs = self._directory / LOGS
        for topic_id in self._disk.list(logs):
            path = logs / topic_id
            if topic_id.endswith(DELETE_SUFFIX) and _TOPIC_ID.match(topic_id[:22]):
                self._disk.remove_tree(path)
                continue
            if not _TOPIC_ID.match(topic_id) or not self._disk.is_directory(path):
                self._quarantine(path)
                continue
            for name in self._disk.list(path):
                match = _LOG_NAME.match(name)
                if match is None or not self._disk.is_directory(path / name):
                    self._quarantine(path / name)
                    continue
                partition = int(match.group(2))
                found.append(
                    LogId(topic_id=topic_id, topic_name=match.group(1), partition=partition)
                )
        return found

    def _quarantine(self, path: Path) -> None:
        aside = self._directory / QUARANTINE
        self._disk.make_directory(aside)
        target = aside / f"{path.name}.{uuid.uuid4().hex[:8]}"
        self._disk.rename(path, target)
        _logger.warning("%s is not a log: moved to %s", path, target)

    def _offsets(self, name: str) -> dict[Key, int]:
        path = self._directory / name
        try:
            entries = read_checkpoint(self._disk, path)
            return {(topic, int(number)): int(offset) for topic, number, offset in entries}
        except (MalformedCheckpoint, ValueError) as error:
            _logger.error("%s does not read (%s): every log is read from its start", path, error)
            return {}
