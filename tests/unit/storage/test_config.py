"""Topic configs: Kafka's defaults, the edges of each range, and every refusal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.config import (
    CONFIG_KEYS,
    CREATE_TIME,
    INT_MAX,
    LOG_APPEND_TIME,
    LONG_MAX,
    LogConfig,
    default_values,
    parse_config,
)
from storage.errors import InvalidConfig, UnknownConfig

INTEGER_KEYS = sorted(name for name, key in CONFIG_KEYS.items() if key.type in ("INT", "LONG"))
SMALL_KEYS = [name for name in INTEGER_KEYS if name.endswith(".level")]


def field_of(config: LogConfig, key: str) -> float | str:
    value: float | str = getattr(config, key.replace(".", "_"))
    return value


def test_parse_config_gives_kafkas_defaults_but_for_the_flush() -> None:
    assert parse_config({}) == LogConfig(
        segment_bytes=1_073_741_824,
        segment_ms=604_800_000,
        index_interval_bytes=4096,
        max_message_bytes=1_048_588,
        message_timestamp_type="CreateTime",
        message_timestamp_before_max_ms=LONG_MAX,
        message_timestamp_after_max_ms=3_600_000,
        flush_messages=1,
        flush_ms=LONG_MAX,
        compression_type="producer",
        compression_gzip_level=-1,
        compression_lz4_level=9,
        compression_zstd_level=3,
        cleanup_policy="delete",
        retention_ms=604_800_000,
        retention_bytes=-1,
        delete_retention_ms=86_400_000,
        min_compaction_lag_ms=0,
        max_compaction_lag_ms=LONG_MAX,
        min_cleanable_dirty_ratio=0.5,
        file_delete_delay_ms=60_000,
    )


def test_default_values_parse_to_the_defaults() -> None:
    assert parse_config(default_values()) == parse_config({})
    assert list(default_values()) == list(CONFIG_KEYS)


@pytest.mark.parametrize(
    ("key", "minimum", "maximum"),
    [
        ("segment.bytes", 1024, INT_MAX),
        ("segment.ms", 1, LONG_MAX),
        ("index.interval.bytes", 0, INT_MAX),
        ("max.message.bytes", 0, INT_MAX),
        ("message.timestamp.before.max.ms", 0, LONG_MAX),
        ("message.timestamp.after.max.ms", 0, LONG_MAX),
        ("flush.messages", 1, LONG_MAX),
        ("flush.ms", 0, LONG_MAX),
        ("compression.lz4.level", 1, 17),
        ("compression.zstd.level", -131_072, 22),
        ("retention.ms", -1, LONG_MAX),
        ("retention.bytes", -1, LONG_MAX),
        ("delete.retention.ms", 0, LONG_MAX),
        ("min.compaction.lag.ms", 0, LONG_MAX),
        ("max.compaction.lag.ms", 1, LONG_MAX),
        ("file.delete.delay.ms", 0, LONG_MAX),
    ],
)
def test_parse_config_takes_the_ends_of_a_range_and_nothing_beyond(
    key: str, minimum: int, maximum: int
) -> None:
    for edge in (minimum, maximum):
        assert field_of(parse_config({key: str(edge)}), key) == edge
    for beyond in (minimum - 1, maximum + 1):
        with pytest.raises(InvalidConfig, match=f"{key}: it must be {minimum} to {maximum}") as got:
            parse_config({key: str(beyond)})
        assert got.value.key == key


@pytest.mark.parametrize("key", INTEGER_KEYS)
@pytest.mark.parametrize(
    "value", ["", "-", "x", "1.5", "1e6", " 2048", "2048 ", "2_048", "+2048", "--1", "٣", "9" * 20]
)
def test_parse_config_refuses_what_is_no_integer(key: str, value: str) -> None:
    with pytest.raises(InvalidConfig, match="it must be an integer"):
        parse_config({key: value})


@pytest.mark.parametrize("value", [CREATE_TIME, LOG_APPEND_TIME])
def test_parse_config_takes_both_timestamp_types(value: str) -> None:
    config = parse_config({"message.timestamp.type": value})

    assert config.message_timestamp_type == value


@pytest.mark.parametrize("value", ["", "createtime", "NoTimestampType"])
def test_parse_config_refuses_other_timestamp_types(value: str) -> None:
    with pytest.raises(InvalidConfig, match="it must be one of CreateTime, LogAppendTime"):
        parse_config({"message.timestamp.type": value})


@pytest.mark.parametrize("value", ["-1", "1", "9"])
def test_parse_config_takes_the_levels_of_gzip(value: str) -> None:
    assert parse_config({"compression.gzip.level": value}).compression_gzip_level == int(value)


@pytest.mark.parametrize("value", ["0", "-2", "10"])
def test_parse_config_refuses_levels_that_gzip_has_not(value: str) -> None:
    with pytest.raises(InvalidConfig, match=r"compression\.gzip\.level"):
        parse_config({"compression.gzip.level": value})


@pytest.mark.parametrize(
    ("value", "parsed", "deletes", "is_compacted"),
    [
        ("delete", "delete", True, False),
        ("compact", "compact", False, True),
        ("compact,delete", "compact,delete", True, True),
        ("delete, compact", "compact,delete", True, True),
        ("delete,delete", "delete", True, False),
    ],
)
def test_parse_config_takes_every_cleanup_policy(
    value: str, parsed: str, deletes: bool, is_compacted: bool
) -> None:
    config = parse_config({"cleanup.policy": value})

    assert config.cleanup_policy == parsed
    assert (config.deletes, config.is_compacted) == (deletes, is_compacted)


@pytest.mark.parametrize("value", ["", "delete,", "Delete", "compact;delete", "none"])
def test_parse_config_refuses_other_cleanup_policies(value: str) -> None:
    with pytest.raises(InvalidConfig, match="it must be delete, compact, or both"):
        parse_config({"cleanup.policy": value})


@pytest.mark.parametrize("value", ["0", "0.5", "1", "1.0", "1e-3"])
def test_parse_config_takes_ratios(value: str) -> None:
    config = parse_config({"min.cleanable.dirty.ratio": value})

    assert config.min_cleanable_dirty_ratio == float(value)


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "-0.1", "1.01"])
def test_parse_config_refuses_what_is_no_ratio(value: str) -> None:
    with pytest.raises(InvalidConfig, match=r"min\.cleanable\.dirty\.ratio"):
        parse_config({"min.cleanable.dirty.ratio": value})


@pytest.mark.parametrize("key", ["", "retention.hours", "Segment.bytes", "segment_bytes"])
def test_parse_config_refuses_keys_that_nothing_obeys(key: str) -> None:
    with pytest.raises(UnknownConfig) as refused:
        parse_config({key: "1"})

    assert refused.value.key == key


@settings(deadline=None)
@given(
    key=st.sampled_from(sorted({*INTEGER_KEYS} - {*SMALL_KEYS})), number=st.integers(1024, INT_MAX)
)
def test_parse_config_changes_one_key_and_leaves_the_others(key: str, number: int) -> None:
    config = parse_config({key: str(number)})

    for other in CONFIG_KEYS:
        expected = number if other == key else field_of(parse_config({}), other)
        assert field_of(config, other) == expected


def test_every_config_key_is_named_typed_and_explained() -> None:
    for name, key in CONFIG_KEYS.items():
        assert key.name == name
        assert key.type in ("INT", "LONG", "DOUBLE", "STRING", "LIST")
        assert key.documentation.endswith(".")
        assert name.replace(".", "_") in LogConfig.__slots__
