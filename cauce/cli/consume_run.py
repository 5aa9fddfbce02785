"""One run of ``cauce consume``: page after page, to the end as it was, or for ever.

Invariants:
    A page is written whole before the next is asked for; a signal never cuts a line.
    Without ``follow`` the run ends when every partition has been read up to the high watermark
    that it had at the first page, however much is produced meanwhile.
Called by: cli.consume. Calls: client.consumer, cli.record_output.
"""

import time
from collections.abc import Mapping

import msgspec

from cauce.cli.console import Console, Progress
from cauce.cli.interrupts import Interrupts
from cauce.cli.records.record_output import RecordRenderer
from cauce.client.consumer import Consumer, Page, PartitionPlace
from cauce.client.errors import (
    AnswerLost,
    ClientError,
    Refused,
    ServerUnreachable,
    UnexpectedAnswer,
)

PAGE_RECORDS_MAX = 5_000
FOLLOW_WAIT_MS = 5_000
"""How long the server may wait for a record while we follow."""

EMPTY_PAGE_WAIT_MS = 500
"""The same, when a page before the end had no record in it."""

RECONNECT_EVERY_S = 1.0
TEMPORARY_STATUSES = frozenset({429, 503})
"""Too many requests; starting, or stopping."""


class ConsumeRun:
    """One run of the command, from the first page to the last."""

    def __init__(
        self,
        console: Console,
        consumer: Consumer,
        renderer: RecordRenderer,
        progress: Progress,
        *,
        follow: bool,
        count: int | None,
    ) -> None:
        """Prepare.

        Args:
            console: Where records go.
            consumer: Where they come from.
            renderer: How they look.
            progress: What tells how far it is.
            follow: Go on at the end, and when the server goes away for a while.
            count: End after so many records; None for no such bound.
        """
        self._console = console
        self._consumer = consumer
        self._renderer = renderer
        self._progress = progress
        self._follow = follow
        self._count = count
        self._ends: Mapping[int, int] | None = None
        self.written = 0
        self.failed = 0
        """Records that the filter could say nothing about."""

        self.first_failure: str | None = None

    def run(self, interrupts: Interrupts) -> None:
        """Write records until the end; a signal ends it between two pages."""
        wait_ms = 0
        while self._count is None or self.written < self._count:
            self._console.check_reader()
            with interrupts.waiting():
                page = self._next_page(wait_ms)
            if self._ends is None:
                self._ends = {one.partition_id: one.high_watermark for one in page.places.values()}
            if page.filtered is not None:
                self.failed += page.filtered.failed
                self.first_failure = self.first_failure or page.filtered.first_failure
            if page.records:
                self._console.write(self._rendered(page))
                self.written += len(page.records)
                self._progress.update(f"{self.written:,} records")
            if not self._follow and self._at_end(page.places):
                return
            wait_ms = self._next_wait_ms(page)

    def _rendered(self, page: Page) -> bytes:
        try:
            return self._renderer.render(page.records)
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswer(
                self._consumer.url, f"a record does not read: {error}"
            ) from error

    def _next_wait_ms(self, page: Page) -> int:
        if self._follow:
            return FOLLOW_WAIT_MS
        return 0 if page.records else EMPTY_PAGE_WAIT_MS

    def _next_page(self, wait_ms: int) -> Page:
        """Ask for the next page; while following, wait for a server that went away."""
        left = PAGE_RECORDS_MAX if self._count is None else self._count - self.written
        records_max = min(left, PAGE_RECORDS_MAX)
        told = False
        while True:
            try:
                page = self._consumer.next_page(records_max=records_max, wait_ms=wait_ms)
            except ClientError as error:
                if not self._follow or self._ends is None or not _may_pass(error):
                    raise
                if not told:
                    self._progress.say(f"cauce: {error}; trying again until it is back")
                    told = True
                time.sleep(RECONNECT_EVERY_S)
            else:
                if told:
                    self._progress.say("cauce: the server is back")
                return page

    def _at_end(self, places: Mapping[int, PartitionPlace]) -> bool:
        assert self._ends is not None, "they are known from the first page on"
        return all(
            places[number].next_offset >= end
            for number, end in self._ends.items()
            if number in places
        )


def _may_pass(error: ClientError) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(error, Refused):
        return error.status in TEMPORARY_STATUSES
    return isinstance(error, ServerUnreachable | AnswerLost)
