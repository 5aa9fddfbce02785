"""Sending: records that wait to be written, are on their way, or have their receipt.

Each partition is a stream of its own with an idempotent producer's identity and a sequence that
counts its records. One produce of it is on its way at a time, and all that comes meanwhile makes
the next one: so a refusal leaves no gap behind it, and a produce whose answer was lost is sent
again, the very same, until its answer comes: the server knows whether it has it.

States of a record: waiting -> on its way -> settled (stored, refused, unknown, or surely not sent).
A produce on its way may be sent many times; it is settled by one answer.

Invariants:
    Records of a partition are stored in the order in which they were added, each at most once.
    A record is settled once. Unknown is what may have been stored: it was sent, and no answer came
    in time; then the partition goes on as another producer.
    A batch that is refused for what is in it is cut in two until the records at fault stand alone.
Pure: no I/O, no clock. Called by: async_producer. Calls: codec, partitioner.
Source: KIP-98 (idempotent producers); docs/websocket.md, "Produce".
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cauce.client.errors import AnswerLost, ClientError, Refused, ServerUnreachable
from cauce.client.streaming.codec import encode_produce
from cauce.client.streaming.frames import ProducerIdentity, Run
from cauce.client.streaming.partitioner import partition_for_key
from cauce.client.streaming.records import NewRecord, TopicPartition, size_of

SEQUENCES = 2**31
"""Sequences count on from 0 after the last (KIP-98)."""

TOO_LARGE = 413
BAD_RECORDS = 40002
NOT_FOUND = 404


class Receipt(NamedTuple):
    """Where a record is; it is on disk."""

    topic: str
    partition: int
    offset: int


Outcome = Receipt | ClientError


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """When a batch is full, and how long a record may take.

    Attributes:
        records: Of a batch at most.
        size: Its bytes at most; one record may be more.
        linger_s: How long a record waits for others.
        delivery_s: After so long without an answer a record is given up.
    """

    records: int = 10_000
    size: int = 512 * 1024
    linger_s: float = 0.005
    delivery_s: float = 120.0


class Waiting(NamedTuple):
    """A record and who waits for what becomes of it."""

    record: NewRecord
    ticket: Any
    size: int
    since: float


class Settled(NamedTuple):
    """What became of a record."""

    ticket: Any
    outcome: Outcome
    size: int


@dataclass(slots=True)
class _Produce:
    """Records on their way."""

    number: int
    entries: Sequence[Waiting]
    identity: ProducerIdentity
    sequence: int
    message: bytes
    sent: bool = False
    """On the socket that there is."""

    tried: bool = False
    """On any."""

    not_before: float = 0.0
    is_fresh: bool = False
    """Whether its identity was asked for on its account."""


@dataclass(slots=True)
class _Stream:
    place: TopicPartition
    waiting: deque[Waiting] = field(default_factory=deque)
    size: int = 0
    parts: deque[Sequence[Waiting]] = field(default_factory=deque)
    """Of a batch that was cut: they go first, each by itself."""

    on_its_way: _Produce | None = None
    identity: ProducerIdentity | None = None
    sequence: int = 0
    wants_fresh: bool = False


class Sending:
    """All that one producer has in hand."""

    def __init__(self, url: str, bounds: Bounds) -> None:
        """Have nothing.

        Args:
            url: Of the server, for what is said to people.
            bounds: Of a batch.
        """
        self._url = url
        self._bounds = bounds
        self._streams: dict[TopicPartition, _Stream] = {}
        self._by_number: dict[int, _Stream] = {}
        self._numbers = 0
        self._identity: ProducerIdentity | None = None
        self._turns: dict[str, int] = {}
        self.size = 0
        """Bytes that are not settled."""

        self.count = 0
        """Records that are not settled."""

    # -- in --------------------------------------------------------------------------------------

    def add(self, topic: str, record: NewRecord, partitions: int, ticket: Any, now: float) -> None:
        """Take a record.

        Args:
            topic: Where to.
            record: What.
            partitions: How many the topic has.
            ticket: Comes back with what became of it.
            now: Seconds of a monotonic clock.
        """
        size = size_of(record)
        stream = self._stream(TopicPartition(topic, self._partition(topic, record, partitions)))
        stream.waiting.append(Waiting(record, ticket, size, now))
        stream.size += size
        self.size += size
        self.count += 1

    def identify(self, identity: ProducerIdentity) -> None:
        """Take the identity that was asked for."""
        self._identity = identity
        for stream in self._streams.values():
            if stream.identity is None:
                stream.identity, stream.sequence = identity, 0

    @property
    def wants_identity(self) -> bool:
        """Whether records wait that nobody can send as."""
        return any(
            stream.identity is None and (stream.waiting or stream.parts)
            for stream in self._streams.values()
        )

    # -- out -------------------------------------------------------------------------------------

    def due(self, now: float, *, flush: bool, now_ms: int) -> Iterator[bytes]:
        """Yield the messages that are to be sent now.

        Args:
            now: Seconds of a monotonic clock.
            flush: Whether nothing lingers.
            now_ms: The time, for records without one among others that have some.
        """
        for stream in self._streams.values():
            if stream.on_its_way is None and self._is_ripe(stream, now, flush=flush):
                self._begin(stream, now_ms)
            produce = stream.on_its_way
            if produce is not None and not produce.sent and produce.not_before <= now:
                produce.sent = produce.tried = True
                yield produce.message

    def next_due(self, now: float) -> float | None:
        """Return how long until something is to be sent or given up; None if nothing waits."""
        moments = []
        for stream in self._streams.values():
            produce = stream.on_its_way
            if produce is not None:
                moments.append(produce.entries[0].since + self._bounds.delivery_s)
                if not produce.sent:
                    moments.append(produce.not_before)
            elif stream.parts:
                moments.append(now)
            elif stream.waiting:
                moments.append(stream.waiting[0].since + self._bounds.linger_s)
        return max(0.0, min(moments) - now) if moments else None

    def break_off(self) -> None:
        """Take in that the socket is gone: what has no answer is to be sent again."""
        for stream in self._by_number.values():
            assert stream.on_its_way is not None, "it has a number"
            stream.on_its_way.sent = False
            stream.on_its_way.not_before = 0.0

    # -- answers ---------------------------------------------------------------------------------

    def answer(self, number: int | None, runs: Sequence[Run], now: float) -> list[Settled]:
        """Take in the receipt of a produce; return what is settled by it."""
        stream = self._by_number.get(-1 if number is None else number)
        if stream is None or not runs:
            return []
        produce = stream.on_its_way
        assert produce is not None, "it has a number"
        run = runs[0]
        if run.base_offset is not None:
            return self._stored(stream, produce, run.base_offset)
        code = run.error_code or 0
        status = code if code < 1000 else code // 100
        if run.outcome_unknown or (run.retriable and status != NOT_FOUND):
            produce.sent = False
            produce.not_before = now + self._retry_s(produce, now)
            return []
        return self._refused(stream, produce, Refused(status, code, run.message or "refused"))

    def refuse(self, number: int | None, error: Refused) -> list[Settled]:
        """Take in that a produce was no frame that the server takes."""
        stream = self._by_number.get(-1 if number is None else number)
        if stream is None:
            return []
        assert stream.on_its_way is not None, "it has a number"
        return self._end(stream, error, keeps_identity=False)

    def expire(self, now: float) -> list[Settled]:
        """Give up what has waited too long."""
        settled: list[Settled] = []
        for stream in self._streams.values():
            produce = stream.on_its_way
            limit = now - self._bounds.delivery_s
            if produce is not None and produce.entries[0].since <= limit:
                settled += self._end(stream, self._late(produce), keeps_identity=False)
            while stream.on_its_way is None and stream.waiting and stream.waiting[0].since <= limit:
                settled.append(self._give_up(stream.waiting.popleft(), stream))
        return settled

    def abandon(self, error: ClientError) -> list[Settled]:
        """Settle all that is left: what was sent is unknown, the rest was surely not."""
        settled: list[Settled] = []
        for stream in self._streams.values():
            if stream.on_its_way is not None:
                tried = stream.on_its_way.tried
                outcome = AnswerLost(self._url, str(error)) if tried else error
                settled += self._end(stream, outcome, keeps_identity=False)
            rest = [one for part in stream.parts for one in part] + list(stream.waiting)
            settled += [self._settle(one, error) for one in rest]
            stream.parts.clear()
            stream.waiting.clear()
            stream.size = 0
        return settled

    # -- inside ----------------------------------------------------------------------------------

    def _partition(self, topic: str, record: NewRecord, partitions: int) -> int:
        if record.partition is not None:
            return record.partition
        if record.key is not None:
            return partition_for_key(record.key, partitions)
        chosen = self._turns.setdefault(topic, 0) % partitions
        stream = self._streams.get(TopicPartition(topic, chosen))
        if stream is not None and self._is_full(stream):
            chosen = (chosen + 1) % partitions
            self._turns[topic] = chosen
        return chosen

    def _stream(self, place: TopicPartition) -> _Stream:
        stream = self._streams.get(place)
        if stream is None:
            stream = self._streams[place] = _Stream(place, identity=self._identity)
        return stream

    def _is_full(self, stream: _Stream) -> bool:
        return len(stream.waiting) >= self._bounds.records or stream.size >= self._bounds.size

    def _is_ripe(self, stream: _Stream, now: float, *, flush: bool) -> bool:
        if stream.identity is None:
            return False
        if stream.parts:
            return True
        if not stream.waiting:
            return False
        waited = now - stream.waiting[0].since
        return flush or self._is_full(stream) or waited >= self._bounds.linger_s

    def _begin(self, stream: _Stream, now_ms: int) -> None:
        entries = stream.parts.popleft() if stream.parts else self._cut(stream)
        if not stream.parts and not stream.waiting:
            # The next records without a key go elsewhere: their batch may be on its way meanwhile.
            self._turns[stream.place.topic] = stream.place.partition + 1
        assert stream.identity is not None, "it is ripe"
        self._numbers += 1
        message = encode_produce(
            self._numbers,
            stream.place,
            [one.record for one in entries],
            (stream.identity, stream.sequence),
            now_ms,
        )
        stream.on_its_way = _Produce(
            number=self._numbers,
            entries=entries,
            identity=stream.identity,
            sequence=stream.sequence,
            message=message,
            is_fresh=stream.wants_fresh,
        )
        stream.wants_fresh = False
        self._by_number[self._numbers] = stream

    def _cut(self, stream: _Stream) -> list[Waiting]:
        entries: list[Waiting] = []
        size = 0
        while stream.waiting and len(entries) < self._bounds.records:
            size += stream.waiting[0].size
            if entries and size > self._bounds.size:
                break
            entries.append(stream.waiting.popleft())
        stream.size -= sum(one.size for one in entries)
        return entries

    def _retry_s(self, produce: _Produce, now: float) -> float:
        return min(1.0, max(0.05, (now - produce.entries[0].since) / 4))

    def _stored(self, stream: _Stream, produce: _Produce, base_offset: int) -> list[Settled]:
        stream.sequence = (produce.sequence + len(produce.entries)) % SEQUENCES
        topic, partition = stream.place
        self._take_off(stream)
        return [
            self._settle(one, Receipt(topic, partition, base_offset + at))
            for at, one in enumerate(produce.entries)
        ]

    def _refused(self, stream: _Stream, produce: _Produce, error: Refused) -> list[Settled]:
        """Settle a refusal, or try what may yet be taken: as another producer, or in parts."""
        if error.error_code == BAD_RECORDS and produce.sequence and not produce.is_fresh:
            # Perhaps the server has forgotten this producer, and not the records are at fault.
            self._take_off(stream)
            stream.parts.appendleft(produce.entries)
            stream.identity = self._identity = None
            stream.wants_fresh = True
            return []
        if error.error_code in (BAD_RECORDS, TOO_LARGE) and len(produce.entries) > 1:
            half = len(produce.entries) // 2
            self._take_off(stream)
            stream.parts.appendleft(produce.entries[half:])
            stream.parts.appendleft(produce.entries[:half])
            stream.wants_fresh = produce.is_fresh
            return []
        return self._end(stream, error, keeps_identity=True)

    def _end(self, stream: _Stream, outcome: ClientError, *, keeps_identity: bool) -> list[Settled]:
        produce = stream.on_its_way
        assert produce is not None, "something is on its way"
        self._take_off(stream)
        if not keeps_identity:
            stream.identity = None
            if self._identity is produce.identity:
                self._identity = None
        return [self._settle(one, outcome) for one in produce.entries]

    def _take_off(self, stream: _Stream) -> None:
        assert stream.on_its_way is not None, "something is on its way"
        del self._by_number[stream.on_its_way.number]
        stream.on_its_way = None

    def _give_up(self, entry: Waiting, stream: _Stream) -> Settled:
        stream.size -= entry.size
        return self._settle(entry, ServerUnreachable(self._url, "it was away for too long"))

    def _late(self, produce: _Produce) -> ClientError:
        if produce.tried:
            return AnswerLost(self._url, "it did not answer in time")
        return ServerUnreachable(self._url, "it was away for too long")

    def _settle(self, entry: Waiting, outcome: Outcome) -> Settled:
        self.size -= entry.size
        self.count -= 1
        return Settled(entry.ticket, outcome, entry.size)
