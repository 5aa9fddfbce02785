"""Tests of the engine: sums by who shares a limit, bounded memory, and limits that change."""

from app.security.quota_windows.engine import Engine, Windows
from app.security.quota_windows.limits import DEFAULT, UNSET, Quota, QuotaType

PRODUCE, MUTATION, REQUEST = QuotaType.PRODUCE, QuotaType.MUTATION, QuotaType.REQUEST
WINDOWS = Windows(samples=3, window_ms=1000)


def engine_of(*quotas: Quota, buckets_max: int = 100) -> Engine:
    engine = Engine(WINDOWS, buckets_max=buckets_max)
    engine.load(quotas)
    return engine


def test_use_keeps_nothing_of_whom_nothing_limits() -> None:
    engine = engine_of(Quota("bob", UNSET, PRODUCE, 1))

    assert engine.use(PRODUCE, "alice", "app", 1_000_000, 0) == 0
    assert engine.parties == 0


def test_use_adds_up_all_clients_of_a_user() -> None:
    engine = engine_of(Quota("alice", UNSET, PRODUCE, 100))

    assert engine.use(PRODUCE, "alice", "one", 100, 0) == 0
    assert engine.use(PRODUCE, "alice", "two", 100, 0) == 1000
    assert engine.owed_ms(PRODUCE, "alice", "three", 400) == 600


def test_use_adds_up_each_pair_alone_where_the_limit_is_of_pairs() -> None:
    engine = engine_of(Quota(DEFAULT, DEFAULT, PRODUCE, 100))

    assert engine.use(PRODUCE, "alice", "one", 200, 0) == 1000
    assert engine.use(PRODUCE, "alice", "two", 100, 0) == 0


def test_request_time_mutes_for_a_window_at_a_time_and_is_owed_for_all_windows_at_most() -> None:
    engine = engine_of(Quota("alice", UNSET, REQUEST, 1))

    assert engine.use(REQUEST, "alice", "", 1000, 0) == WINDOWS.window_ms
    assert engine.owed_ms(REQUEST, "alice", "", 0) == WINDOWS.samples * WINDOWS.window_ms


def test_mutations_may_come_at_once_for_all_windows() -> None:
    engine = engine_of(Quota("alice", UNSET, MUTATION, 2))

    assert engine.use(MUTATION, "alice", "", 6, 0) == 0
    assert engine.owed_ms(MUTATION, "alice", "", 0) == 0
    assert engine.use(MUTATION, "alice", "", 1, 0) == 500
    assert engine.owed_ms(MUTATION, "alice", "", 250) == 250


def test_load_keeps_the_debt_and_lets_it_be_paid_at_the_new_limit() -> None:
    engine = engine_of(Quota("alice", UNSET, PRODUCE, 100))
    engine.use(PRODUCE, "alice", "", 400, 0)

    engine.load([Quota("alice", UNSET, PRODUCE, 50)])

    assert engine.owed_ms(PRODUCE, "alice", "", 1000) == 4000
    engine.load([])
    assert engine.owed_ms(PRODUCE, "alice", "", 1000) == 0


def test_full_buckets_are_forgotten_when_a_new_party_comes() -> None:
    engine = engine_of(Quota(UNSET, DEFAULT, PRODUCE, 100), Quota(UNSET, DEFAULT, MUTATION, 1))
    for number in range(40):
        engine.use(PRODUCE, "alice", f"client-{number}", 1, 0)
        engine.use(MUTATION, "alice", f"client-{number}", 1, 0)
    assert engine.parties == 80

    engine.use(PRODUCE, "alice", "later", 1, 3000)

    assert engine.parties == 1


def test_parties_are_bounded_and_those_over_the_bound_share_one() -> None:
    engine = engine_of(Quota(UNSET, DEFAULT, PRODUCE, 100), buckets_max=20)
    for number in range(1000):
        engine.use(PRODUCE, "alice", f"client-{number}", 10, 0)

    assert engine.parties <= 20
    assert engine.owed_ms(PRODUCE, "alice", "another", 0) > 0


def test_window_amount_is_what_the_limit_gives_in_a_window() -> None:
    engine = engine_of(Quota("alice", UNSET, PRODUCE, 100))

    assert engine.window_amount(PRODUCE, "alice", "") == 100
    assert engine.window_amount(PRODUCE, "bob", "") is None


def test_connect_refuses_what_is_over_and_does_not_count_it() -> None:
    engine = engine_of(Quota("10.0.0.1", UNSET, QuotaType.CONNECTION, 1))

    answers = [engine.connect("10.0.0.1", 0) for _ in range(5)]

    assert answers == [True, True, True, False, False]
    assert engine.connect("10.0.0.1", 1000)
    assert not engine.connect("10.0.0.1", 1000)
    assert engine.connect("10.0.0.2", 0)
