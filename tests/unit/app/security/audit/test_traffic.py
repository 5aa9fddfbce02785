"""Who wrote and read how much: the first request is told at once, and all of them add up."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.acls import AllowAll, Ground
from app.security.audit import traffic as module
from app.security.audit.event import AuditEvent, Category
from app.security.audit.traffic import TOLD_S, Traffic
from app.security.principal import Credential, CredentialKind, Principal
from tests.support.security.audited import FakeAudit
from tests.support.security.login import MovedClock

ALICE = Principal(
    "alice", host="10.0.0.1", credential=Credential(CredentialKind.API_KEY, "0123456789abcdef")
)


class Counted:
    """Traffic with what is around it."""

    def __init__(self, *categories: Category) -> None:
        self.audit = FakeAudit(categories or frozenset(Category))
        self.clock = MovedClock()
        self.traffic = Traffic(self.clock, self.audit, AllowAll())

    def counts(self) -> list[tuple[str, int, int, int]]:
        return [
            (one.method, counts["requests"], counts["bytes"], counts["periodMs"])
            for one in self.audit.noted
            if (counts := one.counts)
        ]


def test_first_request_is_told_at_once_with_what_allowed_it() -> None:
    here = Counted()

    here.traffic.produced(ALICE, "orders", 10)
    here.traffic.fetched(ALICE, "orders", 20)

    assert here.counts() == [("Produce", 1, 10, 0), ("Fetch", 1, 20, 0)]
    (first, _) = here.audit.noted
    assert first.principal is ALICE
    assert first.resource is not None
    assert first.resource.name == "orders"
    assert first.decision is not None
    assert first.decision.ground is Ground.OPEN


def test_what_follows_is_told_once_a_minute_until_there_is_nothing() -> None:
    here = Counted()
    for _ in range(3):
        here.traffic.produced(ALICE, "orders", 10)
    here.traffic.tell()
    assert len(here.counts()) == 1

    for _ in range(3):
        here.clock.seconds += TOLD_S
        here.traffic.tell()
    assert here.counts()[1:] == [("Produce", 2, 20, int(TOLD_S * 1000))]

    here.traffic.produced(ALICE, "orders", 10)
    assert here.counts()[2:] == [("Produce", 1, 10, 0)]


@pytest.mark.parametrize(
    "other",
    [
        Principal("bob", host=ALICE.host, credential=ALICE.credential),
        ALICE.from_host("10.0.0.2"),
        Principal("alice", host=ALICE.host),
        Principal("alice", host=ALICE.host, credential=ALICE.credential, client_id="c"),
    ],
    ids=["name", "host", "credential", "client"],
)
def test_another_party_has_its_own_events(other: Principal) -> None:
    here = Counted()

    here.traffic.produced(ALICE, "orders", 10)
    here.traffic.produced(other, "orders", 10)

    assert here.counts() == [("Produce", 1, 10, 0)] * 2


def test_oldest_flow_makes_room_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLOWS_MAX", 2)
    here = Counted()

    for name in ("a", "a", "b", "c", "a"):
        here.traffic.fetched(ALICE, name, 1)

    names = [one.resource.name for one in here.audit.noted if one.resource]
    assert names == ["a", "b", "a", "c", "a"]


def test_only_what_is_wanted_is_counted() -> None:
    here = Counted(Category.CONSUME)

    here.traffic.produced(ALICE, "orders", 10)
    here.traffic.fetched(ALICE, "orders", 10)

    assert here.counts() == [("Fetch", 1, 10, 0)]
    unwanted = FakeAudit({Category.ADMIN})
    assert Traffic.wanted(here.clock, unwanted, AllowAll()) is None
    assert Traffic.wanted(here.clock, here.audit, AllowAll()) is not None


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 1000)),
        st.floats(0.0, 2 * TOLD_S),
    )
)


@given(steps=_STEPS)
def test_all_requests_are_told_and_none_twice(steps: list[tuple[str, int] | float]) -> None:
    here = Counted()
    requests: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FLOWS_MAX", 2)
        for step in steps:
            if isinstance(step, float):
                here.clock.seconds += step
                here.traffic.tell()
            else:
                here.traffic.produced(ALICE, *step)
                requests[step[0]] += 1
                sizes[step[0]] += step[1]
        here.traffic.tell_all()

    assert _sum(here.audit.noted, "requests") == requests
    assert +_sum(here.audit.noted, "bytes") == +sizes


def _sum(events: list[AuditEvent], what: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in events:
        assert one.resource is not None
        assert one.counts is not None
        found[one.resource.name] += one.counts[what]
    return found


async def test_time_is_watched_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_S", 0.0)
    here = Counted()
    here.traffic.produced(ALICE, "a", 1)
    here.traffic.produced(ALICE, "a", 1)
    here.clock.seconds += TOLD_S
    running = asyncio.create_task(here.traffic.run())
    async with asyncio.timeout(10):
        while len(here.audit.noted) < 2:
            await asyncio.sleep(0)
    running.cancel()
