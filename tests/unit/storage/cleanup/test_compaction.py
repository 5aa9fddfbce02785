"""Compaction: what is dirty, how far a run may go, and when it is worth it."""

from storage.cleanup.compaction import Dirt, SegmentFacts, measure_dirt
from storage.config import parse_config

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


def segments(*ages_ms: int) -> list[SegmentFacts]:
    """Return segments of ten records and 100 bytes, so old."""
    return [
        SegmentFacts(
            end_offset=10 * number,
            size=100,
            first_timestamp_ms=NOW_MS - age_ms,
            max_timestamp_ms=NOW_MS - age_ms,
        )
        for number, age_ms in enumerate(ages_ms, 1)
    ]


def dirt(*ages_ms: int, first_dirty: int = 0, end: int = 1000, **configs: str) -> Dirt:
    config = parse_config({name.replace("_", "."): value for name, value in configs.items()})
    return measure_dirt(
        segments(*ages_ms),
        config,
        first_dirty_offset=first_dirty,
        end_offset=end,
        now_ms=NOW_MS,
    )


def test_what_was_compacted_is_clean_and_the_rest_is_dirty() -> None:
    found = dirt(0, 0, 0, 0, first_dirty=10)

    assert (found.clean_bytes, found.dirty_bytes, found.segment_count) == (100, 300, 4)
    assert found.ratio == 0.75


def test_nothing_above_the_end_is_touched() -> None:
    assert dirt(0, 0, 0, end=29).segment_count == 2
    assert dirt(0, 0, 0, end=30).segment_count == 3
    assert dirt(0, 0, end=9) == Dirt(
        clean_bytes=0, dirty_bytes=0, is_overdue=False, segment_count=0
    )


def test_young_records_stay_and_all_behind_them() -> None:
    ages = (3 * HOUR_MS, 0, 3 * HOUR_MS)

    found = dirt(*ages, min_compaction_lag_ms=str(HOUR_MS))

    assert (found.segment_count, found.dirty_bytes) == (1, 100)


def test_records_of_the_future_are_compacted_where_there_is_no_minimal_lag() -> None:
    assert dirt(-HOUR_MS).segment_count == 1
    assert dirt(-HOUR_MS, min_compaction_lag_ms="1").segment_count == 0


def test_run_is_due_above_the_ratio_or_when_the_largest_lag_is_over() -> None:
    config = parse_config({"min.cleanable.dirty.ratio": "0.5", "max.compaction.lag.ms": "1000"})

    assert not dirt(0, 0, first_dirty=10, max_compaction_lag_ms="1000").is_due(config)
    assert dirt(0, 0, 0, first_dirty=10, max_compaction_lag_ms="1000").is_due(config)
    assert dirt(0, 1001, first_dirty=10, max_compaction_lag_ms="1000").is_due(config)
    assert not dirt(1001, 0, first_dirty=10, max_compaction_lag_ms="1000").is_due(config)
    assert not dirt(0, first_dirty=10).is_due(config)
