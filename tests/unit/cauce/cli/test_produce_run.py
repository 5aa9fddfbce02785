import os
import signal
from collections.abc import Iterator
from io import BytesIO, StringIO

import httpx
import pytest

from cauce.cli import produce_run
from cauce.cli.console import Console, Progress
from cauce.cli.interrupts import Interrupts, Stopped
from cauce.cli.produce_run import BatchBounds, ProduceRun
from cauce.cli.records.line_reader import LineReader
from cauce.cli.records.record_input import LineEncoder, LineFormat
from cauce.client.errors import AnswerLost
from cauce.client.http import HttpClient
from cauce.client.producer import Producer
from tests.support.fake_rest_server import FakeRestServer


class ClosedOutput(BytesIO):
    """A pipe whose reader left."""

    def write(self, data: object) -> int:
        raise BrokenPipeError


class Setting:
    """A run of the command with its input in a pipe."""

    def __init__(self) -> None:
        self.server = FakeRestServer()
        self.server.add("t")
        self.reading, self.writing = os.pipe()
        self.stderr = StringIO()
        self.console = Console(stdin=self.reading, stdout=BytesIO(), stderr=self.stderr)
        self.reader = LineReader(self.reading)
        self.records_max = 1_000

    def run(self, console: Console | None = None) -> ProduceRun:
        """Make the run, ready to be started."""
        producer = Producer(HttpClient(transport=self.server.transport), "t")
        bounds = BatchBounds(records=self.records_max, size=1_000_000, linger_s=0.001)
        progress = Progress(self.console, shown=False)
        return ProduceRun(
            console or self.console, producer, LineEncoder(LineFormat()), bounds, progress
        )

    def start(self, run: ProduceRun) -> int:
        """Run to the end of the input."""
        with Interrupts() as interrupts:
            return run.run(self.reader, interrupts)

    def type(self, data: bytes, *, end: bool = True) -> None:
        """Put something into the pipe."""
        os.write(self.writing, data)
        if end:
            os.close(self.writing)


@pytest.fixture
def setting() -> Iterator[Setting]:
    setting = Setting()
    yield setting
    os.close(setting.reading)


def test_records_are_sent_before_the_input_ends(setting: Setting) -> None:
    setting.type(b"first\n", end=False)

    def end_input(_: httpx.Request) -> httpx.Response:
        os.close(setting.writing)
        return httpx.Response(200, text='{"error_code":200}\r\n')

    setting.server.before = [end_input]
    run = setting.run()

    assert setting.start(run) == 0
    assert run.stored == 1


def test_a_signal_sends_what_was_read_and_tells_of_the_unfinished_line(setting: Setting) -> None:
    setting.type(b"whole\nhalf", end=False)
    run = setting.run()
    wait = setting.reader.wait

    def wait_then_signal(timeout_s: float | None) -> bool:
        if setting.reader.has_unfinished:
            signal.raise_signal(signal.SIGINT)
        return wait(timeout_s)

    setting.reader.wait = wait_then_signal  # type: ignore[method-assign]  # the person at the keys

    with pytest.raises(Stopped):
        setting.start(run)
    os.close(setting.writing)

    assert setting.server.stored("t") == [(None, b"whole")]
    assert "unfinished last line was not sent" in setting.stderr.getvalue()


def test_lines_without_receipts_are_named_when_the_connection_is_lost(setting: Setting) -> None:
    def one_receipt_then_gone(_: httpx.Request) -> httpx.Response:
        def body() -> Iterator[bytes]:
            yield b'{"error_code":200}\r\n'
            raise httpx.ReadError("reset")

        return httpx.Response(200, content=body())

    setting.server.before = [one_receipt_then_gone]
    setting.type(b"a\nb\nc\n")
    run = setting.run()

    with pytest.raises(AnswerLost):
        setting.start(run)

    assert run.stored == 1
    assert "lines 2 to 3: no receipt came" in setting.stderr.getvalue()


def over_a_quota(_: httpx.Request) -> httpx.Response:
    body = {"error_code": 42901, "message": "The throttling quota has been exceeded"}
    return httpx.Response(429, json=body, headers={"Retry-After": "0"})


def test_what_a_quota_holds_back_is_sent_when_it_may_be(setting: Setting) -> None:
    setting.type(b"1\n2\n3\n")
    setting.records_max = 2
    setting.server.before = [over_a_quota, over_a_quota]
    run = setting.run()

    status = setting.start(run)

    assert (status, run.stored, run.refused) == (0, 3, 0)
    assert [value for _, value in setting.server.stored("t")] == [b"1", b"2", b"3"]


def test_a_signal_ends_the_wait_for_a_quota_and_the_lines_are_named(setting: Setting) -> None:
    setting.type(b"1\n2\n")

    def hold_back_and_signal(request: httpx.Request) -> httpx.Response:
        signal.raise_signal(signal.SIGINT)
        return over_a_quota(request)

    setting.server.before = [hold_back_and_signal]

    with pytest.raises(Stopped):
        setting.start(setting.run())

    assert setting.server.stored("t") == []
    assert "lines 1 to 2: not sent, a quota holds them back" in setting.stderr.getvalue()


def test_missing_receipts_are_not_taken_for_good_ones(setting: Setting) -> None:
    setting.server.before = [lambda _: httpx.Response(200, text='{"error_code":200}\n')]
    setting.type(b"a\nb\n")

    with pytest.raises(AnswerLost, match="receipts are missing"):
        setting.start(setting.run())

    assert "line 2: no receipt came" in setting.stderr.getvalue()


def test_too_many_refusals_in_a_row_end_the_run(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(produce_run, "REFUSED_IN_A_ROW_MAX", 3)
    setting.server.refuse_value = {b"bad": (50002, "disk")}
    setting.records_max = 1
    setting.type(b"bad\nbad\ngood\nbad\nbad\nbad\nbad\n")
    run = setting.run()

    assert setting.start(run) == 1
    assert (run.stored, run.refused) == (1, 5)
    assert "3 lines in a row were refused" in setting.stderr.getvalue()


def test_a_line_that_is_too_long_is_named(setting: Setting) -> None:
    setting.reader = LineReader(setting.reading, line_bytes_max=3)
    setting.type(b"long line\nok\n")

    assert setting.start(setting.run()) == 1
    assert "line 1 refused: it is longer than" in setting.stderr.getvalue()
    assert setting.server.stored("t") == [(None, b"ok")]


def test_a_lost_reader_of_receipts_is_no_success(setting: Setting) -> None:
    setting.type(b"a\n")
    console = Console(stdin=setting.reading, stdout=ClosedOutput(), stderr=setting.stderr)
    run = setting.run(console)
    run.shows_receipts = True

    assert setting.start(run) == 1
    assert "nobody reads the receipts" in setting.stderr.getvalue()
