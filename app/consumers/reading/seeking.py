"""Where one session reads: it goes where its client says, and begins where nobody does.

Both are remembered of a durable session before the client is answered: see ``state``.

Invariants:
    A seek counts from the moment it is called; a poll under way hands out nothing from before it.
    A partition of a durable session begins at one place only, however often the server is killed,
    until something is committed.
Called by: session, polling. Calls: positions, starts, keeping.
"""

from collections.abc import Collection, Mapping, Sequence

from app.broker.context import BrokerContext
from app.broker.list_offsets import OffsetSpec
from app.consumers.keeping.kept_state import KeptState
from app.consumers.keeping.state import Remembered
from app.consumers.model import OffsetReset, Position, TopicPartition
from app.consumers.reading.positions import Positions, Standing
from app.consumers.reading.starts import (
    Start,
    find_start,
    last_commit,
    named_position,
    timestamp_position,
)


class Seeker:
    """Seeks for one session."""

    def __init__(self, context: BrokerContext, kept: KeptState, positions: Positions) -> None:
        """Move these positions."""
        self._context = context
        self._kept = kept
        self._positions = positions

    async def seek(self, positions: Collection[Position]) -> int:
        """Go on at these positions, all or none; return the seek epoch when that is durable.

        Raises:
            NotAssigned: The session does not read one of them.
            BrokerError: Not written down, but done.
        """
        topics = self._context.image.topics
        topic_ids = {
            one.topic: topics[one.topic].topic_id for one in positions if one.topic in topics
        }
        epoch = self._positions.seek(positions, topic_ids)
        if self._kept.state.settings.is_durable:
            places = []
            for one in positions:
                commit = last_commit(self._context, self._kept.state, one.topic_partition)
                topic_id = topic_ids.get(one.topic, "")
                places.append(Remembered(one, topic_id, commit.log_offset))
            await self._remember(places)
        return epoch

    async def seek_to(self, partitions: Collection[TopicPartition], spec: OffsetSpec) -> int:
        """Seek to the beginning or the end."""
        state = self._kept.state
        for one in partitions:
            self._positions.at(one)
        return await self.seek(
            [
                named_position(self._context, state.principal, state.settings, one, spec)
                for one in partitions
            ]
        )

    async def seek_to_timestamps(self, timestamps_ms: Mapping[TopicPartition, int]) -> int:
        """Seek to the first records at or after a time, or to the end."""
        state = self._kept.state
        for one in timestamps_ms:
            self._positions.at(one)
        return await self.seek(
            [
                timestamp_position(
                    self._context, state.principal, state.settings, one, timestamp_ms
                )
                for one, timestamp_ms in timestamps_ms.items()
            ]
        )

    def find_start(self, partition: TopicPartition, standing: Standing) -> Start:
        """Return where to begin in a partition; see ``starts``."""
        resets = standing is Standing.TO_RESET
        return find_start(self._context, self._kept.state, partition, resets=resets)

    async def began(self, starts: Sequence[Start]) -> None:
        """Write down what a durable session has chosen, so that it does not choose again."""
        settings = self._kept.state.settings
        if not settings.is_durable or settings.auto_offset_reset is OffsetReset.EARLIEST:
            return
        chosen = [
            Remembered(one.position, one.topic_id, one.commit_log_offset)
            for one in starts
            if one.is_reset
        ]
        if chosen:
            await self._remember(chosen)

    async def _remember(self, places: Collection[Remembered]) -> None:
        await self._kept.change(
            lambda state: state.with_remembered(
                places, self._positions.epoch, self._positions.assignment
            )
        )
