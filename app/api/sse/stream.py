"""One stream: polls its session and writes events, until an end, a limit, or until nobody listens.

States: open -> done (a limit or an end was reached, the client is told) | over (the client left or
comes back later: another stream took its place, the node stops, the session is in trouble).

Invariants:
    An event's id stands for all records up to and with it: a client that comes back with the last
    id that it has goes on behind them, each record once, in the order of its partition.
    Nothing is sent of partitions that are not the session's (any more), nor from before a seek.
    A partition that goes in a rebalance and comes back goes on where it was left, committed or not:
    all before that was sent on this very connection, and a client that loses it comes back with an
    id from before.
    An event has ``EVENT_BYTES_MAX`` or one record; a write waits until the socket takes it. So a
    reader that does not read holds little more than one event, and is cut off by the connection's
    own guard (``http_protocol``); it comes back with its id and has lost nothing.
Called by: door. Calls: consumers.session, records.rendering, events, place.
"""

import asyncio
import logging
from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.api.answers import Send
from app.api.embedded_formats import EmbeddedFormat
from app.api.errors import status_and_code
from app.api.records.decoding import with_decoded
from app.api.records.rendering import render_records
from app.api.sse.events import (
    comment,
    partitions_event,
    place_event,
    records_event,
    retry,
    told_event,
)
from app.api.sse.place import Place
from app.api.sse.query import Commit
from app.broker.errors import BrokerError
from app.consumers.errors import NotAssigned
from app.consumers.filters.record_filter import RecordFilter, picked
from app.consumers.model import (
    OffsetToCommit,
    Polled,
    PolledBatch,
    PolledSlice,
    Position,
    TopicPartition,
)
from app.consumers.session import RECORDS_MAX, Session
from app.telemetry.clock import Clock
from storage.errors import CorruptBatch
from storage.format.decoder import Columns, decode_columns

_logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
"""A stream that has nothing to say says so after as long."""

PLACE_SECONDS = 1.0
"""How soon a client is told how far a filter has looked without a match."""

PIECES_SECONDS = 0.05
"""How long records wait for more that a filter may let through."""

END_POLL_SECONDS = 0.05
"""How long a poll waits that stops at an end: the end may lie behind markers, which none sees."""

RETRY_MS = 1_000
"""How soon a client comes back."""

EVENT_BYTES_MAX = 256 * 1024
FETCH_BYTES_MAX = 512 * 1024
FILTERED_AT_ONCE = 2_000
"""Records that a filter is asked about before what matched is written."""

RECORD_OVERHEAD_BYTES = 180
"""What the JSON of a record has beside its value, more or less."""

Types = tuple[EmbeddedFormat | None, EmbeddedFormat | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a client wants of a stream."""

    types: Types = (None, None)
    filter: RecordFilter | None = None
    max_records: int | None = None
    max_bytes: int | None = None
    commit: Commit = Commit.ON_NEXT


class Stream:
    """One stream; also the listener of its session."""

    def __init__(
        self, clock: Clock, session: Session, place: Place, wanted: Wanted, send: Send
    ) -> None:
        """Send nothing yet.

        Args:
            clock: Tells when to say something.
            session: What it reads; no other stream's.
            place: Where it is; knows limits that were used up before.
            wanted: What its client wants.
            send: Of the request; the answer has begun.
        """
        self.session = session
        self.is_done = False
        """Whether it ended for good."""

        self.returned: dict[TopicPartition, int] = {}
        """Where a client came back to, or a partition was left, of those not gone there yet."""

        self._place = place
        self._wanted = wanted
        self._send = send
        self._monotonic = clock.monotonic
        self._is_member = session.settings.group is not None
        self._told: list[bytes] = []
        self._wake = asyncio.Event()
        self._is_over = False
        self._sought: dict[TopicPartition, int] = {}
        self._left_at: dict[TopicPartition, tuple[int, str]] = {}
        """Next offsets of partitions that are not its own any more, and their topics' ids."""

        self._unconfirmed: set[TopicPartition] = set()
        """Of ``returned``: what was sent so far, of which no client has said that it has it."""

        self._sent_before: Mapping[TopicPartition, int] = {}
        self._pieces: list[bytes] = []
        self._pieces_bytes = 0
        self._has_moved = False
        """Whether it stands where no id has told the client."""

        self._is_full = False
        """Whether the next record does not fit into what may be sent."""

        self._written_s = self._monotonic()

    async def run(self) -> None:
        """Write until it ends."""
        try:
            await self._write(retry(RETRY_MS) + place_event(self._place.token()))
            while True:
                await self._tell()
                await self._seek_returned()
                if self._is_over:
                    await self._write(comment("come back") + retry(RETRY_MS))
                    return
                reason = self._end_reached()
                if reason is not None:
                    await self._finish(reason)
                    return
                polled = await self._poll()
                if polled is not None and polled.slices:
                    await self._send_polled(polled)
                await self._show_life()
        except BrokerError as error:
            _logger.info("stream of %r ends: %s", self.session.settings.name, error)
            await self._write(error_event(error) + retry(RETRY_MS))

    def stop(self) -> None:
        """End soon; the client may come back."""
        self._is_over = True
        self._wake.set()

    def warn(self, data: Mapping[str, object]) -> None:
        """Tell the client of something that it should know, and go on."""
        self._told.append(told_event("error", data))
        self._wake.set()

    # -- what becomes of its partitions ----------------------------------------------------------

    def assigned(self, partitions: Collection[TopicPartition], epoch: int) -> None:
        """Tell what is the stream's from now on."""
        del epoch
        for one in partitions:
            offset, topic_id = self._left_at.pop(one, (0, ""))
            if topic_id and topic_id == self._place.topic_id(one.topic):
                self.returned[one] = offset
                self._unconfirmed.add(one)
        self._told.append(partitions_event("assigned", sorted(partitions)))
        self._wake.set()

    async def revoking(self, partitions: Collection[TopicPartition], wait_seconds: float) -> None:
        """Be done at once: a client that only listens cannot commit now."""

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Tell what is the stream's no more."""
        for one in partitions:
            offset = self._place.offsets.pop(one, None)
            if offset is not None and one not in self.returned:
                self._left_at[one] = (offset, self._place.topic_id(one.topic))
        self._told.append(partitions_event("revoked", sorted(partitions)))
        self._wake.set()

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        """Tell that others have these already."""
        self.revoked(partitions)

    # -- polling ---------------------------------------------------------------------------------

    async def _poll(self) -> Polled | None:
        """Return what there is, or what comes before there is something else to do."""
        left = self._records_left() if self._wanted.filter is None else None
        records_max = RECORDS_MAX if left is None else left
        polled = await self.session.poll(records_max, FETCH_BYTES_MAX, 0.0, acknowledges=False)
        if polled.slices or self._wake.is_set():
            return polled
        wait_s = max(0.0, self._written_s + HEARTBEAT_SECONDS - self._monotonic())
        if self._place.ends is not None:
            wait_s = END_POLL_SECONDS
        elif self._has_moved:
            wait_s = min(wait_s, PLACE_SECONDS)
        polling = asyncio.ensure_future(
            self.session.poll(records_max, FETCH_BYTES_MAX, wait_s, acknowledges=False)
        )
        waking = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({polling, waking}, return_when=asyncio.FIRST_COMPLETED)
            return polling.result() if polling.done() else None
        finally:
            for task in (polling, waking):
                task.cancel()
            await asyncio.gather(polling, waking, return_exceptions=True)

    async def _seek_returned(self) -> None:
        """Go where the client came back to, of what is assigned; commit what it has by then."""
        if not self.returned:
            return
        due = [one for one in self.session.assignment() if one in self.returned]
        if not due:
            return
        committed = await self.session.committed(due)
        ahead: dict[TopicPartition, OffsetToCommit] = {}
        positions = []
        for one in due:
            offset, known = self.returned[one], committed.get(one)
            if known is not None and known.offset >= offset:
                offset = known.offset
            elif one not in self._unconfirmed:
                ahead[one] = OffsetToCommit(offset)
            positions.append(Position(*one, offset))
        try:
            epoch = await self.session.seek(positions)
        except NotAssigned:
            return  # taken again meanwhile: it is done when they come back
        for position in positions:
            place = position.topic_partition
            self._sought[place] = epoch
            self._place.offsets[place] = position.offset
            self.returned.pop(place, None)
            self._unconfirmed.discard(place)
        if ahead and self._wanted.commit is Commit.ON_NEXT:
            codes = await self.session.commit(ahead)
            refused = [place for place, code in codes.items() if code]
            if refused:
                self.warn({"message": f"not committed: {refused}", "retriable": True})

    def _end_reached(self) -> str | None:
        """Return which limit or end was reached."""
        if self._records_left() == 0:
            return "max_records"
        if self._bytes_left() == 0:
            return "max_bytes"
        ends = self._place.ends
        if ends is not None:
            standing = self.session.positions()
            offsets = self._place.offsets
            if all(
                max(offsets.get(one, 0), standing[one].offset if one in standing else 0) >= end
                for one, end in ends.items()
            ):
                return "until"
        return None

    def _records_left(self) -> int | None:
        wanted = self._wanted.max_records
        return None if wanted is None else max(0, wanted - self._place.state.records)

    def _bytes_left(self) -> int | None:
        wanted = self._wanted.max_bytes
        if self._is_full:
            return 0
        return None if wanted is None else max(0, wanted - self._place.state.bytes)

    # -- sending ---------------------------------------------------------------------------------

    async def _send_polled(self, polled: Polled) -> None:
        ends = self._place.ends
        for one in polled.slices:
            place = one.topic_partition
            end = None if ends is None else ends.get(place)
            for batch in one.batches:
                if not self._is_wanted(one):
                    break
                await self._send_batch(one, batch, end)
                if self._records_left() == 0 or self._bytes_left() == 0:
                    await self._flush()
                    return
            if self._is_wanted(one):
                reached = one.next_offset if end is None else min(one.next_offset, end)
                self._move(place, max(reached, self._place.offsets.get(place, 0)))
        await self._flush()

    def _is_wanted(self, one: PolledSlice) -> bool:
        """Return whether a slice is still the client's to have."""
        place = one.topic_partition
        if place in self.returned or one.epoch < self._sought.get(place, 0):
            return False
        return not self._is_member or place in self.session.assignment()

    async def _send_batch(self, one: PolledSlice, batch: PolledBatch, end: int | None) -> None:
        """Write the records of a batch that are wanted, in events of a bounded size."""
        place = one.topic_partition
        try:
            columns = decode_columns(one.data, batch.position)
        except CorruptBatch as error:
            await self._tell_unreadable(place, batch, error)
            return
        last = batch.end_offset if end is None else min(batch.end_offset, end)
        first = bisect_left(columns.offsets, batch.first_offset)
        wanted = range(first, bisect_left(columns.offsets, last))
        columns = await with_decoded(
            self.session.codecs, columns, self._wanted.types, slice(wanted.start, wanted.stop)
        )
        if self._wanted.filter is None:
            await self._send_columns(one, batch, columns, wanted)
            return
        left = self._records_left()
        while wanted:
            share = range(wanted.start, min(wanted.stop, wanted.start + FILTERED_AT_ONCE))
            matched = await self._wanted.filter.matching(
                place, columns, share, self._monotonic, left
            )
            found = picked(columns, matched.indexes)
            await self._send_columns(one, batch, found, range(len(found.offsets)))
            if not self._is_wanted(one) or self._bytes_left() == 0:
                return
            self._move(place, columns.offsets[matched.end - 1] + 1)
            left = self._records_left()
            if left == 0:
                return
            wanted = range(matched.end, wanted.stop)
            await self._show_life()

    async def _send_columns(
        self, one: PolledSlice, batch: PolledBatch, columns: Columns, wanted: range
    ) -> None:
        if not wanted:
            return
        place = one.topic_partition
        size = sum(map(len, filter(None, columns.values[wanted.start : wanted.stop])))
        average = size // len(wanted) + RECORD_OVERHEAD_BYTES
        share = max(1, EVENT_BYTES_MAX // average)
        start = wanted.start
        while start < wanted.stop and self._bytes_left() != 0 and self._is_wanted(one):
            stop = min(wanted.stop, start + share)
            rendered, stop = self._fitting(place, batch, columns, range(start, stop))
            if stop == start:
                self._is_full = True
                break
            self._pieces.append(rendered)
            self._pieces_bytes += len(rendered)
            state = self._place.state
            state.records += stop - start
            state.bytes += _size(rendered, stop - start)
            self._move(place, columns.offsets[stop - 1] + 1)
            if self._pieces_bytes >= EVENT_BYTES_MAX:
                await self._flush()
            start = stop

    def _fitting(
        self, place: TopicPartition, batch: PolledBatch, columns: Columns, wanted: range
    ) -> tuple[bytes, int]:
        """Return the JSON of as many records as there is room for, and their end.

        The first record of a stream fits always.
        """
        left = self._bytes_left()
        stop = wanted.stop
        while True:
            rendered = render_records(
                place,
                batch.header,
                columns,
                slice(wanted.start, stop),
                self._wanted.types,
                b",",
            )
            count = stop - wanted.start
            size = _size(rendered, count)
            if left is None or size <= left:
                return rendered, stop
            if count == 1:
                is_first = self._place.state.records == 0
                return (rendered, stop) if is_first else (b"", wanted.start)
            stop = wanted.start + max(1, min(count - 1, count * left // size))

    def _move(self, place: TopicPartition, offset: int) -> None:
        self._place.offsets[place] = offset
        self._has_moved = True

    async def _flush(self) -> None:
        """Write the records that wait as one event."""
        if not self._pieces:
            return
        pieces, self._pieces, self._pieces_bytes = self._pieces, [], 0
        await self._write(records_event(pieces, self._place.token()))
        self._has_moved = False
        if self._wanted.commit is Commit.AUTO and self._is_member:
            mine = set(self.session.assignment())
            self.session.acknowledge(
                {one: at for one, at in self._sent_before.items() if one in mine}
            )
            self._sent_before = dict(self._place.offsets)
        await asyncio.sleep(0)

    async def _tell(self) -> None:
        """Write what has become of the partitions."""
        self._wake.clear()
        if self._is_over:
            self._wake.set()
        while self._told:
            await self._write(self._told.pop(0))

    async def _show_life(self) -> None:
        """Write where the client is, or only that it is not forgotten, when it is time."""
        silent_s = self._monotonic() - self._written_s
        if self._pieces and silent_s >= PIECES_SECONDS:
            await self._flush()
        elif self._has_moved and not self._pieces and silent_s >= PLACE_SECONDS:
            self._has_moved = False
            await self._write(place_event(self._place.token()))
        elif silent_s >= HEARTBEAT_SECONDS:
            await self._write(comment(self._counts_text()))

    async def _tell_unreadable(
        self, place: TopicPartition, batch: PolledBatch, error: CorruptBatch
    ) -> None:
        """Tell of a batch that nobody can open, and go on behind it."""
        await self._flush()
        self._move(place, batch.end_offset)
        told = {
            "error_code": 42207,
            "message": f"The batch at offset {batch.first_offset} does not decode ({error})",
            "retriable": False,
            "topic_name": place.topic,
            "partition_id": place.partition,
            "offset": batch.first_offset,
            "next_offset": batch.end_offset,
        }
        await self._write(told_event("error", told, self._place.token()))

    async def _finish(self, reason: str) -> None:
        self.is_done = True
        state = self._place.state
        state.done = True
        told: dict[str, object] = {
            "reason": reason,
            "records": state.records,
            "bytes": state.bytes,
        }
        if self._wanted.filter is not None:
            told["filter"] = self._wanted.filter.counts()
        await self._write(told_event("done", told, self._place.token()))

    def _counts_text(self) -> str:
        one = self._wanted.filter
        if one is None:
            return "nothing new"
        return f"nothing new: scanned={one.scanned}, matched={one.matched}, failed={one.failed}"

    async def _write(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._written_s = self._monotonic()


def _size(rendered: bytes, count: int) -> int:
    """Return how much JSON records are, without what stands between them."""
    return len(rendered) - (count - 1)


def error_event(error: BrokerError) -> bytes:
    """Return the event of a refusal."""
    data = {
        "error_code": status_and_code(error)[1],
        "message": str(error),
        "retriable": error.retriable,
    }
    return told_event("error", data)
