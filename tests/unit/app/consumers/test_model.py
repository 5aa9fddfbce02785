"""Settings are checked when they are made; what a poll hands out is counted."""

from typing import Any

import pytest

from app.consumers.errors import InvalidSettings
from app.consumers.model import (
    MADE_BYTES_MAX,
    MADE_MAX,
    Made,
    Polled,
    PolledBatch,
    PolledSlice,
    Position,
    SessionSettings,
    TopicPartition,
)
from storage.format.batch import parse_header
from tests.support.consumers import batch_at


@pytest.mark.parametrize(
    "given",
    [
        {"fetch_min_bytes": 10_000_001},
        {"request_wait_ms": -1},
        {"idle_timeout_ms": 0},
        {"group": ""},
        {"group": "g", "name": "a\x00b"},
        {"group": "g", "name": "\ud800"},
        {"group": "g", "name": "n" * 256},
        {"is_durable": True, "group": "g"},
        {"is_durable": True, "name": "n"},
        {"auto_offset_reset": -1},
        {"assignors": ()},
        {"assignors": ("best",)},
        {"assignors": ("cooperative-sticky", "range")},
    ],
)
def test_settings_out_of_their_bounds_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings):
        SessionSettings(**given)


def test_settings_within_their_bounds_are_taken() -> None:
    settings = SessionSettings(group="g", name="n", is_durable=True, auto_offset_reset=0)

    assert settings.idle_timeout_ms == 300_000


def test_a_position_names_its_partition() -> None:
    assert Position("t", 1, 5).topic_partition == ("t", 1) == TopicPartition("t", 1)


def test_a_batch_is_whole_when_all_its_records_are_meant() -> None:
    header = parse_header(batch_at(10, 5))

    assert PolledBatch(0, header, 10, 15).is_whole
    assert not PolledBatch(0, header, 11, 15).is_whole
    assert not PolledBatch(0, header, 10, 14).is_whole


def test_a_poll_counts_the_records_of_all_its_slices() -> None:
    one = PolledSlice("t", 0, 1, b"", (), 3, 0, 3, 0, 9, 9, 0)

    assert Polled((one, one._replace(record_count=4))).record_count == 7
    assert one.topic_partition == ("t", 0)


def test_what_was_made_is_kept_within_bounds() -> None:
    made = Made()

    made.keep("large", b"", MADE_BYTES_MAX + 1)
    for number in range(MADE_MAX + 1):
        made.keep(number, str(number), 1)

    assert made.get("large") is None
    assert [made.get(number) for number in range(MADE_MAX + 1)] == ["0", "1", "2", "3", None]
