"""Subscriber: what one session's subscription makes it read, with a group or alone.

Alone it reads every partition of its topics. With a group it is a member, which joins in the
background; a commit is made in a generation that has its assignment, and waits for that.

Invariants:
    A commit of a partition that the group has taken away is refused, not done in another's name.
    What goes wrong in a membership ends its session, and no other.
Called by: session. Calls: member, topics, holdings, commits.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import NamedTuple

from app.broker.context import BrokerContext
from app.broker.errors import IllegalGeneration, RebalanceInProgress, UnknownMemberId
from app.broker.topic_patterns import MatchedTopics, TopicPattern
from app.broker.topics import check_topic_name
from app.consumers.errors import IllegalSessionState, SessionNotFound
from app.consumers.keeping.kept_state import KeptState
from app.consumers.membership.member import RETRY_SECONDS, Member
from app.consumers.membership.topics import (
    all_partitions,
    partition_counts,
    subscribed_names,
)
from app.consumers.model import OffsetToCommit, Subscription, TopicPartition
from app.consumers.reading.commits import Committer, MemberIdentity
from app.consumers.reading.holdings import Holdings
from app.consumers.reading.positions import Positions
from app.consumers.reading.read_ahead import ReadAheadBudget
from app.consumers.reading.shared_reads import SharedReads

_logger = logging.getLogger(__name__)

TOPICS_MAX = 1_000
"""Names that a subscription may hold."""

PARTITIONS_MAX = 10_000
"""Partitions that a session reads without a group: by assignment, or of all its topics."""

COMMIT_SECONDS_MAX = 10.0
"""How long a commit waits for a rebalance to end."""


class Shared(NamedTuple):
    """What all sessions of a node share."""

    budget: ReadAheadBudget
    """Memory for what was read ahead."""

    reads: SharedReads
    matches: MatchedTopics
    spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]]
    """Starts a task that lives as long as the node."""


def check_subscription(subscription: Subscription) -> None:
    """Refuse what nobody can be subscribed to.

    Raises:
        InvalidRegularExpression: The pattern is none.
        IllegalSessionState: Neither names nor a pattern, or both, or too many names.
        InvalidTopic: No topic can have a name among them.
    """
    if subscription.pattern is not None:
        TopicPattern(subscription.pattern)
    has_names = bool(subscription.topics)
    if len(subscription.topics) > TOPICS_MAX or has_names == (subscription.pattern is not None):
        raise IllegalSessionState(f"subscribe to 1 to {TOPICS_MAX} topics, or by a pattern")
    for name in subscription.topics:
        check_topic_name(name)


class Subscriber:
    """The subscription of one session."""

    def __init__(
        self,
        context: BrokerContext,
        kept: KeptState,
        positions: Positions,
        holdings: Holdings,
        committer: Committer,
        shared: Shared,
    ) -> None:
        """Follow nothing yet."""
        self._context = context
        self._kept = kept
        self._positions = positions
        self._holdings = holdings
        self._committer = committer
        self._shared = shared
        self._member: Member | None = None
        self._membership: asyncio.Task[None] | None = None

    @property
    def identity(self) -> MemberIdentity:
        """As whom the session commits."""
        return self._member.identity if self._member is not None else MemberIdentity()

    def follow(self) -> None:
        """Read what the subscription means now, or have the group say.

        Raises:
            SessionsLoading: The node is starting or ending.
        """
        state = self._kept.state
        if self._member is not None:
            self._member.metadata_changed()
        elif state.settings.group is None:
            counts = partition_counts(self._context.image, self._names())
            self._holdings.read_only(all_partitions(counts)[:PARTITIONS_MAX])
        else:
            member = Member(
                self._context, state.principal, state.settings, self._holdings, self._names
            )
            self._membership = self._shared.spawn(self._be(member))
            self._member = member

    async def settled(self, wait_seconds: float) -> bool:
        """Return whether the group has given the session what it shall read, after a wait."""
        return self._member is None or await self._member.settled(wait_seconds)

    def beat(self) -> None:
        """Tell the group that the session lives."""
        if self._member is not None:
            self._member.beat()

    async def commit(
        self, offsets: Mapping[TopicPartition, OffsetToCommit]
    ) -> Mapping[TopicPartition, int]:
        """Commit, as a member of a generation that has its assignment; see ``Committer.commit``.

        Raises:
            IllegalGeneration: A partition is not the session's any more.
            RebalanceInProgress: The rebalance takes too long.
        """
        deadline = self._context.clock.monotonic() + COMMIT_SECONDS_MAX
        while self._member is not None:
            if all(one in self._positions for one in offsets):
                try:
                    return await self._committer.commit(offsets)
                except (RebalanceInProgress, IllegalGeneration, UnknownMemberId):
                    if self._context.clock.monotonic() >= deadline:
                        raise
                    await asyncio.sleep(RETRY_SECONDS)
            elif self._member.is_settled:
                gone = next(one for one in offsets if one not in self._positions)
                raise IllegalGeneration(
                    f"{gone.topic}-{gone.partition} is not assigned to the session any more"
                )
            left = deadline - self._context.clock.monotonic()
            if not await self.settled(max(0.0, left)):
                group = self._kept.state.settings.group
                raise RebalanceInProgress(f"group {group!r} is being rebalanced")
        return await self._committer.commit(offsets)

    async def leave(self) -> None:
        """Commit what is due by itself and leave the group, if the session is in it."""
        settings = self._kept.state.settings
        if settings.auto_commit and settings.group is not None:
            await self._committer.commit_by_itself()
        member = self._member
        self.abandon()
        if member is not None:
            member.leave()

    def abandon(self) -> None:
        """Be a member no more, without telling the group."""
        if self._membership is not None:
            self._membership.cancel()
        self._membership = self._member = None

    def _names(self) -> tuple[str, ...]:
        """Return the topics that the subscription means now."""
        state = self._kept.state
        if state.subscription is None:
            return ()
        return subscribed_names(
            self._context, state.principal, state.subscription, self._shared.matches
        )

    async def _be(self, member: Member) -> None:
        try:
            await member.run()
        except Exception:  # whatever it was, it is this session's end and nobody else's
            settings = self._kept.state.settings
            _logger.exception("session %r of group %r", settings.name, settings.group)
            member.leave()
            self._holdings.end(SessionNotFound(f"session {settings.name!r} has failed"))
        finally:
            if self._member is member:
                self._member = None
