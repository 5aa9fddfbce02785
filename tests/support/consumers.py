"""What tests of sessions share: batches as a log may hold them, and what a poll handed out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from app.broker.context import BrokerContext
from app.consumers.model import (
    OffsetReset,
    Polled,
    PolledSlice,
    SessionSettings,
    Subscription,
    TopicPartition,
)
from app.consumers.session import Session
from app.consumers.sessions import Sessions, SessionsLimits
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
async def running_sessions(context: BrokerContext, **limits: Any) -> AsyncIterator[Sessions]:
    """Run sessions whose members hear at once of what becomes of their group."""
    limits.setdefault("beat_interval_ms", 10)
    sessions = Sessions(context, SessionsLimits(**limits))
    running = asyncio.create_task(sessions.run())
    await asyncio.sleep(0)
    try:
        yield sessions
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def made_session(
    context: BrokerContext, partitions: Sequence[TopicPartition] = (), **settings: Any
) -> AsyncIterator[Session]:
    """Make a session that begins at the beginning; it ends with the block."""
    async with running_sessions(context) as sessions:
        session = await made(sessions, **settings)
        if partitions:
            await session.assign(partitions)
        try:
            yield session
        finally:
            session.abandon()


async def made(sessions: Sessions, **settings: Any) -> Session:
    """Make a session that begins at the beginning."""
    settings.setdefault("auto_offset_reset", OffsetReset.EARLIEST)
    return await sessions.create(SessionSettings(**settings), ANONYMOUS)


async def member(sessions: Sessions, name: str, **settings: Any) -> Session:
    """Make a session that is subscribed to ``t`` as a member of ``g``, and has its assignment."""
    session = await made(sessions, **{"group": "g", "name": name, **settings})
    await session.subscribe(Subscription(topics=("t",)))
    assert await session.settled(30)
    return session


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.005)
