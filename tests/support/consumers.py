"""What tests of sessions share: batches as a log may hold them, and what a poll handed out."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from app.broker.context import BrokerContext
from app.consumers.model import OffsetReset, Polled, PolledSlice, SessionSettings, TopicPartition
from app.consumers.session import Session
from app.consumers.sessions import Sessions
from app.security.principal import ANONYMOUS
from storage.cleanup.batch_filter import BatchFilter
from storage.cleanup.offset_map import OffsetMap
from storage.cleanup.transaction_filter import TransactionFilter
from storage.format.batch import checked_header, stamp
from storage.format.builder import build_batch
from storage.format.decoder import decode_records

NOW_MS = 1_700_000_000_000
T0, T1 = TopicPartition("t", 0), TopicPartition("t", 1)

Got = tuple[TopicPartition, int, bytes | None]
"""A record: its partition, offset and value."""


def batch_at(
    base_offset: int, count: int, *, leader_epoch: int = 0, value: bytes = b"", **more: Any
) -> bytes:
    """Return a batch whose records have their offsets as keys."""
    records = [(NOW_MS, str(base_offset + number).encode(), value, ()) for number in range(count)]
    batch = build_batch(records, **more)
    stamp(batch, 0, base_offset, leader_epoch)
    return bytes(batch)


def compacted(batch: bytes, kept: Collection[int]) -> bytes:
    """Return what compaction leaves of a batch of ``batch_at`` if it keeps these offsets."""
    gone = [one for one in decode_records(batch) if one.offset not in kept]
    offsets = OffsetMap(1 << 20)
    offsets.put([one.key or b"" for one in gone], [1 << 40 for _ in gone], 1 << 41)
    found = BatchFilter(offsets, TransactionFilter([]), {}, now_ms=NOW_MS, delete_retention_ms=1)
    remains = found.remains(batch, checked_header(batch), ends_segment=True)
    assert remains is not None, "the last batch of a segment stays, if only as a filler"
    return bytes(remains.batch)


def slice_records(one: PolledSlice) -> list[Got]:
    """Return the records that a slice hands out."""
    return [
        (one.topic_partition, record.offset, record.value)
        for batch in one.batches
        for record in decode_records(one.data, batch.position)
        if batch.first_offset <= record.offset < batch.end_offset
    ]


def records(polled: Polled) -> list[Got]:
    """Return the records that a poll hands out, in their order."""
    found = [record for one in polled.slices for record in slice_records(one)]
    assert len(found) == polled.record_count
    return found


def values(polled: Polled) -> list[bytes | None]:
    """Return the values that a poll hands out, in their order."""
    return [value for _, _, value in records(polled)]


async def polled_values(session: Session, **more: Any) -> list[bytes | None]:
    """Poll without waiting and return the values."""
    return values(await session.poll(wait_seconds=0, **more))


@asynccontextmanager
async def made_session(
    context: BrokerContext, partitions: Sequence[TopicPartition] = (), **settings: Any
) -> AsyncIterator[Session]:
    """Make a session that begins at the beginning; it ends with the block."""
    sessions = Sessions(context)
    settings.setdefault("auto_offset_reset", OffsetReset.EARLIEST)
    session = await sessions.create(SessionSettings(**settings), ANONYMOUS)
    if partitions:
        await session.assign(partitions)
    try:
        yield session
    finally:
        session.abandon()
