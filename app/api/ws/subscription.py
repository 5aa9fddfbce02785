"""A subscription: sends what its session hands out, as far as credit and the socket allow.

States: open -> ended. While open it polls its session whenever there is credit and room, and sends
one records frame for each poll that brought something. It ends when the client says so, when what
an ``until`` asked for was sent, or when nothing can be handed out any more; the client is told.

Invariants:
    Between two frames every other task of the node has its turn.
    Frames of one subscription leave in the order of its polls; each brings a token of where the
    session stands behind it.
    What was assigned is told before its records, what is being revoked before it is taken.
    After a resume nothing below the token's positions is sent again, and nothing above is left out.
Called by: connection. Calls: consumers.session, credit, delivery, outbox.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress

import msgspec

from app.api.errors import status_and_code
from app.api.records.decoding import with_decoded
from app.api.ws.codec import Kind, Subprotocol, encode_binary, encode_frame
from app.api.ws.credit import CreditAccount, Unacknowledged
from app.api.ws.delivery import (
    OpenSlice,
    Rendered,
    Shown,
    Undecodable,
    clipped,
    columns_body,
    is_made,
    json_body,
    open_slice,
    placed,
    render,
    render_batches,
)
from app.api.ws.limits import (
    FETCH_BYTES_MAX,
    FRAME_RECORDS_MAX,
    QUICK_FRAMES_MIN,
    SLOW_FETCH_BYTES_MAX,
)
from app.api.ws.outbox import Outbox
from app.api.ws.server_frames import (
    Assigned,
    End,
    Error,
    Lost,
    PartitionOut,
    Revoked,
    Revoking,
    ServerFrame,
)
from app.api.ws.tokens import Tokens
from app.broker.errors import BrokerError
from app.consumers.errors import NotAssigned
from app.consumers.filters.record_filter import RecordFilter, picked
from app.consumers.model import PolledSlice, Position, TopicPartition
from app.consumers.session import Session
from schema_registry.serdes.codecs import Codecs

POLL_SECONDS = 30.0
"""How long one poll waits; then the session is asked again, which shows that it is used."""

END_POLL_SECONDS = 0.05
"""Likewise where it is to stop at an end, which may lie behind markers that are never sent."""

PROGRESS_SECONDS = 1.0
"""How often a client whose filter lets nothing through is told how far it is."""


class Delivery:
    """How a subscription's records are written: settled when it begins."""

    def __init__(
        self,
        subprotocol: Subprotocol,
        layout: str,
        shown: Shown,
        records_max: int,
        record_filter: RecordFilter | None,
    ) -> None:
        self.is_binary = subprotocol is Subprotocol.BINARY
        self.kind = Kind.RECORD_BATCHES if layout == "batches" else Kind.RECORD_COLUMNS
        self.records_max = min(records_max, FRAME_RECORDS_MAX)
        self.filter = record_filter
        self._shown = shown
        self._make = columns_body if self.is_binary else json_body

    async def write(
        self, polled: Collection[PolledSlice], monotonic: Callable[[], float], codecs: Codecs
    ) -> list[Rendered]:
        """Return slices of a frame; waits only for a filter and for schemas.

        Raises:
            Undecodable: The policy says so.
            CoordinatorNotAvailable: The schema registry cannot be asked.
        """
        shown, make = self._shown, self._make
        if self.is_binary and self.kind is Kind.RECORD_BATCHES:
            return [render_batches(one) for one in polled]
        if self.is_binary and self.filter is None:
            return [render(one, shown, make) for one in polled]
        rendered = []
        for one in polled:
            if self.filter is None and is_made(one, shown, make):
                rendered.append(render(one, shown, make))
                continue
            opened = open_slice(one, shown)
            await self._look_into(opened, monotonic, codecs)
            if self.filter is None:
                rendered.append(render(one, shown, make, opened))
            else:
                rendered.append(placed(one, make(opened, shown)))
        return rendered

    async def _look_into(
        self, opened: OpenSlice, monotonic: Callable[[], float], codecs: Codecs
    ) -> None:
        """Decode what names a schema, and leave out what the filter does not let through.

        Columns carry the bytes as they are; their filter sees what they are decoded to.
        """
        types = (self._shown.key_type, self._shown.value_type)
        for at, columns in enumerate(opened.parts):
            seen = await with_decoded(codecs, columns, types)
            sent = columns if self.is_binary else seen
            if self.filter is not None:
                wanted = range(len(seen.offsets))
                place = opened.slice.topic_partition
                matched = await self.filter.matching(place, seen, wanted, monotonic)
                if len(matched.indexes) < len(wanted):
                    sent = picked(sent, matched.indexes)
            opened.parts[at] = sent


Work = tuple[Callable[[Coroutine[None, None, None]], object], Callable[[], float]]
"""Runs a coroutine beside the socket's others; tells seconds of the monotonic clock."""


class Subscription:
    """One subscription of a socket; also the listener of its session."""

    def __init__(
        self,
        name: str,
        session: Session,
        outbox: Outbox,
        delivery: Delivery,
        tokens: Tokens,
        work: Work,
    ) -> None:
        """Send nothing yet.

        Args:
            name: What the client calls it.
            session: What it reads; no other subscription's.
            outbox: Where frames go.
            delivery: How records are written.
            tokens: Says where it is.
            work: Runs what must not be waited for, and tells the time.
        """
        self.name = name
        self.session = session
        self.credit = CreditAccount()
        self.unacknowledged = Unacknowledged()
        self.ends: dict[TopicPartition, int] | None = None
        """Where it is to stop, by partition; None if it goes on for ever."""

        self.resume_at: dict[TopicPartition, int] = {}
        """Where a token says to go on, of partitions that have not gone there yet."""

        self.on_end: Callable[[], object] = lambda: None
        """Called when it ends by itself, before its client is told."""

        self._outbox = outbox
        self._delivery = delivery
        self._tokens = tokens
        self._spawn, self._monotonic = work
        self._positions = tokens.positions()
        self._uncommitted: set[TopicPartition] = set()
        self._released = asyncio.Event()
        self._granted = asyncio.Event()
        self._resuming = asyncio.Lock()
        self._seeking = asyncio.Lock()
        """Held from a seek's move to its answer: nothing of its epoch is sent in between."""

        self._sought: dict[TopicPartition, int] = {}
        self._quick_frames = 0
        self._told_at = self._monotonic()
        self._head = b'{"type":"records","sub":%b,"seq":' % msgspec.json.encode(name)
        session.listener = self

    @property
    def is_member(self) -> bool:
        """Whether it reads as a member of a group."""
        return self.session.settings.group is not None

    @property
    def epoch(self) -> int:
        """The last seek epoch, as the client is told."""
        return self._tokens.epoch + self.session.epoch

    # -- what the client asks --------------------------------------------------------------------

    def grant(self, records: int | None, size: int | None) -> None:
        """Allow more to be sent."""
        self.credit.grant(records, size)
        self._granted.set()

    def open_credit(self, *, is_window: bool) -> None:
        """Allow what the window holds, or everything."""
        if is_window:
            self.credit.open_window()
        else:
            self.credit.open()
        self._granted.set()

    def acknowledge(self, seq: int) -> None:
        """Take an acknowledgement: it moves the window on, and may be committed by itself.

        Raises:
            ValueError: No such frame was sent.
        """
        records, size = self.unacknowledged.acknowledge(seq)
        self.credit.give_back(records, size)
        self._granted.set()
        mine = set(self.session.assignment())
        known = {
            TopicPartition(*place): offset
            for place, offset in self.unacknowledged.acknowledged().items()
            if place in mine
        }
        self.session.acknowledge(known)
        if self.session.settings.auto_commit:
            self.settled(known)

    def to_commit(self) -> dict[TopicPartition, int]:
        """Return what a commit without offsets means: acknowledged, else all that was sent."""
        if self.unacknowledged.has_acknowledged:
            found = self.unacknowledged.acknowledged()
            return {TopicPartition(*place): offset for place, offset in found.items()}
        return {one: self._positions[one] for one in self._uncommitted if one in self._positions}

    def settled(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Note that offsets were committed, or will be: who has all of them can be revoked."""
        for one, offset in offsets.items():
            if offset >= self._positions.get(one, 0):
                self._uncommitted.discard(one)
        self._released.set()

    def release(self) -> None:
        """Be done with what is being revoked, committed or not."""
        self._uncommitted.clear()
        self._released.set()

    async def seek(self, positions: Collection[Position]) -> int:
        """Go on elsewhere; return the epoch that records of it have.

        Raises:
            BrokerError: Why not.
        """
        async with self._seeking:
            epoch = await self.session.seek(positions)
            for one in positions:
                self._positions[one.topic_partition] = one.offset
                self._sought[one.topic_partition] = epoch
                self.resume_at.pop(one.topic_partition, None)
        return self._tokens.epoch + epoch

    def token(self) -> str:
        """Return the token of where the client is, once it has all that was sent."""
        return self._tokens.issue(self.session.epoch, self._positions)

    # -- sending ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send until it ends by itself, or is cancelled."""
        try:
            while not self._is_done():
                await self._send_more()
        except (BrokerError, Undecodable) as error:
            code = status_and_code(error)[1] if isinstance(error, BrokerError) else 42207
            retriable = isinstance(error, BrokerError) and error.retriable
            self.on_end()
            self._put(
                Error(
                    sub=self.name,
                    error_code=code,
                    message=str(error),
                    retriable=retriable,
                    ended=True,
                )
            )
            return
        self.on_end()
        self._put(End(sub=self.name, resume=self.token()))

    async def _send_more(self) -> None:
        while not self.credit.allowed().is_any:
            self._granted.clear()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._granted.wait()
            except TimeoutError:
                self.session.assignment()  # shows that it is in use
        self._quick_frames = self._quick_frames + 1 if self._outbox.is_clear else 0
        await self._outbox.wait_clear()
        await self._seek_resumed()
        allowed = self.credit.allowed()
        is_quick = self._quick_frames > QUICK_FRAMES_MIN
        bytes_max = FETCH_BYTES_MAX if is_quick else SLOW_FETCH_BYTES_MAX
        records_max = self._delivery.records_max
        if allowed.records is not None:
            records_max = min(records_max, allowed.records)
        polled = await self.session.poll(
            records_max,
            bytes_max if allowed.bytes is None else min(bytes_max, allowed.bytes),
            POLL_SECONDS if self.ends is None else END_POLL_SECONDS,
            acknowledges=False,
        )
        if not polled.slices:
            return
        await self._send(polled.slices)
        # A peer that reads fast, or is gone, never makes it wait: the others are let in here.
        await asyncio.sleep(0)

    async def _send(self, polled: Collection[PolledSlice]) -> None:
        """Write one frame of what a poll has brought."""
        wanted = []
        for one in self._current(polled):
            end = None if self.ends is None else self.ends.get(one.topic_partition)
            told = one if end is None else clipped(one, end)
            wanted.append(told._replace(epoch=self._tokens.epoch + one.epoch))
        try:
            rendered = await self._delivery.write(wanted, self._monotonic, self.session.codecs)
        except Undecodable as error:
            wanted = self._before(wanted, error)
            rendered = await self._delivery.write(wanted, self._monotonic, self.session.codecs)
        await self._outbox.wait_clear()
        async with self._seeking:
            self._send_current(wanted, rendered)

    def _send_current(self, wanted: Sequence[PolledSlice], rendered: Sequence[Rendered]) -> None:
        """Write what is still current; no await comes between the look and the write."""
        pairs = [
            (one, written)
            for one, written in zip(wanted, rendered, strict=True)
            if self._is_current(one, one.epoch - self._tokens.epoch)
        ]
        for one, _ in pairs:
            self._positions[one.topic_partition] = one.next_offset
        count = sum(written.records for _, written in pairs)
        if not count and not any(b'"skipped"' in written.head for _, written in pairs):
            now = self._monotonic()
            if self._delivery.filter is None or now - self._told_at < PROGRESS_SECONDS:
                return
        self._told_at = self._monotonic()
        self._uncommitted.update(one.topic_partition for one, _ in pairs)
        size = sum(len(written.head) + sum(map(len, written.payload)) for _, written in pairs)
        self.credit.spend(count, size)
        positions = tuple((one.topic, one.partition, one.next_offset) for one, _ in pairs)
        seq = self.unacknowledged.add(count, size, positions)
        message = self._frame(seq, [written for _, written in pairs])
        self._outbox.put(message, is_text=not self._delivery.is_binary)

    def _current(self, polled: Collection[PolledSlice]) -> list[PolledSlice]:
        return [one for one in polled if self._is_current(one, one.epoch)]

    def _is_current(self, one: PolledSlice, epoch: int) -> bool:
        """Return whether records of an epoch may be sent; else the session gets them back."""
        place = one.topic_partition
        if (
            place not in self.resume_at
            and epoch >= self._sought.get(place, 0)
            and place in self.session.assignment()
        ):
            return True
        self.session.give_back(place, epoch, one.start_offset)
        return False

    def _frame(self, seq: int, rendered: list[Rendered]) -> bytes:
        left = self.credit.allowed()
        credit = b"{%b}" % b",".join(
            b'"%b":%d' % (name, max(0, amount))
            for name, amount in ((b"records", left.records), (b"bytes", left.bytes))
            if amount is not None
        )
        record_filter = self._delivery.filter
        counts = b""
        if record_filter is not None:
            counts = b',"filter":%b' % msgspec.json.encode(record_filter.counts())
        head = b'%b%d,"epoch":%d,"slices":[%b],"credit":%b%b,"resume":"%b"}' % (
            self._head,
            seq,
            self.epoch,
            b",".join([one.head for one in rendered]),
            credit,
            counts,
            self.token().encode(),
        )
        if not self._delivery.is_binary:
            return head
        payload = [piece for one in rendered for piece in one.payload]
        return encode_binary(self._delivery.kind, head, payload)

    def _before(self, slices: Collection[PolledSlice], error: Undecodable) -> list[PolledSlice]:
        """Return what comes before a record at fault; the session gets back the rest.

        Raises:
            Undecodable: Nothing comes before it.
        """
        kept = []
        for one in slices:
            if one.topic_partition == error.place:
                epoch = one.epoch - self._tokens.epoch
                self.session.give_back(one.topic_partition, epoch, error.offset)
                before = clipped(one, error.offset)
                if before.batches:
                    kept.append(before)
            else:
                kept.append(one)
        if not any(one.batches for one in kept):
            raise error
        return kept

    def _is_done(self) -> bool:
        if self.ends is None:
            return False
        standing = self.session.positions()
        return all(
            max(self._positions.get(one, 0), standing[one].offset if one in standing else 0) >= end
            for one, end in self.ends.items()
        )

    async def _seek_resumed(self) -> None:
        """Go where a token says, of what is assigned and has not gone there yet."""
        if not self.resume_at:
            return
        async with self._resuming:
            due = [one for one in self.session.assignment() if one in self.resume_at]
            if not due:
                return
            committed = await self.session.committed(due) if self.is_member else {}
            positions = []
            for one in due:
                known = committed.get(one)
                offset = self.resume_at[one]
                at = offset if known is None else max(offset, known.offset)
                positions.append(Position(*one, at))
            with suppress(NotAssigned):  # taken again meanwhile: done when they come back
                await self.seek(positions)

    def _put(self, frame: ServerFrame) -> None:
        self._outbox.put(encode_frame(frame))

    # -- what becomes of its partitions ----------------------------------------------------------

    def assigned(self, partitions: Collection[TopicPartition], epoch: int) -> None:
        """Tell what is the subscription's from now on."""
        del epoch
        self._put(Assigned(sub=self.name, partitions=_told(partitions)))
        if not self.resume_at.keys().isdisjoint(partitions):
            self._spawn(self._seek_resumed())

    async def revoking(self, partitions: Collection[TopicPartition], wait_seconds: float) -> None:
        """Tell what will be taken; return when the client is done with it."""
        deadline_ms = int(wait_seconds * 1000)
        self._put(Revoking(sub=self.name, partitions=_told(partitions), deadline_ms=deadline_ms))
        while self._uncommitted.intersection(partitions):
            self._released.clear()
            await self._released.wait()

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Tell what was taken."""
        self._forget(partitions)
        self._put(Revoked(sub=self.name, partitions=_told(partitions)))

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        """Tell what is somebody else's already."""
        self._forget(partitions)
        self._put(Lost(sub=self.name, partitions=_told(partitions)))

    def _forget(self, partitions: Collection[TopicPartition]) -> None:
        gone = {(one.topic, one.partition) for one in partitions}
        self.unacknowledged.forget(gone)
        for one in partitions:
            self._positions.pop(one, None)
            self._sought.pop(one, None)
        self._uncommitted.difference_update(partitions)


def _told(partitions: Collection[TopicPartition]) -> list[PartitionOut]:
    return [PartitionOut(topic=one.topic, partition=one.partition) for one in sorted(partitions)]
