"""Commits of one session: what its client asks for, and what is due by itself.

Invariants:
    Commits of a session follow one another, so that an older one never comes last.
    A refused commit leaves what is known to be committed as it was: it is due again.
Called by: session. Calls: the verbs on a group's offsets, positions.
Source: Kafka's ``ConsumerCoordinator.maybeAutoCommitOffsetsAsync`` and ``commitOffsetsSync``.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from app.broker.context import BrokerContext
from app.broker.errors import BrokerError
from app.broker.groups.offsets import NO_OFFSET, commit_offsets, fetch_offsets
from app.broker.groups.refusals import group_error
from app.consumers.errors import IllegalSessionState
from app.consumers.model import Committed, OffsetToCommit, SessionSettings, TopicPartition
from app.consumers.reading.positions import Positions
from app.coordinators.groups.commands import NO_GENERATION, UNKNOWN_MEMBER_ID
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.offset_store import OffsetCommit
from app.coordinators.groups.offsets import CommittedOffset
from app.security.principal import Principal

_logger = logging.getLogger(__name__)


class MemberIdentity(NamedTuple):
    """As whom a session commits; the default is somebody who is in no generation."""

    member_id: str = UNKNOWN_MEMBER_ID
    generation: int = NO_GENERATION
    instance_id: str | None = None


class Committer:
    """Commits for one session."""

    def __init__(
        self,
        context: BrokerContext,
        principal: Principal,
        settings: SessionSettings,
        positions: Positions,
        identity: Callable[[], MemberIdentity],
    ) -> None:
        """Commit nothing by itself before an interval has passed."""
        self._context = context
        self.principal = principal
        self._settings = settings
        self._positions = positions
        self._identity = identity
        self._lock = asyncio.Lock()
        self._next_s = context.clock.monotonic() + settings.auto_commit_interval_ms / 1000

    def require_group(self) -> str:
        """Return the group that commits are of.

        Raises:
            IllegalSessionState: The session has none.
        """
        if self._settings.group is None:
            raise IllegalSessionState("a session without a group commits nothing")
        return self._settings.group

    async def commit(
        self, offsets: Mapping[TopicPartition, OffsetToCommit]
    ) -> Mapping[TopicPartition, int]:
        """Commit, and return when it is durable.

        Returns:
            Kafka's error number of each partition, 0 for success.

        Raises:
            BrokerError: The group refuses all of it, or the session has none.
        """
        group = self.require_group()
        async with self._lock:
            identity = self._identity()
            now_ms = self._context.clock.now_ms()
            wanted = OffsetCommit(
                group_id=group,
                member_id=identity.member_id,
                instance_id=identity.instance_id,
                generation=identity.generation,
                offsets={
                    one: CommittedOffset(
                        offset=to.offset,
                        leader_epoch=to.leader_epoch,
                        metadata=to.metadata,
                        commit_timestamp_ms=now_ms,
                    )
                    for one, to in offsets.items()
                },
            )
            outcomes = await commit_offsets(self._context, self.principal, wanted)
            found = {one: outcomes[one] for one in offsets}
            for one, code in found.items():
                if code == ErrorCode.NONE:
                    self._positions.committed(one, offsets[one].offset)
        _raise_if_all_refused(found, group)
        return found

    async def commit_due(self) -> None:
        """Commit what the client surely has, if the interval has passed."""
        settings = self._settings
        now_s = self._context.clock.monotonic()
        if settings.auto_commit and settings.group is not None and now_s >= self._next_s:
            await self.commit_by_itself()

    async def commit_by_itself(self) -> None:
        """Commit what the client surely has; what is refused is due again at once."""
        offsets = self._positions.to_commit()
        if offsets:
            try:
                await self.commit(offsets)
            except BrokerError as error:
                _logger.info("group %r: not committed by itself: %s", self._settings.group, error)
                return
        now_s = self._context.clock.monotonic()
        self._next_s = now_s + self._settings.auto_commit_interval_ms / 1000

    def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, Committed | None]:
        """Return what the group has committed; None for a partition where nothing is.

        Raises:
            BrokerError: The group cannot be asked.
        """
        found = fetch_offsets(self._context, self.principal, self.require_group(), partitions)
        return {
            TopicPartition(*one): (
                None
                if fetched.offset == NO_OFFSET
                else Committed(fetched.offset, fetched.leader_epoch, fetched.metadata)
            )
            for one, fetched in found.items()
        }


def _raise_if_all_refused(outcomes: Mapping[TopicPartition, int], group: str) -> None:
    """Raise what refuses a whole commit: what is wrong with its group or member."""
    codes = set(outcomes.values())
    if len(codes) == 1:
        (code,) = codes
        if code in _OF_GROUPS:
            raise group_error(ErrorCode(code), group)


_OF_GROUPS = frozenset(
    {
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.INVALID_GROUP_ID,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.GROUP_MAX_SIZE_REACHED,
        ErrorCode.INVALID_COMMIT_OFFSET_SIZE,
    }
)
