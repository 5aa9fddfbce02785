"""Reading: one subscription over as many sockets as it takes.

It knows where the subscription stands (the token behind the last frame that came), what came and
was not handed out yet, what was handed out and is done, and what to ask for again on a new socket.

States: a socket is begun (``begin_socket``), the subscription stands on it (``opened``), frames
come in and events go out, in the same order, until the socket ends; then the next is begun. What
came over an old socket is handed out all the same: the token is of behind it.

Invariants:
    Each record is handed out once, and in the order of its partition, whatever breaks.
    Records of a partition that came before its seek are never handed out after it.
    What is committed was handed out, and its consumer has come back for more since (or said so).
Pure: no I/O, no clock. Called by: async_consumer. Calls: frames, codec.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cauce.client.streaming.codec import Batch, Slice
from cauce.client.streaming.frames import (
    AssignedFrame,
    Committed,
    EndFrame,
    LostFrame,
    Place,
    RecordsFrame,
    RevokedFrame,
    RevokingFrame,
    ServerFrame,
    Start,
    Subscribe,
    Subscribed,
    Wish,
    opening,
    resuming,
)
from cauce.client.streaming.records import TopicPartition

_UNSETTLED = 2**63
"""The epoch of a seek that is not answered: whatever comes is older."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """Partitions that are ours from now on."""

    partitions: Sequence[TopicPartition]


@dataclass(frozen=True, slots=True)
class Revoking:
    """Partitions that will be someone else's at the deadline, or once they are released."""

    partitions: Sequence[TopicPartition]
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """Partitions that are not ours any more."""

    partitions: Sequence[TopicPartition]


@dataclass(frozen=True, slots=True)
class Lost:
    """Likewise, without a warning: others may have read on already."""

    partitions: Sequence[TopicPartition]


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The server is away; the client tries to come back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reconnected:
    """It is back."""

    resumed: bool
    """Whether reading goes on exactly behind what came; what was lost has a ``reason``."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """All was read that ``until`` asked for."""


Event = Batch | Assigned | Revoking | Revoked | Lost | Disconnected | Reconnected | Ended


class Reading:
    """Where one subscription is."""

    def __init__(self, wish: Wish) -> None:
        """Have read nothing."""
        self.wish = wish
        self.token: str | None = None
        self.socket = 0
        """Counts the sockets; acknowledgements of an older one mean nothing on a newer."""

        self._events: deque[Event] = deque()
        self._assigned: set[TopicPartition] = set()
        self._done: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._out: Batch | None = None
        self._handed: Event | None = None
        self._holds = False
        self._floors: dict[tuple[str, int | None], int] = {}
        self._sought: list[Start] = []
        self._paused: set[TopicPartition] = set()
        self._assigned_on_socket = False
        self._is_away = False

    # -- sockets ---------------------------------------------------------------------------------

    @property
    def is_member(self) -> bool:
        """Whether it reads as a member of a group."""
        return isinstance(self.wish, Subscribe)

    def begin_socket(self) -> dict[str, Any]:
        """Return the frame to begin a socket with."""
        self.socket += 1
        self._assigned_on_socket = False
        for start in self._sought:
            self._floors[start.topic, start.partition] = _UNSETTLED
        return opening(self.wish) if self.token is None else resuming(self.token)

    def opened(self, frame: Subscribed) -> None:
        """Take in that the subscription stands."""
        was_away, self._is_away = self._is_away, False
        if self.token is None or not frame.resumed:
            self._token(frame.resume)
        if was_away:
            self._events.append(Reconnected(frame.resumed, frame.reason))

    def away(self, reason: str) -> None:
        """Take in that a socket has ended and another is to be begun; told once."""
        if not self._is_away:
            self._is_away = True
            self._events.append(Disconnected(reason))

    def still_sought(self) -> list[Start]:
        """Return what is to be sought again on a new socket: its token is from before."""
        return list(self._sought)

    def still_paused(self) -> list[TopicPartition]:
        """Return what is to be paused again on a new socket."""
        return sorted(self._paused)

    # -- frames ----------------------------------------------------------------------------------

    def took(self, frame: ServerFrame) -> None:
        """Take in a notice."""
        if isinstance(frame, AssignedFrame):
            self._take_assigned(_places(frame.partitions))
        elif isinstance(frame, RevokingFrame):
            self._events.append(Revoking(_places(frame.partitions), frame.deadline_ms))
        elif isinstance(frame, RevokedFrame):
            self._events.append(Revoked(_places(frame.partitions)))
        elif isinstance(frame, LostFrame):
            self._events.append(Lost(_places(frame.partitions)))
        elif isinstance(frame, Committed):
            self._token(frame.resume)
        elif isinstance(frame, EndFrame):
            self._events.append(Ended())

    def took_records(self, frame: RecordsFrame, slices: Sequence[Slice]) -> None:
        """Take in records."""
        self._token(frame.resume)
        self._events.append(
            Batch(
                slices=self._current(slices),
                filter=frame.filter,
                seq=frame.seq,
                socket=self.socket,
            )
        )

    # -- events ----------------------------------------------------------------------------------

    def has_event(self) -> bool:
        """Return whether anything waits to be handed out."""
        return bool(self._events)

    def next_event(self) -> Event | None:
        """Hand out the next event; what was handed out before is done."""
        self.finish()
        if not self._events:
            return None
        self._handed = event = self._events.popleft()
        if isinstance(event, Batch):
            event = replace(event, slices=self._current(event.slices))
            self._out, self._holds = event, False
            self._handed = event
        elif isinstance(event, Assigned):
            self._assigned.update(event.partitions)
        elif isinstance(event, Revoked | Lost):
            self._forget(event.partitions)
        return event

    @property
    def handed(self) -> Event | None:
        """What was handed out last."""
        return self._handed

    def take_back(self, before: Event | None) -> None:
        """Hand out again what was handed out last, unless it is what was before: nobody got it."""
        handed = self._handed
        if handed is not None and handed is not before:
            self._events.appendleft(handed)
            self._out = self._handed = None

    def finish(self) -> Batch | None:
        """Count the batch that was handed out last as done, unless it is held; return it."""
        out, self._out = self._out, None
        if out is not None and not self._holds:
            for one in out.slices:
                self.done(one.place, one.next_offset)
        return out

    def hold(self) -> None:
        """Let of the batch that was handed out last only that be done which is said to be."""
        self._holds = True

    def done(self, place: TopicPartition, next_offset: int) -> None:
        """Count all below an offset as done."""
        if not self.is_member or place in self._assigned:
            self._done[place] = next_offset

    @property
    def assignment(self) -> list[TopicPartition]:
        """The partitions that are read as a member."""
        return sorted(self._assigned)

    def positions(self) -> dict[TopicPartition, int]:
        """Return the next offset behind what is done, where anything is."""
        return dict(self._done)

    # -- commits ---------------------------------------------------------------------------------

    def to_commit(
        self, only: Collection[TopicPartition] | None = None
    ) -> dict[TopicPartition, int]:
        """Return what is done and not committed, of some partitions or all."""
        return {
            place: offset
            for place, offset in list(self._done.items())
            if self._committed.get(place) != offset and (only is None or place in only)
        }

    def committed(self, offsets: dict[TopicPartition, int]) -> None:
        """Take in that offsets are durable."""
        self._committed.update(offsets)

    # -- seeking and pausing ---------------------------------------------------------------------

    def seek(self, starts: Sequence[Start]) -> None:
        """Go on elsewhere: nothing that is older counts from now on."""
        for start in starts:
            self._floors[start.topic, start.partition] = _UNSETTLED
            for place in [one for one in self._done if _covers(start, one)]:
                del self._done[place]
        self._sought = [old for old in self._sought if not any(_hides(new, old) for new in starts)]
        self._sought += starts
        self._holds = True

    def sought(self, starts: Sequence[Start], epoch: int) -> None:
        """Take in from which epoch on records are those of a seek."""
        for start in starts:
            self._floors[start.topic, start.partition] = epoch

    def not_sought(self, starts: Sequence[Start]) -> None:
        """Take in that a seek was refused: reading goes on where it was."""
        for start in starts:
            self._floors.pop((start.topic, start.partition), None)
        self._sought = [one for one in self._sought if one not in starts]

    def pause(self, places: Iterable[TopicPartition]) -> None:
        """Remember what is paused."""
        self._paused.update(places)

    def unpause(self, places: Iterable[TopicPartition]) -> None:
        """Remember what is not."""
        self._paused.difference_update(places)

    # -- inside ----------------------------------------------------------------------------------

    def _token(self, token: str) -> None:
        self.token = token
        self._sought = [
            one
            for one in self._sought
            if self._floors.get((one.topic, one.partition)) == _UNSETTLED
        ]

    def is_current(self, one: Slice) -> bool:
        """Return whether records of a slice count: no seek has made them void."""
        return one.epoch >= self._floor(one)

    def _current(self, slices: Sequence[Slice]) -> list[Slice]:
        return [one for one in slices if self.is_current(one)]

    def _floor(self, one: Slice) -> int:
        whole = self._floors.get((one.topic, None), 0)
        return max(whole, self._floors.get((one.topic, one.partition), 0))

    def _take_assigned(self, places: list[TopicPartition]) -> None:
        """Take in an assignment; the first of a socket that goes on is the whole of it."""
        known = self._coming()
        if not self._assigned_on_socket and known:
            gone = sorted(known.difference(places))
            if gone:
                self._events.append(Lost(gone))
        self._assigned_on_socket = True
        new = [place for place in places if place not in known]
        if new:
            self._events.append(Assigned(new))

    def _coming(self) -> set[TopicPartition]:
        """Return what is assigned once all that waits was handed out."""
        found = set(self._assigned)
        for event in self._events:
            if isinstance(event, Assigned):
                found.update(event.partitions)
            elif isinstance(event, Revoked | Lost):
                found.difference_update(event.partitions)
        return found

    def _forget(self, places: Sequence[TopicPartition]) -> None:
        self._assigned.difference_update(places)
        self._paused.difference_update(places)
        for place in places:
            self._done.pop(place, None)
            self._committed.pop(place, None)
            self._floors.pop(place, None)
        self._sought = [
            one for one in self._sought if not any(_covers(one, place) for place in places)
        ]


def _places(partitions: Sequence[Place]) -> list[TopicPartition]:
    return [TopicPartition(one.topic, one.partition) for one in partitions]


def _covers(start: Start, place: TopicPartition) -> bool:
    return start.topic == place.topic and start.partition in (None, place.partition)


def _hides(new: Start, old: Start) -> bool:
    return new.topic == old.topic and new.partition in (None, old.partition)
