import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.cleanup.retention import CLOCK_DOUBT_MS, TrustedClock, retained_from
from storage.config import parse_config
from storage.segments.log_segments import SegmentAge

NOW_MS = 1_700_000_000_000
HOUR_MS = 3600 * 1000
FUTURE_MS = 9_214_646_400_000  # the year 2262
SEGMENTS = st.lists(
    st.tuples(
        st.integers(1, 50),
        st.integers(1, 1000),
        st.integers(-1, 2 * NOW_MS),
        st.integers(NOW_MS - 100 * HOUR_MS, NOW_MS),
    ),
    max_size=8,
)


def ages(*found: tuple[int, int, int, int]) -> list[SegmentAge]:
    """Return segments of so many records, bytes, and times."""
    end, segments = 0, []
    for count, size, max_ms, modified_ms in found:
        end += count
        segments.append(
            SegmentAge(end_offset=end, size=size, max_timestamp_ms=max_ms, modified_ms=modified_ms)
        )
    return segments


def kept_from(segments: list[SegmentAge], high_watermark: int, **configs: str) -> int | None:
    found = parse_config({name.replace("_", "."): value for name, value in configs.items()})
    return retained_from(segments, found, NOW_MS, high_watermark)


def test_segments_go_once_their_last_record_is_too_old() -> None:
    segments = ages(
        *[(10, 100, NOW_MS - age * HOUR_MS, NOW_MS) for age in (50, 49, 48, 47)],
    )

    assert kept_from(segments, 40, retention_ms=str(48 * HOUR_MS)) == 20
    assert kept_from(segments, 40, retention_ms=str(48 * HOUR_MS - 1)) == 30
    assert kept_from(segments, 40, retention_ms="-1") is None
    assert kept_from(segments, 40, retention_ms="0") == 40


def test_segments_go_while_what_is_left_is_still_as_large_as_wanted() -> None:
    segments = ages(*[(10, 100, NOW_MS, NOW_MS)] * 4)

    assert kept_from(segments, 40, retention_bytes="400") is None
    assert kept_from(segments, 40, retention_bytes="301") is None
    assert kept_from(segments, 40, retention_bytes="300") == 10
    assert kept_from(segments, 40, retention_bytes="0") == 40


def test_nothing_at_or_above_the_high_watermark_goes() -> None:
    segments = ages(*[(10, 100, 0, 0)] * 4)

    assert kept_from(segments, 29, retention_ms="1") == 20
    assert kept_from(segments, 30, retention_ms="1") == 30
    assert kept_from(segments, 0, retention_ms="1") is None


def test_young_segment_keeps_all_behind_it() -> None:
    segments = ages((10, 100, NOW_MS, NOW_MS), (10, 100, 0, 0))

    assert kept_from(segments, 20, retention_ms="1000") is None


@pytest.mark.parametrize("record_ms", [FUTURE_MS, NOW_MS + 1, -1])
def test_record_from_the_future_or_without_a_time_is_as_old_as_its_file(record_ms: int) -> None:
    young = ages((10, 100, record_ms, NOW_MS - HOUR_MS + 1))
    old = ages((10, 100, record_ms, NOW_MS - HOUR_MS - 1))

    assert kept_from(young, 10, retention_ms=str(HOUR_MS)) is None
    assert kept_from(old, 10, retention_ms=str(HOUR_MS)) == 10


def test_topic_that_is_only_compacted_keeps_everything() -> None:
    segments = ages((10, 100, 0, 0))

    assert kept_from(segments, 10, cleanup_policy="compact", retention_bytes="0") is None
    assert kept_from(segments, 10, cleanup_policy="compact,delete") == 10


@given(SEGMENTS, st.integers(0, 400), st.integers(-1, 200 * HOUR_MS), st.integers(-1, 5000))
def test_what_goes_is_a_head_of_whole_segments_below_the_high_watermark(
    found: list[tuple[int, int, int, int]], high_watermark: int, age_ms: int, size: int
) -> None:
    segments = ages(*found)

    kept = kept_from(segments, high_watermark, retention_ms=str(age_ms), retention_bytes=str(size))

    if kept is not None:
        assert kept in [segment.end_offset for segment in segments]
        assert kept <= high_watermark
        left = sum(segment.size for segment in segments if segment.end_offset > kept)
        assert age_ms != -1 or left >= size


def test_trusted_clock_follows_a_clock_that_is_right() -> None:
    clock = TrustedClock(NOW_MS, 5)

    assert clock.now_ms(NOW_MS + 1000, 1005) == NOW_MS + 1000
    assert clock.now_ms(NOW_MS + 900, 2005) == NOW_MS + 900


def test_trusted_clock_does_not_jump_ahead() -> None:
    clock = TrustedClock(NOW_MS, 0)

    assert clock.now_ms(FUTURE_MS, 1000) == NOW_MS + 1000
    assert clock.now_ms(FUTURE_MS, 2000) == NOW_MS + 2000
    assert clock.now_ms(NOW_MS + 3000, 3000) == NOW_MS + 3000
    assert clock.now_ms(FUTURE_MS, 4000) == NOW_MS + 4000


def test_trusted_clock_believes_a_jump_that_stays_for_a_day() -> None:
    clock = TrustedClock(NOW_MS, 0)
    clock.now_ms(NOW_MS + 9 * HOUR_MS, 1000)

    late_ms = 1000 + CLOCK_DOUBT_MS
    assert clock.now_ms(NOW_MS + 9 * HOUR_MS + late_ms - 1, late_ms - 1) == NOW_MS + late_ms - 1
    assert clock.now_ms(NOW_MS + 9 * HOUR_MS + late_ms, late_ms) == NOW_MS + 9 * HOUR_MS + late_ms


def test_trusted_clock_follows_a_clock_that_goes_back() -> None:
    clock = TrustedClock(NOW_MS, 0)

    assert clock.now_ms(NOW_MS - 9 * HOUR_MS, 1000) == NOW_MS - 9 * HOUR_MS
