"""Numbers, choices and texts of settings: what is taken, and how what is not is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import load_settings
from app.settings_values import SettingsError

BOUNDS = [
    ("http_port", 0, 65_535),
    ("kafka_port", 0, 65_535),
    ("kafka_connections_max", 1, 2**31 - 1),
    ("connections_max_per_ip", 1, 2**31 - 1),
    ("advertised_port", 1, 65_535),
    ("node_id", 0, 2**31 - 1),
    ("num_partitions", 1, 10_000),
    ("offsets_topic_num_partitions", 1, 10_000),
    ("offsets_retention_minutes", 1, 2**31 - 1),
    ("group_initial_rebalance_delay_ms", 0, 2**31 - 1),
    ("group_min_session_timeout_ms", 1, 1_800_000),
    ("cors_max_age_seconds", 0, 86_400),
    ("response_compression_min_bytes", 0, 2**31 - 1),
    ("group_consumer_session_timeout_ms", 1, 1_800_000),
    ("group_consumer_heartbeat_interval_ms", 1, 1_800_000),
    ("log_reserve_bytes", 0, 2**63 - 1),
    ("log_retention_check_interval_ms", 1, 2**31 - 1),
    ("log_cleaner_backoff_ms", 1, 2**31 - 1),
    ("log_cleaner_dedupe_buffer_bytes", 1 << 20, 2**40),
    ("log_cleaner_io_max_bytes_per_second", 0, 2**40),
]


@pytest.mark.parametrize(("name", "low", "high"), BOUNDS)
def test_number_is_taken_within_its_bounds_and_refused_beyond(
    name: str, low: int, high: int
) -> None:
    assert getattr(load_settings({name: low}, {}), name) == low
    assert getattr(load_settings({name: str(high)}, {}), name) == high
    for beyond in (low - 1, high + 1):
        with pytest.raises(SettingsError, match=f"{name} must be {low} to {high}, not {beyond}"):
            load_settings({name: beyond}, {})


@given(name=st.sampled_from([name for name, _, _ in BOUNDS]), text=st.text())
def test_any_text_for_a_number_is_one_or_refused_by_name(name: str, text: str) -> None:
    try:
        value = getattr(load_settings({}, {f"CAUCE_{name.upper()}": text}), name)
    except SettingsError as error:
        assert str(error).startswith(f"{name} must be ")  # noqa: PT017 - both outcomes are right
    else:
        assert value == int(text)


@pytest.mark.parametrize("value", ["1.0", "0x10", "", "one", "9" * 5_000])
def test_number_in_another_form_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="http_port must be "):
        load_settings({}, {"CAUCE_HTTP_PORT": value})


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("log_level", "debug, info, warning, error"),
        ("log_format", "text, json"),
        ("group_consumer_migration_policy", "disabled, downgrade, upgrade, bidirectional"),
    ],
)
def test_choice_is_taken_in_any_case_and_others_are_refused(name: str, choices: str) -> None:
    for choice in choices.split(", "):
        assert getattr(load_settings({name: choice.upper()}, {}), name) == choice
    with pytest.raises(SettingsError, match=f"{name} must be one of {choices}, not 'loud'"):
        load_settings({name: "loud"}, {})


@pytest.mark.parametrize("name", ["data_dir", "host", "database_url", "public_url"])
def test_empty_text_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must not be empty"):
        load_settings({}, {f"CAUCE_{name.upper()}": ""})


@pytest.mark.parametrize("name", ["data_dir", "host", "database_url", "public_url"])
def test_null_character_which_no_system_call_takes_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "cauce.toml"
    file.write_text(f'{name} = "a\\u0000b"')

    with pytest.raises(SettingsError, match=f"{name} must not hold a null character"):
        load_settings({"config_file": file}, {})
