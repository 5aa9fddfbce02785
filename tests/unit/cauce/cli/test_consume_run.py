import os
import signal
from collections.abc import Callable
from io import BytesIO, StringIO

import httpx
import pytest

from cauce.cli import consume_run
from cauce.cli.console import Console, OutputClosed, Progress
from cauce.cli.consume_run import ConsumeRun
from cauce.cli.interrupts import Interrupts, Stopped
from cauce.cli.records.record_output import ValueRenderer
from cauce.client.consumer import Consumer, Start
from cauce.client.errors import Refused, ServerUnreachable, UnexpectedAnswer
from cauce.client.http import HttpClient
from tests.support.fake_rest_server import FakeRestServer, refusal


@pytest.fixture
def server() -> FakeRestServer:
    server = FakeRestServer()
    server.add("t")
    server.append("t", b"a", b"b")
    return server


class Setting:
    """A run of the command against a server in memory."""

    def __init__(self, server: FakeRestServer, *, follow: bool, count: int | None = None) -> None:
        self.stdout, self.stderr = BytesIO(), StringIO()
        self.console = Console(stdin=0, stdout=self.stdout, stderr=self.stderr)
        renderer = ValueRenderer()
        consumer = Consumer(
            HttpClient(transport=server.transport),
            "t",
            Start(parameter="from", value="earliest"),
            types=renderer.types,
        )
        progress = Progress(self.console, shown=False)
        self.run = ConsumeRun(
            self.console, consumer, renderer, progress, follow=follow, count=count
        )

    def start(self) -> None:
        """Run to the end."""
        with Interrupts() as interrupts:
            self.run.run(interrupts)


def unreachable(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused")


def after(server: FakeRestServer, act: Callable[[], None]) -> Callable[..., httpx.Response]:
    """Answer as the server does, and let something happen meanwhile."""

    def answer(request: httpx.Request) -> httpx.Response:
        response = server.handle(request)
        act()
        return response

    return answer


def test_it_ends_though_records_keep_coming(
    server: FakeRestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume_run, "PAGE_RECORDS_MAX", 1)
    server.before = [after(server, lambda: server.append("t", b"late"))] * 2
    setting = Setting(server, follow=False)

    setting.start()

    assert setting.stdout.getvalue() == b"a\nb\n"


def test_an_empty_page_before_the_end_makes_the_next_request_wait(server: FakeRestServer) -> None:
    nothing_yet = httpx.Response(
        200,
        json={
            "data": [],
            "next_cursor": "0",
            "partitions": [{"partition_id": 0, "next_offset": 0, "high_watermark": 2}],
        },
    )
    server.before = [lambda _: nothing_yet]
    setting = Setting(server, follow=False)

    setting.start()

    assert setting.run.written == 2
    assert [one.url.params["wait_ms"] for one in server.requests] == ["0", "500"]


def test_a_signal_ends_following_after_whole_pages(server: FakeRestServer) -> None:
    server.before = [None, after(server, lambda: signal.raise_signal(signal.SIGTERM))]
    setting = Setting(server, follow=True)

    with pytest.raises(Stopped):
        setting.start()

    assert setting.stdout.getvalue() == b"a\nb\n"


def test_following_outlives_a_server_that_goes_away(
    server: FakeRestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume_run, "RECONNECT_EVERY_S", 0.0)
    append_one = after(server, lambda: server.append("t", b"c"))
    server.before = [None, unreachable, lambda _: refusal(503, 50302, "starting"), append_one]
    setting = Setting(server, follow=True, count=3)

    setting.start()

    assert setting.stdout.getvalue() == b"a\nb\nc\n"
    said = setting.stderr.getvalue()
    assert said.count("trying again") == 1
    assert "the server is back" in said


def test_following_ends_when_the_topic_is_gone(server: FakeRestServer) -> None:
    server.before = [after(server, server.topics.clear)]

    with pytest.raises(Refused):
        Setting(server, follow=True).start()


def test_data_in_another_type_than_asked_for_is_never_written(server: FakeRestServer) -> None:
    shown = {"key": None, "value": {"type": "STRING", "data": "abcd"}}
    place = {"partition_id": 0, "next_offset": 1, "high_watermark": 1}
    answer = {"data": [shown], "next_cursor": "1", "partitions": [place]}
    server.before = [lambda _: httpx.Response(200, json=answer)]
    setting = Setting(server, follow=False)

    with pytest.raises(UnexpectedAnswer, match="a record does not read"):
        setting.start()

    assert setting.stdout.getvalue() == b""


def test_a_server_that_was_never_there_is_not_waited_for(server: FakeRestServer) -> None:
    server.before = [unreachable]

    with pytest.raises(ServerUnreachable):
        Setting(server, follow=True).start()


def test_it_ends_when_the_reader_of_the_output_left(server: FakeRestServer) -> None:
    reading, writing = os.pipe()
    setting = Setting(server, follow=True)
    with os.fdopen(writing, "wb", buffering=0) as stdout:
        console = Console(stdin=0, stdout=stdout, stderr=setting.stderr)  # type: ignore[arg-type]  # unbuffered
        setting.run._console = console
        os.close(reading)

        with pytest.raises(OutputClosed):
            setting.start()

    assert server.requests == []
