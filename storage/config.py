"""Topic configs: Kafka's keys, types, defaults and checks.

A key stands here once something obeys it; all others are refused, so that nobody believes in a
setting that does nothing. ``flush.messages`` alone has another default than Kafka's: 1, an
acknowledgement means that the records are on disk (ARCHITECTURE.md, durability).
Source: Kafka docs, "Topic Configs".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from storage.errors import InvalidConfig, UnknownConfig
from storage.limits import SEGMENT_BYTES_MAX

INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1

CREATE_TIME = "CreateTime"
LOG_APPEND_TIME = "LogAppendTime"

DELETE = "delete"
COMPACT = "compact"

PRODUCER = "producer"
"""Batches stay compressed as their producer sent them."""

UNCOMPRESSED = "uncompressed"
UNLIMITED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """The configs of one topic, parsed."""

    segment_bytes: int
    segment_ms: int
    index_interval_bytes: int
    max_message_bytes: int
    message_timestamp_type: str
    message_timestamp_before_max_ms: int
    message_timestamp_after_max_ms: int
    flush_messages: int
    flush_ms: int
    compression_type: str
    compression_gzip_level: int
    compression_lz4_level: int
    compression_zstd_level: int
    cleanup_policy: str
    retention_ms: int
    retention_bytes: int
    delete_retention_ms: int
    min_compaction_lag_ms: int
    max_compaction_lag_ms: int
    min_cleanable_dirty_ratio: float
    file_delete_delay_ms: int

    @property
    def is_compacted(self) -> bool:
        """Whether only the last record of each key is kept."""
        return COMPACT in self.cleanup_policy

    @property
    def segment_ms_max(self) -> int:
        """Age at which a segment is closed: in time to be compacted (KIP-354)."""
        if self.is_compacted:
            return min(self.segment_ms, self.max_compaction_lag_ms)
        return self.segment_ms

    @property
    def deletes(self) -> bool:
        """Whether old segments go by age and size."""
        return DELETE in self.cleanup_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigKey:
    """One config key."""

    name: str
    type: str
    """``INT``, ``LONG``, ``DOUBLE``, ``STRING`` or ``LIST``, as Kafka names them."""

    default: str
    documentation: str
    check: Callable[[str], int | float | str]
    """Returns the parsed value; raises ``ValueError`` with the reason."""


def _integer(minimum: int, maximum: int) -> Callable[[str], int]:
    def check(value: str) -> int:
        digits = value[1:] if value[:1] == "-" else value
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
            raise ValueError("it must be an integer")
        number = int(value)
        if not minimum <= number <= maximum:
            raise ValueError(f"it must be {minimum} to {maximum}")
        return number

    return check


def _one_of(*allowed: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"it must be one of {', '.join(allowed)}")
        return value

    return check


def _ratio(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError("it must be a number") from None
    if not 0 <= number <= 1:
        raise ValueError("it must be 0 to 1")
    return number


def _gzip_level(value: str) -> int:
    number = _integer(-1, 9)(value)
    if number == 0:
        raise ValueError("it must be -1 (the library's default) or 1 to 9")
    return number


def _policies(value: str) -> str:
    """Return the policies in the order of the alphabet."""
    found = {one.strip() for one in value.split(",")}
    if not found <= {DELETE, COMPACT}:
        raise ValueError(f"it must be {DELETE}, {COMPACT}, or both with a comma between")
    return ",".join(sorted(found))


def _key(
    name: str,
    kind: str,
    default: float | str,
    check: Callable[[str], int | float | str],
    documentation: str,
) -> ConfigKey:
    return ConfigKey(
        name=name, type=kind, default=str(default), documentation=documentation, check=check
    )


_LOG_KEYS = (
    _key(
        "segment.bytes",
        "INT",
        1 << 30,
        _integer(1024, SEGMENT_BYTES_MAX),
        "Size in bytes at which a segment file is closed and a new one begun.",
    ),
    _key(
        "segment.ms",
        "LONG",
        7 * 24 * 3600 * 1000,
        _integer(1, LONG_MAX),
        "Age in milliseconds, by record time, at which a segment is closed even if not full.",
    ),
    _key(
        "index.interval.bytes",
        "INT",
        4096,
        _integer(0, INT_MAX),
        "Bytes of log between two entries of a segment's offset index.",
    ),
    _key(
        "max.message.bytes",
        "INT",
        1_048_588,
        _integer(0, INT_MAX),
        "Largest record batch in bytes that may be appended.",
    ),
    _key(
        "message.timestamp.type",
        "STRING",
        CREATE_TIME,
        _one_of(CREATE_TIME, LOG_APPEND_TIME),
        "Whether a record's timestamp is the producer's or the time of the append.",
    ),
    _key(
        "message.timestamp.before.max.ms",
        "LONG",
        LONG_MAX,
        _integer(0, LONG_MAX),
        "How far before the node's clock a record's timestamp may be.",
    ),
    _key(
        "message.timestamp.after.max.ms",
        "LONG",
        3_600_000,
        _integer(0, LONG_MAX),
        "How far after the node's clock a record's timestamp may be.",
    ),
    _key(
        "flush.messages",
        "LONG",
        1,
        _integer(1, LONG_MAX),
        "Records after which the log is synced to disk. 1: before they are acknowledged. More: "
        "records are acknowledged first, and a power cut may lose the last ones.",
    ),
    _key(
        "flush.ms",
        "LONG",
        LONG_MAX,
        _integer(0, LONG_MAX),
        "Milliseconds after which the log is synced to disk. Less than the default means that "
        "records are acknowledged first, and a power cut may lose the last ones.",
    ),
)
_CLEANUP_KEYS = (
    _key(
        "compression.type",
        "STRING",
        PRODUCER,
        _one_of(PRODUCER, UNCOMPRESSED, "gzip", "snappy", "lz4", "zstd"),
        "How batches are compressed on disk. producer: as they came.",
    ),
    _key(
        "compression.gzip.level",
        "INT",
        -1,
        _gzip_level,
        "Level of gzip, 1 to 9, where compression.type is gzip. -1: the library's default.",
    ),
    _key(
        "compression.lz4.level",
        "INT",
        9,
        _integer(1, 17),
        "Level of lz4 where compression.type is lz4. 9: the fast compressor.",
    ),
    _key(
        "compression.zstd.level",
        "INT",
        3,
        _integer(-131072, 22),
        "Level of zstd where compression.type is zstd.",
    ),
    _key(
        "cleanup.policy",
        "LIST",
        DELETE,
        _policies,
        "delete: old segments go by retention.ms and retention.bytes. compact: the last record of "
        "each key stays. Both with a comma between.",
    ),
    _key(
        "retention.ms",
        "LONG",
        7 * 24 * 3600 * 1000,
        _integer(UNLIMITED, LONG_MAX),
        "Milliseconds after which a segment may go, counted from its largest record time. "
        "-1: never.",
    ),
    _key(
        "retention.bytes",
        "LONG",
        UNLIMITED,
        _integer(UNLIMITED, LONG_MAX),
        "Bytes of a partition above which its oldest segments may go. -1: never.",
    ),
    _key(
        "file.delete.delay.ms",
        "LONG",
        60_000,
        _integer(0, LONG_MAX),
        "Milliseconds for which the files of a removed segment stay, renamed.",
    ),
    _key(
        "delete.retention.ms",
        "LONG",
        24 * 3600 * 1000,
        _integer(0, LONG_MAX),
        "Milliseconds for which a tombstone stays in a compacted topic after all that it deletes "
        "is gone, so that every reader sees it.",
    ),
    _key(
        "min.cleanable.dirty.ratio",
        "DOUBLE",
        0.5,
        _ratio,
        "Share of a compacted log that must be new before it is compacted again.",
    ),
    _key(
        "min.compaction.lag.ms",
        "LONG",
        0,
        _integer(0, LONG_MAX),
        "Milliseconds for which a record stays uncompacted at least.",
    ),
    _key(
        "max.compaction.lag.ms",
        "LONG",
        LONG_MAX,
        _integer(1, LONG_MAX),
        "Milliseconds after which a record is compacted at the latest, whatever the dirty ratio.",
    ),
)

CONFIG_KEYS: Mapping[str, ConfigKey] = MappingProxyType(
    {key.name: key for key in _LOG_KEYS + _CLEANUP_KEYS}
)
"""Every topic config that is obeyed, by name."""


def default_values() -> Mapping[str, str]:
    """Return the default of every key."""
    return {name: key.default for name, key in CONFIG_KEYS.items()}


def parse_config(overrides: Mapping[str, str]) -> LogConfig:
    """Return the configs of a topic that overrides some defaults.

    Raises:
        UnknownConfig: A key that is not obeyed here.
        InvalidConfig: A value that its key does not allow.
    """
    for name in overrides:
        if name not in CONFIG_KEYS:
            raise UnknownConfig(name)
    values: dict[str, int | float | str] = {}
    for name, key in CONFIG_KEYS.items():
        written = overrides.get(name, key.default)
        try:
            values[name.replace(".", "_")] = key.check(written)
        except ValueError as error:
            raise InvalidConfig(name, written, str(error)) from None
    return LogConfig(**values)  # type: ignore[arg-type] # each check returns its field's type
