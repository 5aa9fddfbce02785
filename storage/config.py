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


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigKey:
    """One config key."""

    name: str
    type: str
    """``INT``, ``LONG`` or ``STRING``, as Kafka names them."""

    default: str
    documentation: str
    check: Callable[[str], int | str]
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


def _key(
    name: str, kind: str, default: int | str, check: Callable[[str], int | str], documentation: str
) -> ConfigKey:
    return ConfigKey(
        name=name, type=kind, default=str(default), documentation=documentation, check=check
    )


_KEYS = (
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

CONFIG_KEYS: Mapping[str, ConfigKey] = MappingProxyType({key.name: key for key in _KEYS})
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
    values: dict[str, int | str] = {}
    for name, key in CONFIG_KEYS.items():
        written = overrides.get(name, key.default)
        try:
            values[name.replace(".", "_")] = key.check(written)
        except ValueError as error:
            raise InvalidConfig(name, written, str(error)) from None
    return LogConfig(**values)  # type: ignore[arg-type] # each check returns its field's type
