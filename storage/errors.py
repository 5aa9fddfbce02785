"""What the log may refuse, and how the disk may fail.

A ``LogError`` is a refusal: the disk is fine, nothing was changed, the caller can act on it. A
``DiskError`` is a failing disk: whether the bytes are there is unknown.
"""

from pathlib import Path


class LogError(Exception):
    """The log refuses, and the disk is fine."""


class CorruptBatch(LogError):
    """Bytes that are not a valid record batch."""


class UnsupportedCompression(LogError):
    """A batch is compressed in a way that cannot be read here."""


class InvalidBatch(LogError):
    """A well-formed batch that may not be appended here."""


class OffsetOutOfRange(LogError):
    """The requested offset is below the log's start or beyond its end."""

    def __init__(self, requested: int, start: int, end: int) -> None:
        super().__init__(f"offset {requested} is outside [{start}, {end}]")
        self.requested = requested
        self.start = start
        self.end = end


class BatchTooLarge(LogError):
    """A batch is larger than ``max.message.bytes``."""

    def __init__(self, size: int, maximum: int) -> None:
        super().__init__(f"a batch of {size} bytes is larger than max.message.bytes={maximum}")
        self.size = size
        self.maximum = maximum


class InvalidTimestamp(LogError):
    """A timestamp is negative or further from now than the topic allows."""


class OutOfOrderSequence(LogError):
    """A batch of an idempotent producer is not the one that comes next."""


class InvalidProducerEpoch(LogError):
    """A newer incarnation of the producer has written."""


class InvalidTransaction(LogError):
    """A batch does not fit the transaction that its producer has, or has not, open."""


class StaleCoordinator(LogError):
    """A marker of a transaction coordinator that another one has replaced."""


class UnknownConfig(LogError):
    """A topic config that does not exist here."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Unknown topic config name: {key[:200]}")
        self.key = key


class InvalidConfig(LogError):
    """A topic config whose value is not allowed."""

    def __init__(self, key: str, value: str, reason: str) -> None:
        super().__init__(f"Invalid value {value[:200]!r} for configuration {key}: {reason}")
        self.key = key


class LogExists(LogError):
    """A log of this topic id and partition exists already."""


class UnknownLog(LogError):
    """No log of this topic id and partition."""


class LogDirLocked(LogError):
    """Another process holds the data directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"data directory {path} is in use by another process (it holds {path / '.lock'}); "
            "stop it or choose another --data-dir"
        )
        self.path = path


class WrongLogDir(LogError):
    """The data directory belongs to another cluster or node."""


class LogDirFull(LogError):
    """So little room is left in a log directory that it takes no more records for now."""

    def __init__(self, path: Path, free_bytes: int, reserve_bytes: int) -> None:
        super().__init__(
            f"a log directory is full: {free_bytes} bytes are free, and "
            f"{reserve_bytes} are kept in reserve; delete records or topics, or make room"
        )
        self.path = path


class CorruptLog(LogError):
    """Records below the durable point are damaged or missing: refused, never cut off."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class LogOffline(LogError):
    """The log serves nothing any more: its directory was fenced, or it is corrupt or gone."""


class LogDeleted(LogOffline):
    """The log was deleted, with its topic."""


class DiskError(Exception):
    """The disk failed; what was written may or may not be there."""


class PassingDiskError(DiskError):
    """The disk is sound and refuses for now; what was begun has been taken back."""


class DiskFull(PassingDiskError):
    """There is no room, or this user's quota is used up."""


class TooManyOpenFiles(PassingDiskError):
    """This process, or the whole machine, has no file descriptor left."""
