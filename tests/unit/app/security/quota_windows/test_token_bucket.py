"""Tests of the token bucket: bursts, debts, and a bound on all that is used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.quota_windows.token_bucket import TokenBucket

BURST_MS = 4000

STEPS = st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 50)), min_size=1, max_size=60)


def test_begins_with_a_burst_and_may_go_into_debt() -> None:
    bucket = TokenBucket(BURST_MS)

    bucket.use(15, 5, 0)
    assert bucket.tokens(5, 0) == 5
    bucket.use(10, 5, 0)

    assert bucket.tokens(5, 0) == -5
    assert bucket.throttle_ms(5, 0) == 1000
    assert bucket.throttle_ms(5, 999) == 1
    assert bucket.throttle_ms(5, 1000) == 0


@given(STEPS)
def test_who_waits_uses_never_more_than_a_burst_the_rate_and_one_use(
    steps: list[tuple[int, int]],
) -> None:
    bucket, limit, now_ms = TokenBucket(BURST_MS), 5, 0
    used: list[tuple[int, int]] = []
    for pause_ms, amount in steps:
        now_ms += max(pause_ms, bucket.throttle_ms(limit, now_ms))
        bucket.use(amount, limit, now_ms)
        used.append((now_ms, amount))

    for place, (begin_ms, _) in enumerate(used):
        total = 0
        for end_ms, amount in used[place:]:
            total += amount
            assert total <= limit * (BURST_MS + end_ms - begin_ms) / 1000 + amount + 1e-6


@given(STEPS)
def test_tokens_are_those_of_a_model_that_fills_each_millisecond(
    steps: list[tuple[int, int]],
) -> None:
    bucket, limit, burst = TokenBucket(BURST_MS), 8, 32.0
    tokens, now_ms = burst, 0
    for pause_ms, amount in steps:
        now_ms += pause_ms
        for _ in range(pause_ms):
            tokens = min(burst, tokens + limit / 1000)
        bucket.use(amount, limit, now_ms)
        tokens -= amount

        assert bucket.tokens(limit, now_ms) == pytest.approx(tokens, abs=1e-6)


@given(st.integers(1, 10_000), st.integers(1, 100_000))
def test_after_the_throttle_time_and_not_before_there_is_no_debt(limit: int, amount: int) -> None:
    bucket = TokenBucket(BURST_MS)
    bucket.use(amount, limit, 0)

    wait_ms = bucket.throttle_ms(limit, 0)

    assert bucket.tokens(limit, wait_ms) >= -1e-6
    assert wait_ms == 0 or bucket.tokens(limit, wait_ms - 1) < 0


@pytest.mark.parametrize("size", [200, 5_000, 50_000, 300_000])
def test_client_that_always_wants_more_is_held_within_five_percent(size: int) -> None:
    bucket, limit, now_ms = TokenBucket(1000), 100_000, 0
    used: list[tuple[int, int]] = []
    while now_ms < 120_000:
        bucket.use(size, limit, now_ms)
        used.append((now_ms, size))
        now_ms += bucket.throttle_ms(limit, now_ms) + 1

    for begin_ms in range(3_000, 58_000, 1_000):
        amount = sum(size for at, size in used if begin_ms <= at < begin_ms + 60_000)
        assert amount == pytest.approx(limit * 60, rel=0.05)


def test_is_idle_when_it_is_full_again() -> None:
    bucket = TokenBucket(BURST_MS)
    bucket.use(10, 5, 0)

    assert not bucket.is_idle(5, 1999)
    assert bucket.is_idle(5, 2000)


def test_limit_of_nothing_refuses_after_the_first() -> None:
    bucket = TokenBucket(BURST_MS)

    assert bucket.throttle_ms(0, 0) == 0
    bucket.use(1, 0, 0)

    assert bucket.throttle_ms(0, 10_000) == BURST_MS


def test_a_debt_beyond_the_longest_is_forgiven() -> None:
    bucket = TokenBucket(BURST_MS, debt_ms_max=10_000)

    bucket.use(1_000, 5, 0)

    assert bucket.throttle_ms(5, 0) == 10_000
    assert bucket.throttle_ms(5, 10_000) == 0
