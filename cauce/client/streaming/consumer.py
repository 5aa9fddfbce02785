"""Consumer: ``AsyncConsumer`` for programs without an event loop.

Every call is that of the same name there, which a test holds it to.

Called by: users, the command line. Calls: async_consumer, background_loop.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, Unpack

from cauce.client.address import DEFAULT_URL
from cauce.client.credentials import Login
from cauce.client.streaming.async_consumer import GIVE_UP_S, AsyncConsumer
from cauce.client.streaming.background_loop import Twin
from cauce.client.streaming.codec import Batch
from cauce.client.streaming.frames import Start, Wish
from cauce.client.streaming.reading import Ended, Event
from cauce.client.streaming.records import Record, TopicPartition


class Consumer:
    """Reads records; use it in a ``with`` block, in one thread."""

    def __init__(
        self,
        wish: Wish,
        url: str = DEFAULT_URL,
        *,
        as_json: bool = False,
        auto_commit: bool = True,
        give_up_s: float | None = GIVE_UP_S,
        on_event: Callable[[Event], None] | None = None,
        **login: Unpack[Login],
    ) -> None:
        """Prepare; nothing is sent yet. The arguments are those of ``AsyncConsumer``."""
        self._on_event = on_event

        def build() -> AsyncConsumer:
            return AsyncConsumer(
                wish,
                url,
                as_json=as_json,
                auto_commit=auto_commit,
                give_up_s=give_up_s,
                **login,
            )

        self._twin = Twin(build)
        self._current: tuple[TopicPartition, int] | None = None

    def __enter__(self) -> Self:
        """Connect, and see the subscription stand."""
        self._twin.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(is_done=kind is None)

    def close(self, *, is_done: bool = True) -> None:
        """End: commit what is done (with ``auto_commit``), leave the group, disconnect."""
        if self._twin.is_open():
            self._finish_current(is_done=is_done)
            self._twin.leave(self._consumer.close(is_done=is_done))

    def poll(self, timeout_s: float | None = None) -> Event | None:
        """Return what is next: a batch, a notice of partitions or of the connection, or the end."""
        before = self._consumer.handed
        try:
            return self._twin.run(self._consumer.poll(timeout_s))
        except BaseException:
            self._consumer.take_back(before)
            raise

    def batches(self) -> Iterator[Batch]:
        """Yield batches; acts on the notices between them as ``on_notice`` does."""
        while True:
            event = self.poll()
            if isinstance(event, Batch):
                if event.slices:
                    yield event
            elif isinstance(event, Ended):
                return
            elif event is not None:
                self.on_notice(event)

    def __iter__(self) -> Iterator[Record]:
        """Yield records one by one; a record is done when the next one is asked for."""
        for batch in self.batches():
            self._consumer.hold()
            seeks = self._consumer.seeks
            for one in batch.slices:
                place = one.place
                for record in one.records():
                    if seeks != self._consumer.seeks and not self._consumer.is_current(one):
                        break
                    self._current = (place, record.offset + 1)
                    yield record
                self._finish_current()
                if self._consumer.is_current(one):
                    self._consumer.done(place, one.next_offset)

    def on_notice(self, event: Event) -> None:
        """Do what an iteration does about a notice: commit what is done before it is taken."""
        if self._on_event is not None:
            self._on_event(event)
        self._twin.run(self._consumer.on_notice(event))

    def commit(
        self,
        offsets: Mapping[TopicPartition, int] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> None:
        """Commit, and return when it is durable."""
        if offsets is None:
            self._finish_current()
        self._twin.run(self._consumer.commit(offsets, timeout_s=timeout_s))

    def seek(self, *starts: Start) -> None:
        """Go on elsewhere; nothing older is handed out from now on."""
        self._current = None
        self._twin.run(self._consumer.seek(*starts))

    def pause(self, *places: TopicPartition) -> None:
        """Have nothing sent of some partitions, until they are unpaused."""
        self._twin.run(self._consumer.pause(*places))

    def unpause(self, *places: TopicPartition) -> None:
        """Have partitions sent again."""
        self._twin.run(self._consumer.unpause(*places))

    def release(self) -> None:
        """Give away what is being revoked at once, committed or not."""
        self._twin.run(self._consumer.release())

    @property
    def assignment(self) -> Sequence[TopicPartition]:
        """The partitions of the group that are this member's, as far as it was told by ``poll``."""
        return self._consumer.assignment

    def positions(self) -> Mapping[TopicPartition, int]:
        """Return the next offset behind what is done, in each partition where anything is."""
        return self._consumer.positions()

    def done(self, place: TopicPartition, next_offset: int) -> None:
        """Say that what is below an offset is done of the last batch, and no more than is said."""
        self._consumer.done(place, next_offset)

    def hold(self) -> None:
        """Have of the batch that was returned last only that count which ``done`` is called for."""
        self._consumer.hold()

    @property
    def _consumer(self) -> AsyncConsumer:
        return self._twin.client

    def _finish_current(self, *, is_done: bool = True) -> None:
        """Count the record that an iteration has handed out as done, or all before it."""
        current, self._current = self._current, None
        if current is not None:
            place, next_offset = current
            self._consumer.done(place, next_offset if is_done else next_offset - 1)
