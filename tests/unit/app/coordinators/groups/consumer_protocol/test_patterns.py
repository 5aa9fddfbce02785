"""Patterns: when they are matched, and how long they are kept."""

from app.coordinators.groups.commands import Protocol
from app.coordinators.groups.consumer_protocol.model import (
    ClassicProtocols,
    Matched,
    MemberHeartbeat,
    Subscription,
)
from app.coordinators.groups.consumer_protocol.patterns import (
    MATCHED_AGAIN_MS,
    Patterns,
    pattern_after,
)

ONE = Matched(topics=("a", "c"), version=3, timestamp_ms=1_000)


def test_a_pattern_is_matched_in_newer_metadata_or_after_a_while() -> None:
    patterns = Patterns()

    assert patterns.is_due("p", 3, 1_000)
    assert patterns.take("p", ONE)
    assert not patterns.is_due("p", 3, 1_000 + MATCHED_AGAIN_MS - 1)
    assert not patterns.is_due("p", 2, 1_001)
    assert patterns.is_due("p", 3, 1_000 + MATCHED_AGAIN_MS)
    assert patterns.is_due("p", 4, 1_000)
    assert not patterns.take("p", Matched(topics=("a", "c"), version=4, timestamp_ms=5))


def test_it_is_kept_as_long_as_a_member_has_it() -> None:
    patterns = Patterns()
    patterns.enter(None)
    for _ in range(2):
        patterns.enter("p")
    patterns.load("p", ONE)
    patterns.load("left behind", ONE)

    assert patterns.topics == {"a", "c"}
    assert set(patterns.forget()) == {"left behind"}
    patterns.leave("p")
    assert set(patterns.forget()) == set()
    patterns.leave("p")
    patterns.leave(None)
    assert set(patterns.forget()) == {"p"}
    assert patterns.topics == set()


def test_a_member_reads_what_it_names_and_what_its_pattern_matches() -> None:
    patterns = Patterns()
    patterns.load("p", ONE)

    assert patterns.topics_of(Subscription(topics=("b",))) == ("b",)
    assert patterns.topics_of(Subscription(topics=("b", "c"), pattern="p")) == ("a", "b", "c")
    assert patterns.topics_of(Subscription(topics=("b",), pattern="other")) == ("b",)


def test_what_a_heartbeat_does_not_say_stays_and_an_empty_pattern_is_none() -> None:
    classic = ClassicProtocols(session_timeout_ms=1, protocols=(Protocol("range", b""),))

    assert pattern_after(MemberHeartbeat(member_id="m", epoch=1), "p") == "p"
    assert pattern_after(MemberHeartbeat(member_id="m", epoch=1, pattern="q"), "p") == "q"
    assert pattern_after(MemberHeartbeat(member_id="m", epoch=1, pattern=""), "p") is None
    assert pattern_after(MemberHeartbeat(member_id="m", epoch=1, classic=classic), "p") is None
