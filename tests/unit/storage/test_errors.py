"""Refusals and failures: what each one says, and what a caller can read from it."""

from pathlib import Path

import pytest

from storage import errors
from storage.errors import (
    BatchTooLarge,
    CorruptLog,
    DiskError,
    InvalidConfig,
    LogDirLocked,
    LogError,
    OffsetOutOfRange,
    UnknownConfig,
)


def test_every_error_is_a_refusal_but_the_failing_disk() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    raised = [one for one in classes if issubclass(one, Exception)]

    failures = [one for one in raised if not issubclass(one, LogError)]
    assert failures[0] is DiskError
    assert all(issubclass(one, DiskError) for one in failures)


def test_offset_out_of_range_keeps_its_three_offsets() -> None:
    error = OffsetOutOfRange(7, 10, 20)

    assert str(error) == "offset 7 is outside [10, 20]"
    assert (error.requested, error.start, error.end) == (7, 10, 20)


def test_batch_too_large_keeps_its_two_sizes() -> None:
    error = BatchTooLarge(300, 200)

    assert str(error) == "a batch of 300 bytes is larger than max.message.bytes=200"
    assert (error.size, error.maximum) == (300, 200)


def test_log_dir_locked_names_the_lock_file_and_the_way_out() -> None:
    error = LogDirLocked(Path("data"))

    assert error.path == Path("data")
    assert "data/.lock" in str(error)
    assert "--data-dir" in str(error)


def test_corrupt_log_names_the_place_and_the_reason() -> None:
    error = CorruptLog(Path("t-0"), "a hole")

    assert str(error) == "t-0: a hole"
    assert (error.path, error.reason) == (Path("t-0"), "a hole")


def test_invalid_config_names_key_value_and_reason() -> None:
    error = InvalidConfig("segment.ms", "soon", "it must be an integer")

    assert str(error) == "Invalid value 'soon' for configuration segment.ms: it must be an integer"
    assert error.key == "segment.ms"


@pytest.mark.parametrize(
    "error", [UnknownConfig("x" * 9999), InvalidConfig("segment.ms", "x" * 9999, "no")]
)
def test_config_errors_stay_short_when_a_client_sends_much(error: LogError) -> None:
    assert len(str(error)) < 300
