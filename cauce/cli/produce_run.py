"""One run of ``cauce produce``: from lines to receipts, every line accounted for.

Invariants:
    Records are sent in the order of their lines; one request is under way at a time.
    Every line either has a good receipt or is named on standard error, and then the exit status
    is not 0.
    What a quota holds back is sent when the server says that it may be, in its order.
Called by: cli.produce. Calls: cli.line_reader, cli.record_input, client.producer.
"""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

from cauce.cli import exit_codes
from cauce.cli.console import Console, OutputClosed, Progress
from cauce.cli.interrupts import Interrupts, Stopped
from cauce.cli.records.line_reader import LINE_BYTES_MAX, InputFailed, Line, LineReader
from cauce.cli.records.record_input import BadLine, RecordEncoder
from cauce.client.errors import AnswerLost, ClientError, Refused
from cauce.client.producer import GOOD, Producer, Receipt

REFUSED_IN_A_ROW_MAX = 1_000
"""After so many refusals without a good receipt the rest of the input is left unread."""

QUOTA_WAIT_S_MIN = 0.05

TOO_LARGE = 413


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchBounds:
    """When a batch is sent: at so many records or bytes, or when its first waited so long."""

    records: int
    size: int
    linger_s: float


class _Encoded(NamedTuple):
    line_number: int
    record: bytes


@dataclass(slots=True)
class _Batch:
    """Records that wait to be sent."""

    records: list[_Encoded] = field(default_factory=list)
    size: int = 0
    since: float = 0.0

    def add(self, line_number: int, record: bytes) -> None:
        if not self.records:
            self.since = time.monotonic()
        self.records.append(_Encoded(line_number, record))
        self.size += len(record)


class _GivenUp(Exception):
    """It makes no sense to go on; the reason has been told."""


class ProduceRun:
    """One run of the command, from the first line to the last receipt."""

    def __init__(
        self,
        console: Console,
        producer: Producer,
        encoder: RecordEncoder,
        bounds: BatchBounds,
        progress: Progress,
    ) -> None:
        self._console = console
        self._producer = producer
        self._encoder = encoder
        self._bounds = bounds
        self._progress = progress
        self._batch = _Batch()
        self._refused_in_a_row = 0
        self._interrupts: Interrupts | None = None
        self.shows_receipts = False
        self.stored = 0
        self.refused = 0

    def run(self, reader: LineReader, interrupts: Interrupts) -> int:
        """Send all lines and return the exit status.

        When a signal comes or the input fails, what was read whole is sent first.
        """
        self._interrupts = interrupts
        try:
            try:
                while not reader.ended:
                    self._step(reader, interrupts)
                    self._progress.update(
                        f"{self.stored:,} records stored, {self.refused:,} refused"
                    )
            except (Stopped, InputFailed):
                self._flush()
                if reader.has_unfinished:
                    self._progress.say("cauce: the unfinished last line was not sent")
                raise
            self._flush()
        except _GivenUp:
            return exit_codes.REFUSED
        except OutputClosed:
            self._progress.say(
                "cauce: stopped, nobody reads the receipts; later lines were not sent"
            )
            return exit_codes.REFUSED
        return exit_codes.REFUSED if self.refused else exit_codes.OK

    def _step(self, reader: LineReader, interrupts: Interrupts) -> None:
        """Wait for lines as long as the batch may linger; read them, or send it."""
        timeout_s = None
        if self._batch.records:
            timeout_s = max(0.0, self._batch.since + self._bounds.linger_s - time.monotonic())
        with interrupts.waiting():
            ready = reader.wait(timeout_s)
        if ready:
            for line in reader.read():
                self._take(line)
        elif self._batch.records:
            self._flush()

    def _take(self, line: Line) -> None:
        if line.content is None:
            self._refuse(line.number, f"it is longer than {LINE_BYTES_MAX} bytes")
            return
        try:
            record = self._encoder.encode(line.content)
        except BadLine as error:
            self._refuse(line.number, str(error))
            return
        batch = self._batch
        if batch.records and batch.size + len(record) > self._bounds.size:
            self._flush()
            batch = self._batch
        batch.add(line.number, record)
        if len(batch.records) >= self._bounds.records:
            self._flush()

    def _flush(self) -> None:
        """Send the batch and account for each of its lines."""
        batch, self._batch = self._batch.records, _Batch()
        while batch and not self._send(batch):
            pass

    def _send(self, batch: list[_Encoded]) -> bool:
        """Send a batch and account for its lines; return whether that is done, or to be again."""
        answered = 0
        try:
            receipts = self._producer.send([record for _, record in batch])
            for (line_number, _), receipt in zip(batch, receipts, strict=False):
                answered += 1
                self._account(line_number, receipt)
        except Refused as error:
            if error.retry_after_s is not None:
                self._wait(batch, error.retry_after_s)
                return False
            self._refuse_all(batch, error)
            return True
        except (ClientError, Stopped):
            self._tell_unknown(batch[answered:])
            raise
        if answered < len(batch):
            self._tell_unknown(batch[answered:])
            raise AnswerLost(self._producer.url, "receipts are missing")
        return True

    def _wait(self, batch: list[_Encoded], wait_s: float) -> None:
        """Wait until a quota's debt is paid; a signal ends that, and the batch is not sent."""
        assert self._interrupts is not None, "it runs"
        self._progress.update(f"{self.stored:,} records stored, waiting {wait_s:.0f} s for a quota")
        try:
            with self._interrupts.waiting():
                time.sleep(max(wait_s, QUOTA_WAIT_S_MIN))
        except Stopped:
            self._progress.say(f"cauce: {_lines(batch)}: not sent, a quota holds them back")
            raise

    def _account(self, line_number: int, receipt: Receipt) -> None:
        if receipt.error_code != GOOD:
            self._refuse(line_number, f"{receipt.message} (error {receipt.error_code})")
            return
        self.stored += 1
        self._refused_in_a_row = 0
        if self.shows_receipts:
            self._console.write(receipt.line + b"\n")

    def _refuse(self, line_number: int, reason: str) -> None:
        self.refused += 1
        self._refused_in_a_row += 1
        self._progress.say(f"cauce: line {line_number} refused: {reason}")
        if self._refused_in_a_row >= REFUSED_IN_A_ROW_MAX:
            self._give_up(f"{REFUSED_IN_A_ROW_MAX} lines in a row were refused")

    def _refuse_all(self, batch: list[_Encoded], error: Refused) -> None:
        """The server refused the request as a whole: so it will the next, unless it is size."""
        self.refused += len(batch)
        self._progress.say(f"cauce: {_lines(batch)} refused: {error}")
        if error.status != TOO_LARGE:
            self._give_up("the server refuses requests to this topic")

    def _give_up(self, reason: str) -> None:
        self._progress.say(f"cauce: stopped, {reason}; later lines were not sent")
        raise _GivenUp

    def _tell_unknown(self, batch: list[_Encoded]) -> None:
        if batch:
            self._progress.say(f"cauce: {_lines(batch)}: no receipt came")


def _lines(batch: list[_Encoded]) -> str:
    first, last = batch[0].line_number, batch[-1].line_number
    return f"line {first}" if first == last else f"lines {first} to {last}"
