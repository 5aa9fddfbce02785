"""Journal: one partition of ``__consumer_offsets``, written and read back.

Invariants:
    What follows a write (``Then``) is called once, with where it landed or why it did not, and in
    the order of the writes; never before the write is durable.
    Reading ends at what was there when it began; nothing is written before (the shard sees to it).
Called by: shard. Calls: replication, storage.format.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.records import KeyValue
from app.replication.partition import Partition
from app.replication.replica_manager import ReplicaManager
from app.telemetry.clock import Clock
from storage.errors import BatchTooLarge, DiskError, LogError
from storage.format.batch import BatchHeader, Buffer, iterate_headers
from storage.format.builder import build_batch

READ_BYTES = 1 << 20
"""How much is read and decoded between two looks at the rest of the world."""

Then = Callable[[ErrorCode, int], None]
"""What follows a write: its outcome, and the offset of its first record."""

Spawn = Callable[[Coroutine[None, None, None]], object]
"""Starts a task that lives as long as the coordinator."""


class Journal:
    """One partition, as the coordinator uses it."""

    def __init__(
        self, clock: Clock, replicas: ReplicaManager, replica: Partition, leader_epoch: int
    ) -> None:
        """Write as the leader of an epoch."""
        self._clock = clock
        self._replicas = replicas
        self._replica = replica
        self._leader_epoch = leader_epoch
        self._writes: deque[tuple[ErrorCode, int, int, Then]] = deque()
        self._is_following = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read."""
        return self._replica.log_end_offset == self._replica.log_start_offset

    def append(self, spawn: Spawn, records: Sequence[KeyValue], then: Then) -> bool:
        """Write records as one batch; ``then`` is called later, also when they are refused.

        Returns:
            Whether they were taken. If they then do not become durable, nothing after them does.
        """
        now_ms = self._clock.now_ms()
        error, base_offset, end_offset = ErrorCode.NONE, -1, -1
        try:
            batch = build_batch([(now_ms, key, value, ()) for key, value in records])
            landed = self._replica.append_as_leader(
                batch, leader_epoch=self._leader_epoch, now_ms=now_ms
            )
            base_offset, end_offset = landed.base_offset, landed.last_offset + 1
        except (LogError, DiskError) as refused:
            error = _error_code(refused)
        self._writes.append((error, base_offset, end_offset, then))
        if not self._is_following:
            self._is_following = True
            spawn(self._follow())
        return error is ErrorCode.NONE

    async def read(self) -> AsyncIterator[tuple[Buffer, int, BatchHeader]]:
        """Yield all batches: bytes, position in them, header; the loop is left free in between.

        Raises:
            LogError: The log is offline, or a batch is damaged.
            DiskError: The disk failed.
        """
        offset = self._replica.log_start_offset
        end_offset = self._replica.log_end_offset
        while offset < end_offset:
            await self._replica.wait_for_high_watermark(end_offset)
            found = self._replica.locate(offset, READ_BYTES)
            if found is None:
                return
            data = await self._replicas.read(found)
            for position, header in iterate_headers(data):
                yield data, position, header
                offset = header.next_offset
            await asyncio.sleep(0)

    async def _follow(self) -> None:
        try:
            while self._writes:
                error, base_offset, end_offset, then = self._writes[0]
                if error is ErrorCode.NONE:
                    error = await self._durable(end_offset)
                self._writes.popleft()
                then(error, base_offset)
        finally:
            self._is_following = False

    async def _durable(self, end_offset: int) -> ErrorCode:
        try:
            await self._replica.wait_for_high_watermark(end_offset)
        except (LogError, DiskError) as error:
            return _error_code(error)
        return ErrorCode.NONE


def _error_code(error: Exception) -> ErrorCode:
    if isinstance(error, BatchTooLarge):
        return ErrorCode.INVALID_COMMIT_OFFSET_SIZE
    # Not NOT_COORDINATOR: whoever is asked who coordinates would name this node again.
    return ErrorCode.COORDINATOR_NOT_AVAILABLE
