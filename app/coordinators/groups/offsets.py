"""What one group has committed, and when it may be forgotten.

Invariants:
    What is here is durable: an offset is put in after its record is.
    A commit inside a transaction is seen by nobody until the transaction's marker comes, and
    then only if nothing was committed for that partition after it (T36).
    Offsets expire only while nobody uses them: see ``expired``.
Called by: coordinator. Calls: nothing (no I/O, no clock).
Source: Kafka's ``OffsetMetadataManager`` and ``OffsetExpirationConditionImpl`` (KIP-211).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

TopicPartition = tuple[str, int]
"""Topic name and partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedOffset:
    """Where a group will go on reading a partition."""

    offset: int
    """The next one to read, not the last one that was read."""

    leader_epoch: int = -1
    metadata: str = ""
    commit_timestamp_ms: int
    expire_timestamp_ms: int | None = None
    """Only from old clients that choose a retention time of their own."""

    log_offset: int = -1
    """Where in the log it stands: later ones win."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """What decides whether a group's offsets may go."""

    from_ms: int | None
    """When the group became empty; None: each offset counts from its own commit."""

    subscribed_topics: Collection[str] = ()
    """Topics whose offsets stay, because members read them."""

    stays: bool = False
    """Nothing expires now: the group has members whose topics are not known."""


class GroupOffsets:
    """The committed offsets of one group."""

    def __init__(self) -> None:
        self._committed: dict[TopicPartition, CommittedOffset] = {}
        self._pending: dict[int, dict[TopicPartition, CommittedOffset]] = {}

    def __len__(self) -> int:
        return len(self._committed)

    def __iter__(self) -> Iterator[tuple[TopicPartition, CommittedOffset]]:
        return iter(sorted(self._committed.items()))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is committed, nor about to be by a transaction."""
        return not self._committed and not self._pending

    @property
    def is_settled(self) -> bool:
        """Whether no open transaction has commits here."""
        return not self._pending

    @property
    def partitions(self) -> set[TopicPartition]:
        """All partitions of which something is written, pending commits too."""
        return set(self._committed).union(*self._pending.values())

    def get(self, partition: TopicPartition) -> CommittedOffset | None:
        """Return what is committed for a partition, or None."""
        return self._committed.get(partition)

    def put(self, partition: TopicPartition, committed: CommittedOffset) -> None:
        """Take a durable commit."""
        present = self._committed.get(partition)
        if present is None or committed.log_offset >= present.log_offset:
            self._committed[partition] = committed

    def remove(self, partition: TopicPartition) -> None:
        """Forget a partition, by a durable tombstone; pending commits of it go too."""
        self._committed.pop(partition, None)
        for producer_id in tuple(self._pending):
            self._pending[producer_id].pop(partition, None)
            if not self._pending[producer_id]:
                del self._pending[producer_id]

    def put_pending(
        self, producer_id: int, partition: TopicPartition, committed: CommittedOffset
    ) -> None:
        """Take a durable commit of a transaction that is still open."""
        self._pending.setdefault(producer_id, {})[partition] = committed

    def end_transaction(self, producer_id: int, *, is_commit: bool) -> None:
        """Show what a transaction has committed, or drop it."""
        for partition, committed in self._pending.pop(producer_id, {}).items():
            if is_commit:
                self.put(partition, committed)

    def is_unstable(self, partition: TopicPartition) -> bool:
        """Whether an open transaction has a commit for a partition (KIP-447)."""
        return any(partition in commits for commits in self._pending.values())

    def expired(self, expiry: Expiry, now_ms: int, retention_ms: int) -> list[TopicPartition]:
        """Return the partitions whose offsets may be forgotten."""
        if expiry.stays:
            return []
        return [
            partition
            for partition, committed in self._committed.items()
            if partition[0] not in expiry.subscribed_topics
            and not self.is_unstable(partition)
            and _has_expired(committed, expiry, now_ms, retention_ms)
        ]


def _has_expired(
    committed: CommittedOffset, expiry: Expiry, now_ms: int, retention_ms: int
) -> bool:
    if committed.expire_timestamp_ms is not None:
        return now_ms >= committed.expire_timestamp_ms
    from_ms = expiry.from_ms if expiry.from_ms is not None else committed.commit_timestamp_ms
    return now_ms - from_ms >= retention_ms
