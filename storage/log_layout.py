"""Names on disk: where the logs of a directory lie, and what else may lie there.

```text
<dir>/logs/<topic id>/<topic>-<partition>/…
<dir>/logs/<topic id>-delete/               a deletion that was decided, to be finished
<dir>/quarantine/                           names that nobody knows, put aside
```

Invariants:
    Nothing unknown is deleted, it is moved; the log line says where to.
    A topic is deleted by one rename; the rest can be repeated.
Called by: log_dir. Calls: files.
"""

import logging
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from storage.files import Disk

_logger = logging.getLogger(__name__)

LOGS = "logs"
QUARANTINE = "quarantine"
DELETE_SUFFIX = "-delete"

_TOPIC_ID = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_LOG_NAME = re.compile(r"(.{1,249})-(\d{1,10})\Z")

Key = tuple[str, int]
"""Topic id and partition number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogId:
    """Which log: the topic's id says which, its name is for people."""

    topic_id: str
    topic_name: str
    partition: int

    def __str__(self) -> str:
        """Return the name that Kafka gives the log's directory."""
        return f"{self.topic_name}-{self.partition}"

    @property
    def key(self) -> Key:
        """What makes it another log."""
        return self.topic_id, self.partition


def log_path(directory: Path, log_id: LogId) -> Path:
    """Return where a log lies in a log directory."""
    return directory / LOGS / log_id.topic_id / str(log_id)


def find_logs(disk: Disk, directory: Path) -> list[LogId]:
    """Return the logs of a log directory; finish deletions, put unknown names aside.

    Raises:
        DiskError: The disk failed.
    """
    found = []
    logs = directory / LOGS
    for topic_id in disk.list(logs):
        path = logs / topic_id
        if topic_id.endswith(DELETE_SUFFIX) and _TOPIC_ID.match(topic_id[:22]):
            disk.remove_tree(path)
            continue
        if not _TOPIC_ID.match(topic_id) or not disk.is_directory(path):
            quarantine(disk, directory, path)
            continue
        for name in disk.list(path):
            match = _LOG_NAME.match(name)
            if match is None or not disk.is_directory(path / name):
                quarantine(disk, directory, path / name)
                continue
            partition = int(match.group(2))
            found.append(LogId(topic_id=topic_id, topic_name=match.group(1), partition=partition))
    return found


def quarantine(disk: Disk, directory: Path, path: Path) -> Path:
    """Move what is not a log out of the way, and return where it is now."""
    aside = directory / QUARANTINE
    disk.make_directory(aside)
    target = aside / f"{path.name}.{uuid.uuid4().hex[:8]}"
    disk.rename(path, target)
    _logger.warning("%s is not a log: moved to %s", path, target)
    return target


def delete_topic(disk: Disk, directory: Path, topic_id: str) -> None:
    """Delete all logs of a topic: gone for good once the rename is durable.

    Raises:
        DiskError: The disk failed; what is left is deleted at the next start.
    """
    logs = directory / LOGS
    source = logs / topic_id
    if disk.exists(source):
        target = logs / f"{topic_id}{DELETE_SUFFIX}"
        disk.rename(source, target)
        disk.sync_directory(logs)
        disk.remove_tree(target)
