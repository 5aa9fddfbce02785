"""One run of ``cauce consume``: batch after batch, to the end as it was, or for ever.

Invariants:
    A batch is written whole before the next is asked for; a signal never cuts a line.
    What is committed was written before: once a second, before partitions go to another member, and
    at the end, however that comes about. Of records that are not written nothing is committed.
Called by: cli.consume. Calls: client.streaming, cli.records, end_watch.
"""

import time

import msgspec

from cauce.cli.console import Console, Progress
from cauce.cli.consuming.end_watch import EndWatch
from cauce.cli.interrupts import Interrupts
from cauce.cli.records.record_output import RecordRenderer, Rendered
from cauce.client.errors import ClientError, Refused, UnexpectedAnswer
from cauce.client.streaming.codec import Batch, Slice
from cauce.client.streaming.consumer import Consumer
from cauce.client.streaming.reading import (
    Assigned,
    Disconnected,
    Ended,
    Event,
    Lost,
    Reconnected,
    Revoked,
    Revoking,
)
from cauce.client.streaming.records import BadColumns, TopicPartition

POLL_S = 1.0
"""How long one poll waits; then it is seen whether anybody reads our output."""

COMMIT_EVERY_S = 1.0
COMMIT_S_MAX = 10.0
"""How long a commit is waited for, across a restart of the server."""

CONFLICT = 409


class ConsumeRun:
    """One run of the command, from the first record to the last."""

    def __init__(
        self,
        console: Console,
        consumer: Consumer,
        renderer: RecordRenderer,
        progress: Progress,
        *,
        count: int | None = None,
        is_member: bool = False,
        end: EndWatch | None = None,
    ) -> None:
        """Prepare.

        Args:
            console: Where records go.
            consumer: Where they come from; it does not commit by itself.
            renderer: How they look.
            progress: What tells how far it is.
            count: End after so many records; None for no such bound.
            is_member: Whether what is written is committed.
            end: Tells a member that it has read everything; None to go on for ever.
        """
        self._console = console
        self._consumer = consumer
        self._renderer = renderer
        self._progress = progress
        self._count = count
        self._is_member = is_member
        self._end = end
        self._committed_at = time.monotonic()
        self._uncommitted: dict[TopicPartition, int] = {}
        self.written = 0
        self.failed = 0
        """Records that the filter could say nothing about."""

        self.first_failure: str | None = None
        self._failed_before = self._failed_here = 0
        self._is_away = False

    def run(self, interrupts: Interrupts) -> None:
        """Write records until the end; a signal ends it between two batches."""
        try:
            while not self._is_over():
                self._console.check_reader()
                with interrupts.waiting():
                    event = self._consumer.poll(POLL_S)
                if isinstance(event, Ended):
                    return
                if isinstance(event, Batch):
                    self._write(event)
                else:
                    self._notice(event)
                if not self._is_away and time.monotonic() - self._committed_at >= COMMIT_EVERY_S:
                    self._commit()
        finally:
            self._commit()

    def _is_over(self) -> bool:
        if self._count is not None and self.written >= self._count:
            return True
        return self._end is not None and self._end.is_over

    def _write(self, batch: Batch) -> None:
        if batch.filter is not None:
            self._failed_here = batch.filter.failed
            self.failed = self._failed_before + self._failed_here
            self.first_failure = self.first_failure or batch.filter.first_failure
        done: list[tuple[Slice, Rendered]] = []
        left = None if self._count is None else self._count - self.written
        for one in batch.slices:
            rendered = self._rendered(one, left)
            done.append((one, rendered))
            if left is not None:
                left -= rendered.records
                if left == 0:
                    break
        text = b"".join(rendered.text for _, rendered in done)
        if text:
            self._console.write(text)
        for one, rendered in done:
            self.written += rendered.records
            if self._is_member:
                self._uncommitted[one.place] = rendered.next_offset
        self._progress.update(f"{self.written:,} records")
        if self._end is not None:
            self._end.read(batch.slices)

    def _rendered(self, part: Slice, limit: int | None) -> Rendered:
        try:
            return self._renderer.render(part, limit)
        except (msgspec.MsgspecError, BadColumns) as error:
            raise UnexpectedAnswer("the server", f"a record does not read: {error}") from error

    def _notice(self, event: Event | None) -> None:
        """Act on what is no record."""
        end = self._end
        if event is None:
            if end is not None:
                end.nothing_came()
        elif isinstance(event, Disconnected):
            self._failed_before += self._failed_here
            self._failed_here = 0
            self._is_away = True
            self._progress.say(f"cauce: {event.reason}; trying again until the server is back")
            if end is not None:
                end.away(is_away=True)
        elif isinstance(event, Reconnected):
            self._is_away = False
            lost = "" if event.resumed else f", and began anew: {event.reason}"
            self._progress.say(f"cauce: the server is back{lost}")
            if end is not None:
                end.away(is_away=False)
        elif isinstance(event, Revoking):
            self._commit()
            self._consumer.release()
        elif isinstance(event, Revoked | Lost):
            for place in event.partitions:
                self._uncommitted.pop(place, None)
            if end is not None:
                end.taken(event.partitions)
        elif isinstance(event, Assigned) and end is not None:
            end.assigned(event.partitions)

    def _commit(self) -> None:
        """Commit what was written; a group that has moved on will be told of by a notice."""
        self._committed_at = time.monotonic()
        if not self._uncommitted:
            return
        try:
            self._consumer.commit(self._uncommitted, timeout_s=COMMIT_S_MAX)
        except Refused as error:
            if error.status != CONFLICT:
                raise
        except ClientError as error:
            self._progress.say(f"cauce: what was written last may not be committed: {error}")
            return
        self._uncommitted = {}
