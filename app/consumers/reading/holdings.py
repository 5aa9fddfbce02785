"""Holdings: the partitions that one session reads, and how they come and go.

What is to be taken away is held back first: no poll hands it out any more, while the client gets
its time to be done. With a listener the door says when; without one it is when the client asks for
more or commits, which shows that it has what it was given.

Invariants:
    Nothing is committed by itself that the client has not shown to have, however short the time.
    A partition that is gone has nothing left here: its next reader begins at what is committed.
Called by: session, member. Calls: positions, read_ahead, commits, the listener.
Source: Kafka's ``ConsumerCoordinator.onJoinPrepare``, with a deadline.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

from app.broker.errors import BrokerError
from app.consumers.errors import SessionError
from app.consumers.listener import Listener
from app.consumers.model import SessionSettings, TopicPartition
from app.consumers.reading.commits import Committer
from app.consumers.reading.polling import Poller
from app.consumers.reading.positions import Positions
from app.consumers.reading.read_ahead import ReadAhead


class Holdings:
    """The partitions of one session; the host of its member."""

    def __init__(
        self,
        settings: SessionSettings,
        positions: Positions,
        read_ahead: ReadAhead,
        poller: Poller,
        committer: Committer,
        end: Callable[[SessionError], None],
    ) -> None:
        """Read what the positions say."""
        self._settings = settings
        self._positions = positions
        self._read_ahead = read_ahead
        self._poller = poller
        self._committer = committer
        self._arrived = asyncio.Event()
        self.end = end
        """Ends the session."""

        self.listener: Listener | None = None

    @property
    def held(self) -> Collection[TopicPartition]:
        """The partitions that are read."""
        return self._positions.assignment

    def arrived(self) -> None:
        """The client has shown to have something, or has committed."""
        self._arrived.set()

    async def revoke(self, partitions: Collection[TopicPartition]) -> None:
        """Let the client be done with these, commit what is due, and read them no more."""
        self._positions.hold(partitions)
        self._poller.changed.wake_all()
        wait_s = self._settings.rebalance_wait_ms / 1000
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                if self.listener is not None:
                    await self.listener.revoking(partitions, wait_s)
                else:
                    await self._until_arrived(partitions)
        if self._settings.auto_commit:
            await self._committer.commit_by_itself()
        self._drop(partitions)
        if self.listener is not None:
            self.listener.revoked(partitions)

    def take(self, partitions: Collection[TopicPartition]) -> None:
        """Read these too."""
        self._positions.add(partitions)
        self._poller.changed.wake_all()
        if self.listener is not None:
            self.listener.assigned(partitions, self._positions.epoch)

    def lose(self, partitions: Collection[TopicPartition]) -> None:
        """Read these no more: they are somebody else's already."""
        self._drop(partitions)
        if self.listener is not None and partitions:
            self.listener.lost(partitions)

    def read_only(self, partitions: Collection[TopicPartition]) -> None:
        """Read these and no others, as the client itself says."""
        self._drop(set(self._positions.assignment) - set(partitions))
        self._positions.add(partitions)
        self._poller.changed.wake_all()

    def trouble(self, error: BrokerError | None) -> None:
        """Have polls refused with this, or not any more."""
        self._poller.trouble = error
        self._poller.changed.wake_all()

    async def _until_arrived(self, partitions: Collection[TopicPartition]) -> None:
        while self._positions.outstanding(partitions):
            self._arrived.clear()
            await self._arrived.wait()

    def _drop(self, partitions: Collection[TopicPartition]) -> None:
        self._positions.remove(partitions)
        for one in partitions:
            self._read_ahead.drop(one)
        self._poller.changed.wake_all()
