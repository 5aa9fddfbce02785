"""AsyncConsumer: records of topics, as a member of a group or alone, over restarts of the server.

A task keeps the socket and takes in what comes, within the window that the server keeps; ``poll``
hands it out. Asking for more says that what was handed out before is done: the window moves on, and
with ``auto_commit`` it is committed, once a second, before partitions are given away, and at the
end.

Invariants:
    What is committed was handed out and done. Records are handed out once, in their order.
    A request that was sent is sent again on the next socket until it is answered.
Called by: users, consumer. Calls: line, reading.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, Unpack

from cauce.client.address import DEFAULT_URL
from cauce.client.credentials import Login
from cauce.client.errors import AnswerLost, ClientError, NotOpen, Refused
from cauce.client.streaming.asking import (
    Answered,
    Asking,
    Request,
    refusal,
    told_places,
)
from cauce.client.streaming.codec import BINARY, JSON, Batch, Slice
from cauce.client.streaming.comebacks import Ending
from cauce.client.streaming.frames import (
    SUB,
    ErrorFrame,
    ServerFrame,
    Sought,
    Start,
    Subscribed,
    Welcome,
    Wish,
    acknowledging,
)
from cauce.client.streaming.line import Line
from cauce.client.streaming.link import Link, LinkEnded
from cauce.client.streaming.reading import Ended, Event, Reading, Revoking
from cauce.client.streaming.records import Record, TopicPartition

AUTO_COMMIT_S = 1.0
GIVE_UP_S = 300.0
COMMIT_AT_END_S = 10.0
"""How long the end waits for the last commit; a server that is away does not hold it up."""

CONFLICT, NOT_FOUND = 409, 404


class AsyncConsumer:
    """Reads records; use it in an ``async with`` block, in one task."""

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
        """Prepare; nothing is sent yet.

        Args:
            wish: ``Subscribe`` or ``Assign``: what to read, from where, filtered how.
            url: Where the server is; ``http://`` may be left out.
            as_json: Have the server write the records as JSON: batches have ``texts``, no records.
            auto_commit: In a group, commit what is done without being asked.
            give_up_s: How long the server may be away before that is an error; None for ever.
            on_event: Called by iterations with every event that is no batch, before it is acted on.
            login: ``api_key``, ``basic`` (a user and a password) or ``token``; and ``ca_file``.

        Raises:
            ClientError: What there is to log in with cannot be sent, or not to this address.
        """
        self._reading = Reading(wish)
        self._line = Line(
            url,
            JSON if as_json else BINARY,
            self._serve,
            self._away,
            give_up_s=give_up_s,
            **login,
        )
        self._auto_commit = auto_commit and self._reading.is_member
        self._on_event = on_event
        self._asking = Asking()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failure: ClientError | None = None
        self._opened = asyncio.Event()
        self._standing: Link | None = None
        """The link on which the subscription stands."""

        self._current: tuple[TopicPartition, int] | None = None
        """Where an iteration is behind the record that it has handed out."""

        self.seeks = 0
        """Counts the seeks: an iteration looks whether its records still count."""

        self._commit_at = 0.0
        self._committing: asyncio.Task[None] | None = None

    # -- its life --------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Connect, and see the subscription stand.

        Raises:
            ClientError: It does not.
        """
        self._task = asyncio.create_task(self._live())
        try:
            await self._opened.wait()
            if self._reading.token is None:  # else what came before a failure is handed out first
                self._check()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close(is_done=kind is None)

    async def close(self, *, is_done: bool = True) -> None:
        """End: commit what is done (with ``auto_commit``), leave the group, disconnect.

        Args:
            is_done: Whether what was handed out last is done, too.
        """
        if self._task is None:
            return
        self._finish_current(is_done=is_done)
        if not is_done:
            self._reading.hold()
        self._reading.finish()
        try:
            if self._auto_commit and self._failure is None and self._standing is not None:
                await self._commit_done(within_s=COMMIT_AT_END_S)
        finally:
            await self._line.close()
            await self._stop()

    # -- records ---------------------------------------------------------------------------------

    async def poll(self, timeout_s: float | None = None) -> Event | None:
        """Return what is next: a batch, a notice of partitions or of the connection, or the end.

        What the last call returned counts as done.

        Args:
            timeout_s: How long to wait for it; None for as long as it takes.

        Returns:
            None if nothing came in time.

        Raises:
            ClientError: Reading cannot go on.
        """
        if self._task is None:
            raise NotOpen
        await self._finish()
        try:
            async with asyncio.timeout(timeout_s):
                while not self._reading.has_event():
                    self._check()
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return None
        return self._reading.next_event()

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield batches; acts on the notices between them as ``on_notice`` does."""
        while True:
            event = await self.poll()
            if isinstance(event, Batch):
                if event.slices:
                    yield event
            elif isinstance(event, Ended):
                return
            elif event is not None:
                await self.on_notice(event)

    async def __aiter__(self) -> AsyncIterator[Record]:
        """Yield records one by one; a record is done when the next one is asked for."""
        async for batch in self.batches():
            self.hold()
            seeks = self.seeks
            for one in batch.slices:
                place = one.place
                for record in one.records():
                    if seeks != self.seeks and not self.is_current(one):
                        break
                    self._current = (place, record.offset + 1)
                    yield record
                self._finish_current()
                if self.is_current(one):
                    self._reading.done(place, one.next_offset)

    async def on_notice(self, event: Event) -> None:
        """Do what an iteration does about a notice: what is done is committed before it is taken.

        Args:
            event: As ``poll`` returned it.
        """
        if self._on_event is not None:
            self._on_event(event)
        if isinstance(event, Revoking):
            if self._auto_commit:
                await self._commit_done(event.partitions, within_s=event.deadline_ms / 1000)
            await self.release()

    # -- requests --------------------------------------------------------------------------------

    async def commit(
        self,
        offsets: Mapping[TopicPartition, int] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> None:
        """Commit, and return when it is durable.

        Args:
            offsets: The next offset to be read of each partition; if None, of all that was handed
                out: with it the caller says that all of that is done.
            timeout_s: How long to wait, across restarts of the server; None for as long as it is
                waited for at all.

        Raises:
            AnswerLost: Nothing came in time.
            Refused: The group has moved on, for example.
        """
        if offsets is None:
            self._finish_current()
            self._commit_at = asyncio.get_running_loop().time() + AUTO_COMMIT_S
            await self._finish()
        wanted = dict(self._reading.to_commit() if offsets is None else offsets)
        try:
            async with asyncio.timeout(timeout_s):
                await self._commit(wanted)
        except TimeoutError as error:
            raise AnswerLost(self._line.url, "it did not answer in time") from error

    async def seek(self, *starts: Start) -> None:
        """Go on elsewhere; nothing older is handed out from now on.

        Raises:
            Refused: A partition is not there, or not ours.
        """
        self._check()
        self._reading.seek(starts)
        self._current = None
        self.seeks += 1
        await self._answer(self._asking.begin_seek(starts))

    async def pause(self, *places: TopicPartition) -> None:
        """Have nothing sent of some partitions, until they are unpaused."""
        self._reading.pause(places)
        await self._ask("pause", partitions=told_places(places))

    async def unpause(self, *places: TopicPartition) -> None:
        """Have partitions sent again."""
        self._reading.unpause(places)
        await self._ask("unpause", partitions=told_places(places))

    async def release(self) -> None:
        """Give away what is being revoked at once, committed or not."""
        with suppress(LinkEnded):
            if self._standing is not None:
                await self._standing.send({"type": "release", "sub": SUB})

    @property
    def assignment(self) -> Sequence[TopicPartition]:
        """The partitions of the group that are this member's, as far as it was told by ``poll``."""
        return self._reading.assignment

    def positions(self) -> Mapping[TopicPartition, int]:
        """Return the next offset behind what is done, in each partition where anything is."""
        return self._reading.positions()

    def done(self, place: TopicPartition, next_offset: int) -> None:
        """Say that what is below an offset is done of the last batch, and no more than is said."""
        self._reading.hold()
        self._reading.done(place, next_offset)

    @property
    def handed(self) -> Event | None:
        """What ``poll`` has returned last."""
        return self._reading.handed

    def take_back(self, before: Event | None) -> None:
        """Have what was returned last returned again, unless it is what was before.

        For a caller whose wait for ``poll`` was interrupted: it may have returned to nobody.
        """
        self._reading.take_back(before)

    def is_current(self, part: Slice) -> bool:
        """Return whether records of a slice count: no seek has made them void."""
        return self._reading.is_current(part)

    def hold(self) -> None:
        """Have of the batch that was returned last only that count which ``done`` is called for."""
        self._reading.hold()

    # -- inside ----------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._task is None or self._task.done():
            raise NotOpen

    async def _live(self) -> None:
        try:
            await self._line.run()
        except ClientError as error:
            self._fail(error)
        except Exception as error:  # whatever it was, who waits must hear of it
            self._fail(ClientError(f"the client failed: {error!r}"))
            raise

    def _fail(self, error: ClientError) -> None:
        self._failure = error
        self._opened.set()
        self._changed.set()
        self._asking.fail(error)

    async def _stop(self) -> None:
        tasks = [one for one in (self._committing, self._task) if one is not None]
        self._task = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._fail(self._failure or NotOpen())

    async def _serve(self, link: Link) -> None:
        """Use a link until it ends."""
        first = self._asking.next_number()
        try:
            await link.send({**self._reading.begin_socket(), "id": first})
            while True:
                await self._hear(link, first)
                self._changed.set()
        finally:
            self._standing = None

    async def _hear(self, link: Link, first: int) -> None:
        heard = await link.receive()
        if isinstance(heard, tuple):
            self._reading.took_records(*heard)
        elif isinstance(heard, Subscribed):
            self._reading.opened(heard)
            self._line.works()
            await self._ask_again(link)
            self._opened.set()
        elif isinstance(heard, ErrorFrame) and (heard.id == first or heard.ended):
            self._refused(heard)
        elif isinstance(heard, Answered):
            self._reading.took(heard)
            self._settle(heard)
        elif not isinstance(heard, Welcome):
            self._reading.took(heard)

    def _refused(self, error: ErrorFrame) -> None:
        """End the link: the subscription does not stand any more, or never did.

        Raises:
            LinkEnded: It may stand again.
            Refused: It may not.
        """
        refused = refusal(error)
        if error.retriable and refused.status != NOT_FOUND:
            raise LinkEnded(Ending(code=error.error_code, reason=error.message, retry=True))
        raise refused

    def _away(self, ending: Ending) -> None:
        self._reading.away(ending.reason)
        self._changed.set()

    async def _ask_again(self, link: Link) -> None:
        """Repeat on a new socket what an older one has not answered, or has forgotten."""
        asked = [start for one in self._asking.unanswered() for start in one.starts]
        sought = [one for one in self._reading.still_sought() if one not in asked]
        if sought:
            self._asking.begin_seek(sought)
        waiting = self._asking.unanswered()
        paused = self._reading.still_paused() if self._reading.socket > 1 else []
        self._standing = link
        if paused:
            await link.send({"type": "pause", "sub": SUB, "partitions": told_places(paused)})
        await link.send(*(one.frame for one in waiting))

    def _settle(self, heard: Answered) -> None:
        """Take in an answer; what a seek means for records counts before the next frame does."""
        asked = self._asking.settle(heard)
        if asked is None or not asked.starts:
            return
        if isinstance(heard, Sought):
            self._reading.sought(asked.starts, heard.epoch)
        else:
            self._reading.not_sought(asked.starts)

    async def _ask(self, kind: str, **fields: object) -> ServerFrame:
        """Send a request and return its answer, over as many sockets as it takes."""
        self._check()
        return await self._answer(self._asking.begin(kind, **fields))

    async def _answer(self, asked: Request) -> ServerFrame:
        try:
            if self._standing is not None:
                with suppress(LinkEnded):  # it is sent again on the next one
                    await self._standing.send(asked.frame)
            return await asked.answer
        finally:
            self._asking.end(asked)

    async def _commit(self, wanted: dict[TopicPartition, int]) -> None:
        if not wanted:
            return
        told = [
            {"topic": place.topic, "partition": place.partition, "offset": offset}
            for place, offset in wanted.items()
        ]
        await self._ask("commit", offsets=told)
        self._reading.committed(wanted)

    async def _finish(self) -> None:
        """Count what was handed out as done, and say so."""
        out = self._reading.finish()
        if out is not None:
            await self._acknowledge(out)

    def _finish_current(self, *, is_done: bool = True) -> None:
        """Count the record that an iteration has handed out as done, or all before it."""
        current, self._current = self._current, None
        if current is not None:
            place, next_offset = current
            self._reading.done(place, next_offset if is_done else next_offset - 1)

    async def _acknowledge(self, batch: Batch) -> None:
        if batch.socket == self._reading.socket and self._standing is not None:
            with suppress(LinkEnded):
                await self._standing.send(acknowledging(batch.seq))
        now = asyncio.get_running_loop().time()
        if self._auto_commit and self._committing is None and now >= self._commit_at:
            self._commit_at = now + AUTO_COMMIT_S
            self._committing = asyncio.create_task(self._commit_beside())

    async def _commit_beside(self) -> None:
        """Commit what is done while reading goes on."""
        try:
            await self._commit_done()
        except ClientError as error:
            self._fail(error)
        finally:
            self._committing = None

    async def _commit_done(
        self, only: Iterable[TopicPartition] | None = None, *, within_s: float | None = None
    ) -> None:
        """Commit what is done; a group that has moved on is told of by its notices."""
        wanted = self._reading.to_commit(None if only is None else set(only))
        try:
            async with asyncio.timeout(within_s):
                await self._commit(wanted)
        except TimeoutError:
            return
        except Refused as error:
            if error.status != CONFLICT:
                raise
