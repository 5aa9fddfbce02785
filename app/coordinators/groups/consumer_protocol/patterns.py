"""What the patterns of a consumer group's members mean to it, and who still has them.

A pattern is matched outside, where the topics are and who may see them; here it is decided whether
that has to be done, and what is kept.
Invariants:
    A pattern is matched once for each version of the metadata, by whoever is heard of first: who
    may see other topics does not undo another member's work.
    What no member reads by any more is forgotten.
Called by: consumer_group. Calls: nothing (no clock, no I/O).
Source: KIP-848; Kafka's ``ResolvedRegularExpression`` and
``group.consumer.regex.refresh.interval.ms``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from app.coordinators.groups.consumer_protocol.model import Matched, MemberHeartbeat, Subscription

MATCHED_AGAIN_MS = 600_000
"""After so long a pattern is matched again in the same metadata: rights may have changed."""


class Patterns:
    """The patterns of one group."""

    def __init__(self) -> None:
        """Begin without any."""
        self._members: Counter[str] = Counter()
        self._matched: dict[str, Matched] = {}

    @property
    def matched(self) -> Mapping[str, Matched]:
        """What each pattern means, by pattern."""
        return self._matched

    @property
    def topics(self) -> set[str]:
        """Names of all topics that any of them matches."""
        return set().union(*(one.topics for one in self._matched.values()))

    def load(self, pattern: str, matched: Matched) -> None:
        """Take what was written down."""
        self._matched[pattern] = matched

    def enter(self, pattern: str | None) -> None:
        """One more member has a pattern."""
        if pattern is not None:
            self._members[pattern] += 1

    def leave(self, pattern: str | None) -> None:
        """One member less has it."""
        if pattern is not None:
            self._members[pattern] -= 1
            if not self._members[pattern]:
                del self._members[pattern]

    def forget(self) -> Iterable[str]:
        """Let go of what nobody reads by any more; return it."""
        gone = self._matched.keys() - self._members.keys()
        for pattern in gone:
            del self._matched[pattern]
        return gone

    def is_due(self, pattern: str, version: int, now_ms: int) -> bool:
        """Return whether a pattern has to be matched, in metadata of a version."""
        known = self._matched.get(pattern)
        if known is None or version > known.version:
            return True
        return now_ms - known.timestamp_ms >= MATCHED_AGAIN_MS

    def take(self, pattern: str, matched: Matched) -> bool:
        """Keep what a pattern means now; return whether it meant something else before."""
        known = self._matched.get(pattern)
        self._matched[pattern] = matched
        return known is None or known.topics != matched.topics

    def topics_of(self, member: Subscription) -> tuple[str, ...]:
        """Return what a member reads, by name and by pattern, sorted."""
        matched = self._matched.get(member.pattern or "")
        if matched is None:
            return member.topics
        return tuple(sorted({*member.topics, *matched.topics}))


def pattern_after(beat: MemberHeartbeat, before: str | None) -> str | None:
    """Return the pattern that a member has after a heartbeat; the classic protocol has none."""
    if beat.classic is not None:
        return None
    return before if beat.pattern is None else beat.pattern or None
