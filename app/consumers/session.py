"""One session: a consumer that lives on the server while its client comes and goes.

A client subscribes (and is then a member of its group, whose heartbeats the server sends) or
assigns partitions itself, polls, and commits. Doors keep nothing of their own beside it.

States: idle -> subscribed | assigned -> idle; any -> closed, for good. What a durable session is
told is written down before it is answered: see DESIGN.md for every crash in between.

Invariants:
    What is committed by itself was shown to have arrived: by the next poll, or ``acknowledge``.
    A poll hands out records of partitions that are assigned at that moment, and of no others.
    Calls that change the session come one after another; a poll may wait beside them.
Called by: the doors, sessions. Calls: polling, positions, starts, commits.
"""

import asyncio
from collections.abc import Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from app.broker.context import BrokerContext
from app.broker.list_offsets import OffsetSpec
from app.broker.topics import check_topic_name
from app.cluster.database import to_its_end
from app.consumers.errors import IllegalSessionState, SessionError, SessionNotFound
from app.consumers.keeping.kept_state import KeptState, Save
from app.consumers.keeping.state import SessionState
from app.consumers.listener import Listener
from app.consumers.membership.subscriber import (
    PARTITIONS_MAX,
    Shared,
    Subscriber,
    check_subscription,
)
from app.consumers.model import (
    Committed,
    OffsetToCommit,
    Polled,
    Position,
    SessionSettings,
    Subscription,
    TopicPartition,
)
from app.consumers.reading.commits import Committer, MemberIdentity
from app.consumers.reading.holdings import Holdings
from app.consumers.reading.polling import Poller, PollLimits
from app.consumers.reading.positions import Positions
from app.consumers.reading.read_ahead import ReadAhead
from app.consumers.reading.seeking import Seeker
from app.security.principal import Principal

RECORDS_MAX = 2**31 - 1
SETTLE_SECONDS_MAX = 5.0
"""How long a seek waits for the session's first assignment."""


class Session:
    """One consumer."""

    def __init__(
        self,
        context: BrokerContext,
        state: SessionState,
        save: Save,
        shared: Shared,
    ) -> None:
        """Read nothing until it is told what, or go on as the state says.

        Args:
            context: The broker.
            state: New, or as it was before a restart.
            save: Makes later states durable; does nothing for a session that is not.
            shared: What all sessions of the node share.
        """
        self._context = context
        self.codecs = context.serdes.codecs
        """Schemas of the registry, for the doors that show what is polled."""

        self._shared = shared
        self._kept = KeptState(state, save)
        self._positions = Positions(state.epoch)
        self._read_ahead = ReadAhead(shared.budget)
        self._seeker = Seeker(context, self._kept, self._positions)
        self._poller = Poller(
            context,
            state.principal,
            state.settings,
            self._positions,
            (self._read_ahead, shared.reads),
            (self._seeker.find_start, self._seeker.began),
        )
        self._committer = Committer(
            context, state.principal, state.settings, self._positions, self._identity
        )
        self._changes = asyncio.Lock()
        self._closed: SessionError | None = None
        self._calls = 0
        self._used_s = context.clock.monotonic()
        self._holdings = Holdings(
            state.settings,
            self._positions,
            self._read_ahead,
            self._poller,
            self._committer,
            self._end,
        )
        self._subscriber = Subscriber(
            context, self._kept, self._positions, self._holdings, self._committer, shared
        )

    # -- what it is ----------------------------------------------------------------------------

    @property
    def settings(self) -> SessionSettings:
        """As its client chose."""
        return self._kept.state.settings

    @property
    def state(self) -> SessionState:
        """What is kept of it."""
        return self._kept.state

    @property
    def subscription(self) -> Subscription | None:
        """What it is subscribed to, if it is."""
        return self._kept.state.subscription

    @property
    def epoch(self) -> int:
        """The last seek epoch."""
        return self._positions.epoch

    @property
    def idle_seconds(self) -> float:
        """For how long nobody has asked it for anything; 0 while somebody does."""
        return 0.0 if self._calls else self._context.clock.monotonic() - self._used_s

    @property
    def listener(self) -> Listener | None:
        """Who is told what becomes of its partitions."""
        return self._holdings.listener

    @listener.setter
    def listener(self, listener: Listener | None) -> None:
        self._holdings.listener = listener

    def act_as(self, principal: Principal) -> None:
        """Read and commit as whoever asks now may: the same party, perhaps from elsewhere."""
        before = self._kept.state.principal
        if (principal.host, principal.scopes) != (before.host, before.scopes):
            self._kept.act_as(principal)
            self._poller.principal = self._committer.principal = principal

    def assignment(self) -> tuple[TopicPartition, ...]:
        """Return the partitions that it reads now."""
        with self._in_use():
            return self._positions.assignment

    def positions(self) -> Mapping[TopicPartition, Position]:
        """Return where it stands, of the partitions where that is known."""
        with self._in_use():
            return self._positions.known

    # -- what to read --------------------------------------------------------------------------

    @to_its_end
    async def assign(self, partitions: Collection[TopicPartition]) -> None:
        """Read these partitions and no others, outside any group's assignment; none ends it.

        Raises:
            IllegalSessionState: It is subscribed, or these are too many.
            InvalidTopic: No topic can have a name among them.
        """
        wanted = tuple(sorted({TopicPartition(*one) for one in partitions}))
        for name in {one.topic for one in wanted}:
            check_topic_name(name)
        if len(wanted) > PARTITIONS_MAX:
            raise IllegalSessionState(f"a session reads at most {PARTITIONS_MAX} partitions")
        with self._in_use():
            async with self._changes:
                if self._kept.state.subscription is not None:
                    raise IllegalSessionState(
                        "the session is subscribed to topics: unsubscribe before you assign"
                    )
                await self._kept.change(lambda state: replace(state, assigned=wanted or None))
                self._holdings.read_only(wanted)

    @to_its_end
    async def subscribe(self, subscription: Subscription) -> None:
        """Read topics, with the group's other members if the session has a group.

        A member joins in the background; its first assignment comes soon (``settled``). Topics that
        are not there yet are read when they come. Without a group all partitions are the session's.

        Raises:
            InvalidRegularExpression: The pattern is none.
            IllegalSessionState: The session assigns partitions itself, or is subscribed in the
                other way.
        """
        check_subscription(subscription)
        with self._in_use():
            async with self._changes:
                state = self._kept.state
                if state.assigned is not None:
                    raise IllegalSessionState(
                        "the session assigns partitions itself: unsubscribe before you subscribe"
                    )
                old = state.subscription
                if old is not None and (old.pattern is None) != (subscription.pattern is None):
                    raise IllegalSessionState(
                        "a session is subscribed by names or by a pattern: unsubscribe first"
                    )
                await self._kept.change(lambda now: replace(now, subscription=subscription))
                self._subscriber.follow()

    @to_its_end
    async def unsubscribe(self) -> None:
        """Read nothing any more; commit what is due by itself, and leave the group."""
        with self._in_use():
            async with self._changes:
                await self._kept.change(
                    lambda state: replace(state, assigned=None, subscription=None, remembered={})
                )
                self._positions.acknowledge()
                await self._subscriber.leave()
                self._holdings.read_only(())

    async def settled(self, wait_seconds: float) -> bool:
        """Return whether the group has given the session what it shall read, after a wait for it.

        At once for a session that is no member.
        """
        return await self._subscriber.settled(wait_seconds)

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """Hand out nothing of these partitions until they are resumed.

        Raises:
            NotAssigned: The session does not read one of them; none is paused.
        """
        with self._in_use():
            self._positions.pause(_partitions(partitions))

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        """Hand out records of these again.

        Raises:
            NotAssigned: The session does not read one of them; none is resumed.
        """
        with self._in_use():
            self._positions.pause(_partitions(partitions), paused=False)
            self._poller.changed.wake_all()

    # -- where to read -------------------------------------------------------------------------

    async def seek(self, positions: Collection[Position]) -> int:
        """Go on at these positions, all or none; durable before it returns.

        Returns:
            The seek epoch: records of these partitions with an earlier one are void.

        Raises:
            NotAssigned: The session does not read one of them.
            BrokerError: Not written down; it may have been done all the same.
        """
        return await self._sought(self._seeker.seek(positions))

    async def seek_to_beginning(self, partitions: Collection[TopicPartition]) -> int:
        """Seek to the first record that there is; see ``seek``."""
        return await self._sought(
            self._seeker.seek_to(_partitions(partitions), OffsetSpec.EARLIEST)
        )

    async def seek_to_end(self, partitions: Collection[TopicPartition]) -> int:
        """Seek behind the last record that there is; see ``seek``."""
        return await self._sought(self._seeker.seek_to(_partitions(partitions), OffsetSpec.LATEST))

    async def seek_to_timestamp(self, timestamps_ms: Mapping[TopicPartition, int]) -> int:
        """Seek to the first record at or after a time, or to the end; see ``seek``."""
        wanted = {TopicPartition(*one): time_ms for one, time_ms in timestamps_ms.items()}
        return await self._sought(self._seeker.seek_to_timestamps(wanted))

    # -- records -------------------------------------------------------------------------------

    async def poll(
        self,
        max_records: int = RECORDS_MAX,
        max_bytes: int | None = None,
        wait_seconds: float | None = None,
        *,
        acknowledges: bool = True,
    ) -> Polled:
        """Return the next records: at the first data, or nothing after the wait.

        A poll ends the one before if that still waits; it answers empty.

        Args:
            max_records: At most so many.
            max_bytes: Of batches as they lie in the log; the session's own limit if None. The
                first record comes however small this is.
            wait_seconds: The session's own if None.
            acknowledges: Whether asking shows that the client has all that was handed out before.
                A door that sends ahead of its client says no, and calls ``acknowledge``.

        Raises:
            SessionNotFound: The session was closed meanwhile.
            IllegalSessionState: It is not told what to read.
            BrokerError: Nothing comes before the client does something about this.
        """
        settings = self.settings
        with self._in_use():
            self._poller.interrupt()
            if acknowledges:
                self._positions.acknowledge()
                self._holdings.arrived()
            if self._kept.state.assigned is None and self._kept.state.subscription is None:
                raise IllegalSessionState("subscribe or assign partitions before you poll")
            await self._committer.commit_due()
            bytes_max = settings.request_bytes_max if max_bytes is None else max_bytes
            limits = PollLimits(
                max(1, max_records),
                max(1, min(bytes_max, settings.request_bytes_max)),
                settings.fetch_min_bytes,
            )
            if wait_seconds is None:
                wait_seconds = settings.request_wait_ms / 1000
            polled = await self._poller.poll(limits, wait_seconds)
            self._check_open()
            return polled

    def acknowledge(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Note that the client has every record before these offsets; they may be committed."""
        with self._in_use():
            for one, offset in offsets.items():
                self._positions.acknowledge_to(TopicPartition(*one), offset)
            self._holdings.arrived()

    def give_back(self, partition: TopicPartition, epoch: int, offset: int) -> bool:
        """Take back what a poll handed out of a partition from an offset on.

        For a door that handed out less than it was given, or whose client went away before the
        answer: the next poll begins there.

        Args:
            partition: Whose.
            epoch: That of the slice.
            offset: The first record that did not go out.

        Returns:
            Whether it was done: not if the session has moved on meanwhile.
        """
        if self._closed is not None:
            return False
        done = self._positions.give_back(TopicPartition(*partition), epoch, offset)
        self._poller.changed.wake_all()
        return done

    def give_all_back(self, polled: Polled) -> None:
        """Take back all that a poll handed out."""
        for one in polled.slices:
            self.give_back(one.topic_partition, one.epoch, one.start_offset)

    # -- offsets -------------------------------------------------------------------------------

    async def commit(
        self, offsets: Mapping[TopicPartition, OffsetToCommit] | None = None
    ) -> Mapping[TopicPartition, int]:
        """Commit, and return when it is durable.

        Args:
            offsets: The next ones to read; all that was handed out if None.

        Returns:
            Kafka's error number of each partition, 0 for success.

        Raises:
            IllegalSessionState: The session has no group.
            BrokerError: The group refuses all of it.
        """
        with self._in_use():
            self._committer.require_group()
            wanted = self._positions.handed_out() if offsets is None else offsets
            if not wanted:
                return {}
            outcomes = await self._subscriber.commit(
                {TopicPartition(*one): wanted[one] for one in wanted}
            )
            self._holdings.arrived()
            return outcomes

    async def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, Committed | None]:
        """Return what the session's group has committed; None where nothing is.

        Raises:
            IllegalSessionState: The session has no group.
            BrokerError: The group cannot be asked.
        """
        with self._in_use():
            return self._committer.committed(partitions)

    # -- its life ------------------------------------------------------------------------------

    @to_its_end
    async def close(self, *, has_all: bool = True) -> None:
        """End the session: commit what is due by itself, leave the group, answer nobody any more.

        Args:
            has_all: Whether the client says that it is done, so has all that was handed out.
        """
        if self._closed is not None:
            return
        async with self._changes:
            if has_all:
                self._positions.acknowledge()
            await self._subscriber.leave()
            self._end(SessionNotFound(f"session {self.settings.name!r} is closed"))

    async def stop(self) -> None:
        """End with the node: a durable session goes on after its next start."""
        if not self.settings.is_durable:
            await self.close(has_all=False)
        elif self._closed is None:
            if self.settings.auto_commit:
                await self._committer.commit_by_itself()
            self.abandon()

    def start(self) -> None:
        """Go on as the state says."""
        state = self._kept.state
        if state.assigned is not None:
            self._holdings.read_only(state.assigned)
        elif state.subscription is not None:
            self._subscriber.follow()

    def abandon(self) -> None:
        """End it where it stands: nothing is committed, the group is not told."""
        self._subscriber.abandon()
        self._end(SessionNotFound(f"session {self.settings.name!r} is closed"))

    def beat(self) -> None:
        """Tell the group that the session lives."""
        if self._closed is None:
            self._subscriber.beat()

    async def tick(self) -> None:
        """Commit what is due by itself, whatever the client does."""
        if self._closed is None:
            await self._committer.commit_due()

    def metadata_changed(self) -> None:
        """Look again: topics or their leaders have changed."""
        if self._kept.state.subscription is not None:
            self._subscriber.follow()
        self._poller.changed.wake_all()

    # -- inside --------------------------------------------------------------------------------

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._check_open()
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            self._used_s = self._context.clock.monotonic()

    def _check_open(self) -> None:
        if self._closed is not None:
            raise self._closed

    @to_its_end
    async def _sought(self, seeking: Coroutine[None, None, int]) -> int:
        try:
            with self._in_use():
                await self.settled(SETTLE_SECONDS_MAX)
                async with self._changes:
                    return await seeking
        finally:
            seeking.close()
            self._poller.changed.wake_all()

    def _identity(self) -> MemberIdentity:
        return self._subscriber.identity

    def _end(self, error: SessionError) -> None:
        self._closed = error
        self._poller.interrupt()
        self._read_ahead.clear()


def _partitions(given: Collection[TopicPartition]) -> list[TopicPartition]:
    return [TopicPartition(*one) for one in given]
