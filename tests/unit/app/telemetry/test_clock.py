"""The clock: which of the two kinds of time is which."""

import time

from app.telemetry.clock import Clock, SystemClock


def test_wall_time_is_whole_milliseconds_since_the_epoch() -> None:
    clock: Clock = SystemClock()

    before = time.time_ns()
    now_ms = clock.now_ms()
    after = time.time_ns()

    assert isinstance(now_ms, int)
    assert before // 1_000_000 <= now_ms <= after // 1_000_000


def test_monotonic_time_never_goes_back() -> None:
    clock: Clock = SystemClock()

    readings = [clock.monotonic() for _ in range(1_000)]

    assert readings == sorted(readings)


def test_monotonic_time_counts_seconds() -> None:
    clock: Clock = SystemClock()

    before = time.monotonic()
    reading = clock.monotonic()

    assert before <= reading <= time.monotonic()
