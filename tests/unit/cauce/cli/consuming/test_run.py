import os
import signal
from io import BytesIO, StringIO

import pytest

from cauce.cli.console import Console, OutputClosed, Progress
from cauce.cli.consuming import run
from cauce.cli.consuming.end_watch import EndWatch
from cauce.cli.consuming.run import ConsumeRun
from cauce.cli.interrupts import Interrupts, Stopped
from cauce.cli.records.record_output import JsonRenderer, ValueRenderer
from cauce.client.errors import AnswerLost, Refused, UnexpectedAnswer
from cauce.client.http import HttpClient
from cauce.client.streaming.codec import Batch, Slice
from cauce.client.streaming.frames import Assign, FilterCounts, Start, Subscribe
from cauce.client.streaming.reading import (
    Disconnected,
    Ended,
    Lost,
    Reconnected,
    Revoked,
    Revoking,
)
from cauce.client.streaming.records import TopicPartition
from tests.support.client.fake_consumer import FakeConsumer
from tests.support.fake_rest_server import FakeRestServer

P0 = TopicPartition("t", 0)
CONFLICT = Refused(409, 40901, "moved on")


@pytest.fixture
def server() -> FakeRestServer:
    server = FakeRestServer()
    server.add("t")
    server.append("t", b"a", b"b")
    return server


class Setting:
    """A run of the command over a consumer in memory."""

    def __init__(
        self, server: FakeRestServer, *, group: bool = False, count: int | None = None
    ) -> None:
        self.stdout, self.stderr = BytesIO(), StringIO()
        self.console = Console(stdin=0, stdout=self.stdout, stderr=self.stderr)
        alone = Assign(partitions=[Start("t", start="earliest")])
        wish = Subscribe(group="g", topics=["t"]) if group else alone
        self.consumer = FakeConsumer(server, wish)
        self.run = ConsumeRun(
            self.console,
            self.consumer,  # type: ignore[arg-type]
            ValueRenderer(),
            Progress(self.console, shown=False),
            count=count,
            is_member=group,
        )

    def start(self) -> None:
        """Run to the end."""
        with Interrupts() as interrupts, self.consumer:
            self.run.run(interrupts)


def interrupted() -> None:
    signal.raise_signal(signal.SIGTERM)


def test_it_ends_with_the_end(server: FakeRestServer) -> None:
    setting = Setting(server)
    setting.consumer.steps = [None, Ended()]

    setting.start()

    assert setting.stdout.getvalue() == b""


def test_a_signal_ends_it_after_whole_batches_and_what_was_written_is_committed(
    server: FakeRestServer,
) -> None:
    setting = Setting(server, group=True)
    with Interrupts() as interrupts, setting.consumer as consumer:
        whole = consumer._slice(P0)
        assert whole is not None
        consumer.steps += [Batch(slices=[whole]), interrupted]
        with pytest.raises(Stopped):
            setting.run.run(interrupts)

    assert setting.stdout.getvalue() == b"a\nb\n"
    assert setting.consumer.commits == [{P0: 2}]


def test_a_restart_of_the_server_is_told(server: FakeRestServer) -> None:
    setting = Setting(server, count=2)
    setting.consumer.steps = [Disconnected("it broke"), Reconnected(resumed=True)]

    setting.start()

    assert setting.stdout.getvalue() == b"a\nb\n"
    assert setting.stderr.getvalue() == (
        "cauce: it broke; trying again until the server is back\ncauce: the server is back\n"
    )


def test_what_begins_anew_is_told_with_the_reason(server: FakeRestServer) -> None:
    setting = Setting(server, count=2)
    setting.consumer.steps = [Reconnected(resumed=False, reason="it is another topic")]

    setting.start()

    assert setting.stderr.getvalue().endswith("and began anew: it is another topic\n")


def test_what_is_written_is_committed_before_it_is_given_away(server: FakeRestServer) -> None:
    setting = Setting(server, group=True)
    one = Slice(topic="t", partition=0, epoch=1, count=0, next_offset=7, high_watermark=7)
    setting.consumer.steps = [
        Batch(slices=[one]),
        Revoking([P0], 5_000),
        Revoked([P0]),
        Lost([P0]),
        Ended(),
    ]

    setting.start()

    assert setting.consumer.commits == [{P0: 7}]
    assert setting.consumer.released == 1


def test_what_is_lost_is_not_committed(server: FakeRestServer) -> None:
    setting = Setting(server, group=True)
    one = Slice(topic="t", partition=0, epoch=1, count=0, next_offset=7, high_watermark=7)
    setting.consumer.steps = [Batch(slices=[one]), Lost([P0]), Ended()]

    setting.start()

    assert setting.consumer.commits == []


def test_commits_are_made_while_it_goes_on(
    server: FakeRestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "COMMIT_EVERY_S", 0.0)
    setting = Setting(server, group=True, count=3)
    setting.consumer.commit_errors = [AnswerLost("url", "late")]
    with setting.consumer as consumer, Interrupts() as interrupts:
        consumer.steps += [None]
        consumer.server.append("t", b"c")
        setting.run.run(interrupts)

    assert setting.consumer.commits == [{P0: 3}]
    assert "may not be committed" in setting.stderr.getvalue()


def test_a_group_that_has_moved_on_is_no_error_and_a_refusal_is(server: FakeRestServer) -> None:
    moved_on, refused = Setting(server, group=True, count=2), Setting(server, group=True, count=2)
    moved_on.consumer.commit_errors = [CONFLICT]
    refused.consumer.commit_errors = [Refused(403, 40301, "not yours")]

    moved_on.start()
    with pytest.raises(Refused, match="not yours"):
        refused.start()

    assert moved_on.stderr.getvalue() == ""


def test_a_member_ends_where_its_watch_says(server: FakeRestServer) -> None:
    setting = Setting(server, group=True)
    setting.run._end = EndWatch(HttpClient(transport=server.transport), "g", from_start=True)

    setting.start()

    assert setting.stdout.getvalue() == b"a\nb\n"


def test_what_a_filter_left_out_is_counted_over_restarts(server: FakeRestServer) -> None:
    setting = Setting(server)
    setting.consumer.steps = [
        Batch(slices=[], filter=FilterCounts(9, 0, 3, "first")),
        Disconnected("x"),
        Reconnected(resumed=True),
        Batch(slices=[], filter=FilterCounts(4, 0, 2, "second")),
        Ended(),
    ]

    setting.start()

    assert (setting.run.failed, setting.run.first_failure) == (5, "first")


def test_what_does_not_read_is_never_written(server: FakeRestServer) -> None:
    setting = Setting(server)
    bad = Slice(
        topic="t",
        partition=0,
        epoch=1,
        count=5,
        next_offset=7,
        high_watermark=7,
        data=memoryview(b"short"),
    )
    setting.consumer.steps = [Batch(slices=[bad])]

    with pytest.raises(UnexpectedAnswer, match="a record does not read"):
        setting.start()

    assert setting.stdout.getvalue() == b""
    assert JsonRenderer().wants_json


def test_it_ends_when_the_reader_of_the_output_left(server: FakeRestServer) -> None:
    reading, writing = os.pipe()
    setting = Setting(server)
    with os.fdopen(writing, "wb", buffering=0) as stdout:
        console = Console(stdin=0, stdout=stdout, stderr=setting.stderr)  # type: ignore[arg-type]  # unbuffered
        setting.run._console = console
        os.close(reading)

        with pytest.raises(OutputClosed):
            setting.start()
