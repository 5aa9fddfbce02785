"""AsyncProducer: records into topics, each at most once, over restarts of the server.

Records gather in batches, one of each partition on its way at a time; what a broken connection
leaves without an answer is sent again as it was, and the server knows whether it has it.

Invariants:
    A receipt means that the record is on disk. ``AnswerLost`` means that nobody knows; every other
    error that it surely is not stored.
Called by: users, producer. Calls: line, sending, client.topics.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self, Unpack

from cauce.client.address import DEFAULT_URL
from cauce.client.credentials import Login
from cauce.client.errors import ClientError, NotOpen, Refused
from cauce.client.http import HttpClient
from cauce.client.streaming.codec import BINARY
from cauce.client.streaming.comebacks import Ending
from cauce.client.streaming.frames import ErrorFrame, ProducerIdentity, ReceiptFrame, Welcome
from cauce.client.streaming.line import Line
from cauce.client.streaming.link import Link, LinkEnded
from cauce.client.streaming.records import Headers, NewRecord
from cauce.client.streaming.sending import Bounds, Outcome, Receipt, Sending, Settled
from cauce.client.topics import Topics

BUFFER_BYTES_MAX = 32 * 1024 * 1024
"""Records that have no receipt yet; at the bound ``send`` waits."""

PARTITIONS_AGE_S = 300.0
"""How long the number of a topic's partitions is believed."""

EXPIRE_EVERY_S = 0.5

IDENTITY_REQUEST = -1
"""The id of the request for an identity; produces count from 1."""


class _Partitions(NamedTuple):
    number: int
    until: float


Pending = asyncio.Future[Receipt]


class AsyncProducer:
    """Writes records; use it in an ``async with`` block."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        bounds: Bounds | None = None,
        partitions_of: Callable[[str], int] | None = None,
        **login: Unpack[Login],
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: Where the server is; ``http://`` may be left out.
            bounds: When batches are sent and given up.
            partitions_of: Tells how many partitions a topic has; it is asked over REST if None.
            login: ``api_key``, ``basic`` (a user and a password) or ``token``; and ``ca_file``.

        Raises:
            ClientError: What there is to log in with cannot be sent, or not to this address.
        """
        bounds = bounds or Bounds()
        self._url = url
        self._login = login
        self._line = Line(url, BINARY, self._serve, self._away, give_up_s=None, **login)
        self._sending = Sending(url, bounds)
        self._partitions_of = partitions_of or self._ask_partitions
        self._partitions: dict[str, _Partitions] = {}
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._settled = asyncio.Event()
        self._flushing = 0
        self._task: asyncio.Task[None] | None = None
        self._failure: ClientError | None = None
        self._opened = asyncio.Event()
        self._asked_identity = False

    # -- its life --------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ClientError: There is no connection.
        """
        self._task = asyncio.create_task(self._live())
        try:
            await self._opened.wait()
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
        await self.close()

    async def close(self) -> None:
        """End, once all that was taken has its receipt or its error."""
        if self._task is None:
            return
        try:
            await self.flush()
        finally:
            await self._line.close()
            await self._stop()

    # -- records ---------------------------------------------------------------------------------

    async def produce(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Headers = (),
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> Receipt:
        """Write a record and return where it is, once it is on disk.

        Args:
            topic: Where to.
            value: None for a tombstone.
            key: Records of a key stay in their order.
            headers: Names and values.
            partition: Chosen by the key, or by turns, if None.
            timestamp: Milliseconds since 1970; the server's time if None.

        Raises:
            AnswerLost: It may be stored or not.
            ClientError: It is not stored.
        """
        record = NewRecord(value, key, headers, partition, timestamp)
        (outcome,) = await self.produce_many(topic, [record])
        if isinstance(outcome, ClientError):
            raise outcome
        return outcome

    async def produce_many(self, topic: str, records: Iterable[NewRecord]) -> Sequence[Outcome]:
        """Write records and return what became of each: a receipt, or why there is none."""
        pending = [await self._add(topic, record) for record in records]
        self._flushing += 1
        self._changed.set()
        try:
            outcomes = await asyncio.gather(*pending, return_exceptions=True)
        finally:
            self._flushing -= 1
        found: list[Outcome] = []
        for one in outcomes:
            if not isinstance(one, Receipt | ClientError):
                raise one
            found.append(one)
        return found

    async def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Headers = (),
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> Pending:
        """Take a record and return what becomes of it; waits only for room.

        The arguments are those of ``produce``.
        """
        return await self._add(topic, NewRecord(value, key, headers, partition, timestamp))

    async def flush(self) -> None:
        """Return when nothing is on its way any more."""
        self._flushing += 1
        self._changed.set()
        try:
            while self._sending.count and self._failure is None:
                self._settled.clear()
                await self._settled.wait()
        finally:
            self._flushing -= 1

    # -- inside ----------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._task is None or self._task.done():
            raise NotOpen

    async def _add(self, topic: str, record: NewRecord) -> Pending:
        count = await self._partition_count(topic) if record.partition is None else 1
        while self._sending.size >= BUFFER_BYTES_MAX:
            self._room.clear()
            self._check()
            await self._room.wait()
        self._check()
        loop = asyncio.get_running_loop()
        pending: Pending = loop.create_future()
        pending.add_done_callback(_looked_at)
        self._sending.add(topic, record, count, pending, loop.time())
        self._changed.set()
        return pending

    async def _partition_count(self, topic: str) -> int:
        known = self._partitions.get(topic)
        now = asyncio.get_running_loop().time()
        if known is None or now >= known.until:
            count = await asyncio.to_thread(self._partitions_of, topic)
            known = self._partitions[topic] = _Partitions(count, now + PARTITIONS_AGE_S)
        return known.number

    def _ask_partitions(self, topic: str) -> int:
        with HttpClient(self._url, **self._login) as http:
            return Topics(http).get(topic).partitions_count

    async def _live(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._expire())
                await self._line.run()
        except* ClientError as group:
            error = group.exceptions[0]
            assert isinstance(error, ClientError), "nothing else was caught"
            self._fail(error)

    def _fail(self, error: ClientError) -> None:
        self._failure = error
        self._tell(self._sending.abandon(error))
        for event in (self._opened, self._room, self._settled):
            event.set()

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._fail(self._failure or NotOpen())

    async def _serve(self, link: Link) -> None:
        """Use a link until it ends."""
        self._sending.break_off()
        writing = asyncio.create_task(self._write(link))
        try:
            while True:
                heard = await link.receive()
                now = asyncio.get_running_loop().time()
                if isinstance(heard, ReceiptFrame):
                    self._tell(self._sending.answer(heard.id, heard.outcomes, now))
                elif isinstance(heard, ProducerIdentity):
                    self._sending.identify(heard)
                    self._asked_identity = False
                elif isinstance(heard, ErrorFrame):
                    self._refused(heard)
                elif isinstance(heard, Welcome):
                    self._line.works()
                    self._opened.set()
                self._changed.set()
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    def _refused(self, heard: ErrorFrame) -> None:
        status = heard.error_code if heard.error_code < 1000 else heard.error_code // 100
        refused = Refused(status, heard.error_code, heard.message)
        if heard.id != IDENTITY_REQUEST:
            self._tell(self._sending.refuse(heard.id, refused))
        elif heard.retriable:
            raise LinkEnded(Ending(code=heard.error_code, reason=heard.message, retry=True))
        else:
            raise refused

    async def _write(self, link: Link) -> None:
        """Send what is due, and ask for an identity where one is wanted."""
        loop = asyncio.get_running_loop()
        self._asked_identity = False
        with suppress(LinkEnded):  # the reader is told, too
            while True:
                self._changed.clear()
                if self._sending.wants_identity and not self._asked_identity:
                    self._asked_identity = True
                    await link.send({"type": "init_producer", "id": IDENTITY_REQUEST})
                flush, now_ms = self._flushing > 0, time.time_ns() // 1_000_000
                for message in self._sending.due(loop.time(), flush=flush, now_ms=now_ms):
                    await link.send(message)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._sending.next_due(loop.time())):
                        await self._changed.wait()

    async def _expire(self) -> None:
        """Give up what waits for too long, also while the server is away."""
        while True:
            await asyncio.sleep(EXPIRE_EVERY_S)
            self._tell(self._sending.expire(asyncio.get_running_loop().time()))

    def _tell(self, settled: Sequence[Settled]) -> None:
        for ticket, outcome, _ in settled:
            if ticket.done():
                continue
            if isinstance(outcome, ClientError):
                ticket.set_exception(outcome)
            else:
                ticket.set_result(outcome)
        if settled:
            self._room.set()
            self._settled.set()

    def _away(self, ending: Ending) -> None:
        del ending


def _looked_at(pending: Pending) -> None:
    """Keep asyncio from complaining about a failure that nobody asks about."""
    if not pending.cancelled():
        pending.exception()
