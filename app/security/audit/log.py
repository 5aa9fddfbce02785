"""The audit log of a node: a bounded queue, and one thread that writes what is in it.

Nobody waits on the loop. What is only noted (logins, refusals, the data plane) waits for a moment
so that many are written at once; when there is no room or the file cannot be written it is counted,
and the log says how many are missing as soon as it can. What has to be kept (changes) is on disk
before ``keep`` returns, and refused otherwise: nothing is changed that the log does not know.

Invariants:
    Events are written in the order in which they came.
    Each event is written, refused to who waits for it, or counted as lost.
Called by: the wiring. Calls: file, event; a feed takes what was written.
"""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

from app.security.audit.audit import AuditUnwritable
from app.security.audit.event import AuditEvent, Category, line_of
from app.security.audit.file import AuditFile
from app.security.audit.kinds import lost
from app.security.audit.traffic import Traffic
from app.telemetry.clock import Clock
from storage.errors import DiskError

_logger = logging.getLogger(__name__)

QUEUE_MAX = 10_000
"""Events that wait to be written."""

BATCH_MAX = 1_000
"""Events written at once."""

NOTE_WAIT_S = 0.1
"""How long what is only noted waits for more."""

SYNC_S = 1.0
"""What is only noted is on disk no later than so long after it was written, if more comes."""


class Feed(Protocol):
    """Takes what was written."""

    def offer(self, lines: Sequence[bytes]) -> None:
        """Take lines, or count them; never waits, never raises."""
        ...

    async def run(self) -> None:
        """Pass on what was taken, until cancelled."""
        ...

    async def stop(self) -> None:
        """Pass on what can be passed on now."""
        ...


class _Entry(NamedTuple):
    event: AuditEvent
    time_ms: int
    kept: asyncio.Future[None] | None


class AuditLog:
    """Writes events to a file, and what was written to a feed."""

    def __init__(
        self,
        clock: Clock,
        file: AuditFile,
        *,
        categories: Collection[Category],
        source: str,
        feed: Feed | None = None,
    ) -> None:
        """Write nothing yet.

        Args:
            clock: The node's.
            file: Where to.
            categories: What is wanted.
            source: The node, as a URI reference.
            feed: Takes what was written.
        """
        self._clock = clock
        self._file = file
        self._categories = frozenset(categories)
        self._source = source
        self.feed = feed
        """Set before ``run``."""

        self.traffic: Traffic | None = None
        """Tells here what it counted; set before ``run``."""

        self._unfed: deque[bytes] = deque(maxlen=BATCH_MAX)
        """Written before there was a feed."""

        self.lost = 0
        """Events that could not be written, since the node began."""

        self._lost_unsaid = 0
        self._queue: deque[_Entry] = deque()
        self._wake = asyncio.Event()
        self._is_waking = False
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit")
        self._synced_at = clock.monotonic()
        self._is_failing = False

    def wants(self, category: Category) -> bool:
        """Return whether events of the category are written."""
        return category in self._categories

    def note(self, event: AuditEvent) -> None:
        """Write an event soon, or count it as lost."""
        if event.category not in self._categories:
            return
        if len(self._queue) >= QUEUE_MAX:
            self._lose(1)
            return
        self._queue.append(_Entry(event, self._clock.now_ms(), None))
        if not self._is_waking:
            self._is_waking = True
            asyncio.get_running_loop().call_later(NOTE_WAIT_S, self._wake.set)

    async def keep(self, event: AuditEvent) -> None:
        """Return when an event is on disk.

        Raises:
            AuditUnwritable: It is not.
        """
        if event.category not in self._categories:
            return
        if len(self._queue) >= 2 * QUEUE_MAX:  # what is noted takes no room from it
            raise AuditUnwritable("too many events wait to be written")
        kept = asyncio.get_running_loop().create_future()
        self._queue.append(_Entry(event, self._clock.now_ms(), kept))
        self._wake.set()
        await kept

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write while the block runs; for what happens before ``run``."""
        early = asyncio.create_task(self._run(), name="early-audit-log")
        try:
            yield
        finally:
            await self.flush()
            early.cancel()
            await asyncio.gather(early, return_exceptions=True)

    async def run(self) -> None:
        """Write until cancelled."""
        if self.feed is not None:
            self.feed.offer(tuple(self._unfed))
            self._unfed.clear()
        async with asyncio.TaskGroup() as tasks:
            if self.feed is not None:
                tasks.create_task(self.feed.run(), name="audit-feed")
            if self.traffic is not None:
                tasks.create_task(self.traffic.run(), name="audit-traffic")
            tasks.create_task(self._run(), name="audit-log")

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await self.flush()

    async def flush(self) -> None:
        """Return when all that waits now is written or given up."""
        async with self._turn:
            self._wake.clear()
            self._is_waking = False
            while self._queue:
                count = min(len(self._queue), BATCH_MAX)
                await self._write([self._queue.popleft() for _ in range(count)])

    async def stop(self) -> None:
        """Write what waits."""
        if self.traffic is not None:
            self.traffic.tell_all()
        await self.flush()
        if self.feed is not None:
            await self.feed.stop()

    def close(self) -> None:
        """End the thread, and close the file."""
        self._thread.shutdown()
        self._file.close()

    async def _write(self, entries: Sequence[_Entry]) -> None:
        now = self._clock.monotonic()
        sync = now - self._synced_at >= SYNC_S or any(one.kept is not None for one in entries)
        unsaid = self._lost_unsaid
        loop = asyncio.get_running_loop()
        try:
            lines = await loop.run_in_executor(
                self._thread, self._write_in_thread, entries, unsaid, sync
            )
        except DiskError as error:
            self._refuse(entries, str(error))
            if not self._is_failing:
                self._is_failing = True
                _logger.error("the audit log cannot be written: %s", error)
            return
        except BaseException:
            self._refuse(entries, "the node is ending")
            raise
        self._lost_unsaid -= unsaid
        if sync:
            self._synced_at = now
        if self._is_failing:
            self._is_failing = False
            _logger.warning("the audit log can be written again; %d events are lost", unsaid)
        for one in entries:
            if one.kept is not None and not one.kept.done():
                one.kept.set_result(None)
        if self.feed is not None:
            self.feed.offer(lines)
        else:
            self._unfed += lines

    def _write_in_thread(self, entries: Sequence[_Entry], unsaid: int, sync: bool) -> list[bytes]:
        lines = [self._line(one.event, one.time_ms) for one in entries]
        if unsaid:
            lines.append(self._line(lost(unsaid), self._clock.now_ms()))
        self._file.write(b"".join(lines), sync=sync)
        return lines

    def _line(self, event: AuditEvent, time_ms: int) -> bytes:
        event_id = str(uuid.uuid4())
        return line_of(event, event_id=event_id, time_ms=time_ms, source=self._source)

    def _refuse(self, entries: Sequence[_Entry], why: str) -> None:
        for one in entries:
            if one.kept is None:
                self._lose(1)
            elif not one.kept.done():
                one.kept.set_exception(AuditUnwritable(why))

    def _lose(self, count: int) -> None:
        self.lost += count
        self._lost_unsaid += count
