"""Tests of the meter: what mutes a connection, what refuses."""

from dataclasses import dataclass

import pytest

from app.security.principal import Principal
from app.security.quota_windows.limits import UNSET, Quota, QuotaType
from app.security.quotas import ClientQuotas
from app.wire.meter import Meter

ALICE = Principal("alice")


@dataclass
class SetClock:
    """A clock that is set."""

    now: float = 100.0

    def monotonic(self) -> float:
        """Return what is set."""
        return self.now

    def now_ms(self) -> int:
        """Return the same."""
        return int(self.now * 1000)


def metered(kind: QuotaType, limit: float) -> tuple[Meter, SetClock]:
    clock = SetClock()
    quotas = ClientQuotas(clock)
    quotas.load([Quota("alice", UNSET, kind, limit)])
    return Meter(quotas, clock), clock


def test_bytes_over_the_limit_mute_and_keep_no_verb_waiting() -> None:
    meter, clock = metered(QuotaType.PRODUCE, 100)

    assert meter.produced(ALICE, 100) == 0
    assert meter.muted_until == 0
    assert meter.produced(ALICE, 50) == 0

    assert meter.owed(QuotaType.PRODUCE, ALICE) == 0
    assert meter.muted_s() == pytest.approx(0.5)
    clock.now += 0.5
    assert meter.muted_s() == 0
    assert meter.muted_until == 0


def test_fetch_in_debt_has_no_room_and_mutes() -> None:
    meter, _ = metered(QuotaType.FETCH, 100)
    assert meter.fetch_room(ALICE, 1000) == 100
    meter.fetched(ALICE, 300)

    other = meter.fetch_room(ALICE, 1000)

    assert other is None
    assert meter.owed(QuotaType.FETCH, ALICE) == 0
    assert meter.muted_s() == pytest.approx(2.0)


@pytest.mark.parametrize("is_strict", [True, False])
def test_mutations_refuse_those_who_know_it_and_mute_the_others(is_strict: bool) -> None:
    meter, _ = metered(QuotaType.MUTATION, 1)
    meter.is_strict = is_strict
    assert meter.owed(QuotaType.MUTATION, ALICE) == 0
    meter.mutated(ALICE, 13)
    muted_s = meter.muted_s()

    assert meter.owed(QuotaType.MUTATION, ALICE) == (2000 if is_strict else 0)
    assert muted_s == pytest.approx(0 if is_strict else 2)
    assert meter.muted_s() == pytest.approx(2)


def test_other_principals_owe_nothing() -> None:
    meter, _ = metered(QuotaType.PRODUCE, 1)

    meter.produced(Principal("bob"), 10_000)

    assert meter.muted_s() == 0
