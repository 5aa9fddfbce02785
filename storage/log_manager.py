"""Log manager: the logs of this node, over all of its log directories (Kafka's ``log.dirs``).

A log lies in one directory as a whole; a new one goes where there are the fewest, as in Kafka.

Invariants:
    A directory that fails, at the start or later, takes only its own logs with it.
    A log is in at most one directory; two that hold the same one are both refused.
    A directory that this node had once and has not now is missed: what lies in it is unknown.
Called by: replication.replica_manager, wiring. Calls: log_dir.
"""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storage.config import LogConfig
from storage.errors import DiskError, LogExists, LogOffline, WrongLogDir
from storage.files import Disk
from storage.known_log_dirs import missing_log_dirs
from storage.log import Log
from storage.log_dir import LogDir
from storage.log_layout import Key, LogId
from storage.recovery_progress import RecoveryProgress

_logger = logging.getLogger(__name__)

RECOVERY_THREADS = 4
"""Logs that are recovered side by side: disks are waited for, and checksums are not Python."""


class LogManager:
    """The logs of all directories."""

    def __init__(
        self,
        directories: Sequence[LogDir],
        unusable: Mapping[Path, str],
        missing: Mapping[str, Path],
    ) -> None:
        """Use ``open`` instead."""
        self._directories = tuple(directories)
        self._unusable = dict(unusable)
        self._missing = dict(missing)

    @classmethod
    def open(
        cls,
        directories: Sequence[Path],
        *,
        cluster_id: str,
        node_id: int,
        disk: Disk | None = None,
        reserve_bytes: int = 0,
    ) -> "LogManager":
        """Take directories and recover every log in them.

        One whose disk fails is reported and left out.

        Args:
            directories: At least one; made if missing.
            cluster_id: Whose they must be.
            node_id: Whose they must be.
            disk: The operating system's files if None.
            reserve_bytes: Room that appends leave free on each.

        Raises:
            LogDirLocked: Another process has one of them.
            WrongLogDir: One belongs to another cluster or node, or two are the same.
            DiskError: None of them can be used.
        """
        disk = disk if disk is not None else Disk()
        opened: list[LogDir] = []
        unusable: dict[Path, str] = {}
        try:
            for path in directories:
                try:
                    log_dir = LogDir.open(
                        path,
                        cluster_id=cluster_id,
                        node_id=node_id,
                        disk=disk,
                        reserve_bytes=reserve_bytes,
                    )
                    opened.append(log_dir)
                except DiskError as error:
                    unusable[path] = str(error)
            _check_ids(opened)
            unusable |= _recover(opened)
            _check_logs(opened)
            for path, reason in unusable.items():
                _logger.critical("log directory %s is offline: %s", path, reason)
            if not opened:
                raise DiskError(f"no log directory can be used: {'; '.join(unusable.values())}")
            missing = _note_known(disk, opened, unusable)
        except BaseException:
            for log_dir in opened:
                log_dir.abandon()
            raise
        return cls(opened, unusable, missing)

    @property
    def directories(self) -> Sequence[LogDir]:
        """Those that could be opened, fenced ones too."""
        return self._directories

    @property
    def unusable(self) -> Mapping[Path, str]:
        """The directories that could not be opened, with the reason."""
        return self._unusable

    @property
    def missing(self) -> Sequence[Path]:
        """Where the directories were that this node had once and cannot read now."""
        return sorted(self._missing.values())

    @property
    def offline(self) -> Mapping[LogId, str]:
        """Logs that were refused, with the reason."""
        found: dict[LogId, str] = {}
        for log_dir in self._directories:
            found |= log_dir.offline
        return found

    def logs(self) -> list[LogId]:
        """Return the ids of all logs, those offline too."""
        return [log_id for log_dir in self._directories for log_id in log_dir.logs()]

    def get(self, topic_id: str, partition: int) -> Log | None:
        """Return a log, or None if there is none (or it is offline)."""
        log_dir = self.directory_of(topic_id, partition)
        return None if log_dir is None else log_dir.get((topic_id, partition))

    def directory_of(self, topic_id: str, partition: int) -> LogDir | None:
        """Return the directory in which a log lies, or None if there is none (or offline)."""
        for log_dir in self._directories:
            if log_dir.get((topic_id, partition)) is not None:
                return log_dir
        return None

    def create(self, log_id: LogId, config: LogConfig) -> Log:
        """Make a new log, durably, in the directory that has the fewest.

        Raises:
            LogExists: There is one.
            LogOffline: There is one, and it is corrupt; or every directory is fenced.
            DiskError: The disk failed.
        """
        return self.directory_for(log_id).create(log_id, config)

    def directory_for(self, log_id: LogId) -> LogDir:
        """Return the directory in which a new log is to be made.

        Raises:
            LogExists: There is one.
            LogOffline: There is one, and it is corrupt; or every directory is fenced.
        """
        if self.directory_of(*log_id.key) is not None:
            raise LogExists(f"{log_id} has a log already")
        for known, reason in self.offline.items():
            if known.key == log_id.key:
                raise LogOffline(reason)
        able = [log_dir for log_dir in self._directories if log_dir.fenced is None]
        if not able:
            raise LogOffline(f"{log_id} has no log directory: {self._directories[0].fenced}")
        return min(able, key=lambda log_dir: log_dir.log_count)

    def delete_topic(self, topic_id: str) -> None:
        """Delete all logs of a topic: gone for good once the renames are durable.

        Raises:
            DiskError: A disk failed; what is left is deleted at the next start.
        """
        failed = None
        for log_dir in self._directories:
            try:
                log_dir.delete_topic(topic_id)
            except DiskError as error:
                failed = error
        if failed is not None:
            raise failed

    def write_checkpoints(self) -> None:
        """Write recovery points and log starts of every directory, see ``LogDir``.

        Raises:
            DiskError: A disk failed; its old checkpoints are still good.
        """
        for log_dir in self._directories:
            log_dir.write_checkpoints()

    def truncate_log(self, topic_id: str, partition: int, offset: int) -> None:
        """Remove every record of a log at or above an offset, see ``LogDir``.

        Raises:
            OffsetOutOfRange: Below the log's start.
            DiskError: The disk failed; nothing is removed, or the log is fenced.
        """
        log_dir = self.directory_of(topic_id, partition)
        assert log_dir is not None, "a log that is truncated is there"
        log_dir.truncate_log((topic_id, partition), offset)

    def apply_retention(self, now_ms: int) -> None:
        """Raise the starts of all logs as far as retention lets their segments go.

        Args:
            now_ms: The clock, see ``retention.TrustedClock``.
        """
        for log_dir in self._directories:
            log_dir.apply_retention(now_ms)

    def expire_producers(self, now_ms: int) -> None:
        """Forget the producers that are silent for too long, in every log."""
        for log_dir in self._directories:
            log_dir.expire_producers(now_ms)

    def close(self) -> None:
        """Sync and close every log, leave clean marks, give the directories back.

        Raises:
            DiskError: A disk failed; there is no clean mark on it.
        """
        failed = None
        for log_dir in self._directories:
            try:
                log_dir.close()
            except DiskError as error:
                failed = error
        if failed is not None:
            raise failed

    def abandon(self) -> None:
        """Give the directories back as they are, as a process that is killed does."""
        for log_dir in self._directories:
            log_dir.abandon()


def _recover(opened: list[LogDir]) -> dict[Path, str]:
    """Recover the logs of all directories, side by side; take out those whose disk fails."""
    failed = {}
    progress = RecoveryProgress()
    with ThreadPoolExecutor(RECOVERY_THREADS, thread_name_prefix="recovery") as executor:
        for log_dir in tuple(opened):
            try:
                log_dir.recover(executor, progress)
            except DiskError as error:
                failed[log_dir.path] = str(error)
                opened.remove(log_dir)
                log_dir.abandon()
    progress.finish()
    return failed


def _note_known(
    disk: Disk, opened: Sequence[LogDir], unusable: Mapping[Path, str]
) -> dict[str, Path]:
    """Have each directory know of the others; return those that are missing."""
    present = {log_dir.directory_id: log_dir.path for log_dir in opened}
    missing = missing_log_dirs(disk, present)
    for directory_id, path in missing.items():
        if path in unusable:
            continue
        _logger.critical(
            "log directory %s, last seen at %s, is missing (is its disk mounted?): "
            "partitions whose logs may lie in it stay offline",
            directory_id,
            path,
        )
    return missing


def _check_ids(directories: Sequence[LogDir]) -> None:
    """Refuse a copy of a directory beside the original."""
    known: dict[str, Path] = {}
    for log_dir in directories:
        other = known.setdefault(log_dir.directory_id, log_dir.path)
        if other != log_dir.path:
            raise WrongLogDir(
                f"{log_dir.path} and {other} have the same directory.id: one is a copy"
            )


def _check_logs(directories: Sequence[LogDir]) -> None:
    """Refuse two logs of one partition: nobody can say which one counts."""
    known: dict[Key, Path] = {}
    for log_dir in directories:
        for log_id in log_dir.logs():
            other = known.setdefault(log_id.key, log_dir.path)
            if other != log_dir.path:
                raise WrongLogDir(
                    f"{log_id} ({log_id.topic_id}) lies in {other} and in {log_dir.path}: "
                    "move one of them away"
                )
