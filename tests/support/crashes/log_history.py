"""What a log must hold: batches in the order in which they were given, and what follows from them.

A trivial model beside the storage engine: nothing in it knows of files. Each batch knows the one
before it, so the last batch of a log says everything that the log should know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from storage.format.batch import BatchHeader, parse_header
from storage.format.control import ControlType, read_end_marker
from storage.format.decoder import decode_records

BATCHES_KNOWN = 5
"""As many retries as a producer may send."""


class Sent(NamedTuple):
    """A batch that a producer may send again."""

    first_sequence: int
    batch: "Batch"


class ProducerModel(NamedTuple):
    """One producer as the log should know it."""

    epoch: int
    sent: tuple[Sent, ...] = ()
    open_at: int | None = None


class Aborted(NamedTuple):
    """A transaction that was aborted: all three inclusive."""

    producer_id: int
    first_offset: int
    last_offset: int


class LogState(NamedTuple):
    """What the batches of a log add up to."""

    producers: Mapping[int, ProducerModel]
    aborted: tuple[Aborted, ...]
    epochs: tuple[tuple[int, int], ...]

    @property
    def first_open(self) -> int | None:
        """First offset of the oldest transaction that is open."""
        return min(
            (one.open_at for one in self.producers.values() if one.open_at is not None),
            default=None,
        )


NOTHING = LogState({}, (), ())


@dataclass(eq=False)
class Batch:
    """One batch as it should lie in a log."""

    data: bytes
    previous: "Batch | None"
    header: BatchHeader = field(init=False)
    state: LogState = field(init=False)
    """Of this batch and all before it."""

    def __post_init__(self) -> None:
        self.header = parse_header(self.data)
        self.base, self.next = self.header.base_offset, self.header.next_offset
        self.timestamps = [one.timestamp_ms for one in decode_records(self.data)]
        self.state = after(self.previous.state if self.previous else NOTHING, self)

    def back(self) -> Iterator["Batch"]:
        """Yield this batch and all before it."""
        one: Batch | None = self
        while one is not None:
            yield one
            one = one.previous


def after(state: LogState, batch: Batch) -> LogState:
    """Return what a log knows once it holds one more batch."""
    header = batch.header
    epochs = state.epochs
    if not epochs or header.partition_leader_epoch > epochs[-1][0]:
        epochs = (*epochs, (header.partition_leader_epoch, header.base_offset))
    if header.producer_id < 0:
        return state._replace(epochs=epochs)
    known = state.producers.get(header.producer_id, ProducerModel(-1))
    sent = known.sent if known.epoch == header.producer_epoch else ()
    aborted = state.aborted
    if header.is_control:
        marker = read_end_marker(batch.data)
        assert marker is not None
        if known.open_at is not None and marker.type is ControlType.ABORT:
            ended = Aborted(header.producer_id, known.open_at, header.last_offset)
            aborted = (*aborted, ended)
        open_at = None
    else:
        sent = (*sent[1 - BATCHES_KNOWN :], Sent(header.base_sequence, batch))
        open_at = known.open_at
        if header.is_transactional and open_at is None:
            open_at = header.base_offset
    producer = ProducerModel(header.producer_epoch, sent, open_at)
    return LogState({**state.producers, header.producer_id: producer}, aborted, epochs)


def state_of(batches: list[Batch]) -> LogState:
    """Return what batches add up to when nothing is known of those before them."""
    state = NOTHING
    for one in batches:
        state = after(state, one)
    return state


class Promise(NamedTuple):
    """What was said of one log at a moment, and what may be there beside it."""

    tip: Batch | None
    """The last batch that was given to it."""

    others: tuple[Batch, ...]
    """Last batches that it may end with instead: a truncation or a failed append is under way."""

    floor: int
    """Exclusive end of what was acknowledged or shown."""

    start_min: int
    """Deletion up to here was made durable: nothing below may show."""

    start_max: int
    """Deletion was asked for up to here, no further."""


Promises = Mapping[tuple[str, int], Promise]


class Mark(NamedTuple):
    """New promises, at a moment of a trace."""

    promises: Promises
    is_looser: bool
    """Whether they only count from the next operation on."""


class LogHistory:
    """What was given to one log, acknowledged by it, deleted from it."""

    def __init__(self) -> None:
        self.tip: Batch | None = None
        self.others: tuple[Batch, ...] = ()
        self.floor = 0
        self.start = 0
        self.start_durable = 0
        self.by_bytes: dict[bytes, Batch] = {}

    @property
    def end(self) -> int:
        """What the next record gets."""
        return max(self.tip.next if self.tip is not None else 0, self.start)

    def promise(self) -> Promise:
        """Return what stands now."""
        return Promise(self.tip, self.others, self.floor, self.start_durable, self.start)

    def expect(self, data: bytes) -> Batch:
        """Note that a batch is about to be appended."""
        batch = self.by_bytes[data] = Batch(data, self.tip)
        self.tip = batch
        return batch

    def unexpect(self, *, is_possible: bool) -> None:
        """Note that it was not, as far as anybody can say.

        Args:
            is_possible: Whether it may be there after a restart all the same.
        """
        assert self.tip is not None
        if is_possible:
            self.others = (*self.others, self.tip)
        self.tip = self.tip.previous

    def acknowledge(self, end: int) -> None:
        """Note that someone was told that all below an offset is durable."""
        self.floor = end
        self.others = ()

    def cut_at(self, offset: int) -> int:
        """Note that everything from an offset on is about to go; return where the log will end."""
        if self.tip is not None and self.tip.next > offset:
            self.others = (*self.others, self.tip)
            one: Batch | None = self.tip
            while one is not None and one.next > offset:
                one = one.previous
            self.tip = one
        self.floor = min(self.floor, self.end)
        return self.end
