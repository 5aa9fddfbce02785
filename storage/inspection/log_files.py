"""Log files: which files a log's directory has, and what the directories above say of it.

Only reads. Called by: verify, repair, dump. Calls: files, checkpoints, log_layout.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.checkpoints import MalformedCheckpoint, read_checkpoint
from storage.errors import LogError
from storage.files import Disk
from storage.leader_epochs import FILE_NAME as EPOCHS
from storage.log_dir import LOG_STARTS, RECOVERY_POINTS
from storage.log_layout import DELETE_SUFFIX, LOGS, Key
from storage.segments.segment import LOG_SUFFIX, SWAP_SUFFIX

_SEGMENT_FILE = re.compile(r"(\d{20})\.(log|index|timeindex|txnindex|snapshot)\Z")
_LEFTOVER = re.compile(r".*\.(deleted|cleaned|swap|tmp|cut)\Z")
_LOG_NAME = re.compile(r".{1,249}-\d{1,10}\Z")
_LOG_FILE = re.compile(r"(\d{20})\.log\Z")


class NotALog(LogError):
    """There is neither a log nor a log directory at a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a log directory's checkpoints say of one log."""

    recovery_point: int = 0
    """Everything below had been synced."""

    log_start_offset: int = 0
    problems: tuple[str, ...] = ()
    """Names of checkpoints that do not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFiles:
    """The names in a log's directory, sorted by what they are."""

    bases: tuple[int, ...]
    """Base offsets of the segments, ascending."""

    indexes: tuple[str, ...]
    snapshots: tuple[str, ...]
    leftovers: tuple[str, ...]
    """What a process had begun to write or to remove; the next start deals with it."""

    foreign: tuple[str, ...]

    @property
    def swaps(self) -> tuple[str, ...]:
        """Log files of a compaction that counts, and whose names are not all changed yet."""
        return tuple(name for name in self.leftovers if name.endswith(LOG_SUFFIX + SWAP_SUFFIX))


def list_log_files(disk: Disk, directory: Path) -> LogFiles:
    """Return the names in a log's directory.

    Raises:
        DiskError: The disk failed.
    """
    bases, indexes, snapshots, leftovers, foreign = [], [], [], [], []
    for name in disk.list(directory):
        match = _SEGMENT_FILE.match(name)
        if match and disk.is_directory(directory / name):
            foreign.append(name)
        elif match and match.group(2) == "log":
            bases.append(int(match.group(1)))
        elif match and match.group(2) == "snapshot":
            snapshots.append(name)
        elif match:
            indexes.append(name)
        elif _LEFTOVER.match(name):
            leftovers.append(name)
        elif name != EPOCHS:
            foreign.append(name)
    return LogFiles(
        bases=tuple(sorted(bases)),
        indexes=tuple(indexes),
        snapshots=tuple(snapshots),
        leftovers=tuple(leftovers),
        foreign=tuple(foreign),
    )


def is_log(disk: Disk, path: Path) -> bool:
    """Return whether a path is the directory of one log."""
    if not disk.is_directory(path):
        return False
    if any(_LOG_FILE.match(name) for name in disk.list(path)):
        return True
    return _LOG_NAME.match(path.name) is not None and path.parent.parent.name == LOGS


def is_log_dir(disk: Disk, path: Path) -> bool:
    """Return whether a path is a log directory, as ``cauce serve --data-dir`` has it."""
    return disk.is_directory(path / LOGS)


def find_log_paths(disk: Disk, path: Path) -> Iterator[Path]:
    """Yield the directories of the logs at a path: of one log, or of all in a log directory.

    Raises:
        NotALog: There is none.
        DiskError: The disk failed.
    """
    if is_log_dir(disk, path):
        for topic_id in disk.list(path / LOGS):
            topic = path / LOGS / topic_id
            if topic_id.endswith(DELETE_SUFFIX) or not disk.is_directory(topic):
                continue
            yield from (topic / one for one in disk.list(topic) if is_log(disk, topic / one))
    elif is_log(disk, path):
        yield path
    else:
        raise NotALog(f"{path} is neither a log nor a log directory")


def find_strangers(disk: Disk, log_dir: Path) -> Iterator[Path]:
    """Yield what lies between the logs of a log directory and is none."""
    for topic_id in disk.list(log_dir / LOGS):
        topic = log_dir / LOGS / topic_id
        if not disk.is_directory(topic):
            yield topic
        elif not topic_id.endswith(DELETE_SUFFIX):
            yield from (topic / one for one in disk.list(topic) if not is_log(disk, topic / one))


def log_dir_of(log_path: Path) -> Path | None:
    """Return the log directory that a log lies in, None for a log that was copied elsewhere."""
    above = log_path.resolve().parents
    return above[2] if len(above) > 2 and above[1].name == LOGS else None


def key_of(log_path: Path) -> Key:
    """Return topic id and partition of a log in its log directory."""
    resolved = log_path.resolve()
    return resolved.parent.name, int(resolved.name.rpartition("-")[2])


def read_marks(disk: Disk, log_path: Path) -> Marks:
    """Return what the checkpoints say of a log; nothing of one that lies by itself."""
    log_dir = log_dir_of(log_path)
    if log_dir is None or not disk.is_directory(log_dir):
        return Marks()
    problems = []
    found = {}
    for name in (RECOVERY_POINTS, LOG_STARTS):
        try:
            found[name] = _offset(disk, log_dir / name, key_of(log_path))
        except (MalformedCheckpoint, ValueError):
            problems.append(name)
    return Marks(
        recovery_point=found.get(RECOVERY_POINTS, 0),
        log_start_offset=found.get(LOG_STARTS, 0),
        problems=tuple(problems),
    )


def _offset(disk: Disk, path: Path, key: Key) -> int:
    entries = read_checkpoint(disk, path)
    return {(topic, int(number)): int(at) for topic, number, at in entries}.get(key, 0)
