"""What was read and not handed out yet: kept for the next poll, as far as memory allows.

A poll of few records reads whole batches; the rest of them is kept so that the next poll need not
read and check them again. What does not fit is dropped, and read again: nothing depends on it.

Invariants:
    The bytes kept by a session and by all together never pass their bounds.
    Only the rest of a partition in its present epoch is ever taken out.
Pure. Called by: polling. Calls: batches, shared_reads.
"""

from typing import NamedTuple

from app.consumers.model import TopicPartition
from app.consumers.reading.batches import Cut, Limits, cut
from app.consumers.reading.shared_reads import SharedRead
from storage.format.batch import Buffer
from storage.segments.txn_index import AbortedTransaction

SESSION_READ_AHEAD_BYTES_MAX = 4 * 1024 * 1024
"""What one session may keep."""

READ_AHEAD_BYTES_MAX = 64 * 1024 * 1024
"""What all sessions of a node may keep together."""


class Rest(NamedTuple):
    """The rest of what was read of a partition."""

    epoch: int
    offset: int
    """Where it goes on."""

    data: Buffer
    resume_at: int
    aborted: tuple[AbortedTransaction, ...]
    shared: SharedRead | None = None
    """The same bytes, if other sessions read them too and nothing of them is handed out yet."""

    def cut(self, offset: int, limits: Limits) -> Cut:
        """Take records from an offset on; see ``batches.cut``.

        Raises:
            CorruptBatch: The first batch is damaged.
        """
        if self.shared is not None:
            return self.shared.cut(offset, limits, self.aborted)
        return cut(self.data, self.resume_at, offset, limits, self.aborted)

    def after(self, taken: Cut) -> "Rest":
        """Return what is left when records were taken."""
        return self._replace(offset=taken.next_offset, resume_at=taken.resume_at, shared=None)


class ReadAheadBudget:
    """Bytes that all sessions of a node keep together."""

    def __init__(self, bytes_max: int = READ_AHEAD_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self.used = 0

    def take(self, size: int) -> bool:
        """Account for bytes to be kept; return whether there is room for them."""
        if self.used + size > self._bytes_max:
            return False
        self.used += size
        return True

    def give(self, size: int) -> None:
        """Account for bytes that are kept no more."""
        self.used -= size
        assert self.used >= 0, "only what was taken is given"


class ReadAhead:
    """What one session keeps."""

    def __init__(
        self, budget: ReadAheadBudget, bytes_max: int = SESSION_READ_AHEAD_BYTES_MAX
    ) -> None:
        self._budget = budget
        self._bytes_max = bytes_max
        self._rests: dict[TopicPartition, Rest] = {}
        self.used = 0

    def peek(self, partition: TopicPartition, epoch: int, offset: int) -> Rest | None:
        """Return the rest of a partition if it goes on exactly there; else drop what there is."""
        rest = self._rests.get(partition)
        if rest is None:
            return None
        if rest.epoch != epoch or rest.offset != offset:
            self.drop(partition)
            return None
        return rest

    def keep(self, partition: TopicPartition, rest: Rest) -> bool:
        """Keep a rest in place of what there is; return whether there was room for it."""
        self.drop(partition)
        size = len(rest.data)
        if rest.resume_at >= size or self.used + size > self._bytes_max:
            return False
        if not self._budget.take(size):
            return False
        self._rests[partition] = rest
        self.used += size
        return True

    def drop(self, partition: TopicPartition) -> None:
        """Forget a partition's rest, if there is one."""
        rest = self._rests.pop(partition, None)
        if rest is not None:
            self.used -= len(rest.data)
            self._budget.give(len(rest.data))

    def clear(self) -> None:
        """Forget everything."""
        for partition in tuple(self._rests):
            self.drop(partition)
