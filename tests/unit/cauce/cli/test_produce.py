import json

import pytest

from tests.support.fake_rest_server import FakeRestServer, refusal
from tests.support.run_cli import run_cli


@pytest.fixture
def server() -> FakeRestServer:
    server = FakeRestServer()
    server.add("t", 2)
    return server


def test_every_line_becomes_a_record(server: FakeRestServer) -> None:
    outcome = run_cli(server, "produce", "t", stdin=b"a\n\n\xff\x00\nlast")

    assert outcome.status == 0
    assert (outcome.stdout, outcome.stderr) == (b"", "")
    assert server.stored("t") == [(None, b"a"), (None, b""), (None, b"\xff\x00"), (None, b"last")]


def test_keys_nulls_headers_and_partition_are_sent(server: FakeRestServer) -> None:
    arguments = ("-K", r"\t", "--null", "", "-H", "h=1", "-p", "1")
    outcome = run_cli(server, "produce", "t", *arguments, stdin=b"k\tv\nk\t\n")

    assert outcome.status == 0
    assert server.topics["t"].partitions[0] == []
    assert server.stored("t") == [(b"k", b"v"), (b"k", None)]
    assert server.topics["t"].partitions[1][0]["given"]["headers"] == [
        {"name": "h", "value": "MQ=="}
    ]


def test_refused_records_are_named_by_line_and_the_others_stored(server: FakeRestServer) -> None:
    server.refuse_value = {b"bad": (40002, "timestamp is out of range")}

    outcome = run_cli(server, "produce", "t", stdin=b"a\nbad\nc\n")

    assert outcome.status == 1
    assert outcome.stderr == "cauce: line 2 refused: timestamp is out of range (error 40002)\n"
    assert server.stored("t") == [(None, b"a"), (None, b"c")]


def test_lines_that_are_no_records_are_named_and_never_sent(server: FakeRestServer) -> None:
    outcome = run_cli(server, "produce", "t", "--value-type", "json", stdin=b"1\n{\n2\n")

    assert outcome.status == 1
    assert outcome.stderr.startswith("cauce: line 2 refused: the value is not JSON")
    assert server.stored("t") == [(None, b"1"), (None, b"2")]


@pytest.mark.parametrize("bound", [("--batch-records", "2"), ("--batch-bytes", "80")])
def test_batches_are_bounded(server: FakeRestServer, bound: tuple[str, str]) -> None:
    run_cli(server, "produce", "t", *bound, stdin=b"a\nb\nc\nd\ne\n")

    assert len(server.stored("t")) == 5
    assert [one.content.count(b"\n") for one in server.requests[1:]] == [2, 2, 1]


def test_receipts_are_written_as_the_server_wrote_them(server: FakeRestServer) -> None:
    server.refuse_value = {b"bad": (40002, "no")}

    outcome = run_cli(server, "produce", "t", "-o", "json", stdin=b"a\nbad\nb\n")

    receipts = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [one["offset"] for one in receipts] == [0, 1]


def test_consumed_records_are_taken_with_key_time_and_partition(server: FakeRestServer) -> None:
    server.add("copy", 2)
    arguments = ("-K", ":", "-p", "1", "-H", "a=b")
    run_cli(server, "produce", "t", *arguments, stdin=b"k:v\n")
    records = run_cli(server, "consume", "t", "-o", "json").stdout

    outcome = run_cli(server, "produce", "copy", "-i", "json", stdin=records)

    assert outcome.status == 0
    copied = server.topics["copy"].partitions[1][0]
    assert (copied["key"], copied["value"]) == (b"k", b"v")
    assert copied["given"]["timestamp"] == "2026-11-23T20:03:00.000Z"
    assert copied["given"]["headers"] == [{"name": "a", "value": "Yg=="}]


def test_an_unknown_topic_is_refused_before_input_is_read(server: FakeRestServer) -> None:
    outcome = run_cli(server, "produce", "absent", stdin=b"a\n")

    assert outcome.status == 1
    assert "there is no topic 'absent'" in outcome.stderr
    assert len(server.requests) == 1


def test_a_topic_that_may_not_be_described_may_be_written_to(server: FakeRestServer) -> None:
    server.before = [lambda _: refusal(403, 40301, "not allowed")]

    assert run_cli(server, "produce", "t", stdin=b"a\n").status == 0


def test_it_stops_when_the_server_refuses_requests_as_a_whole(server: FakeRestServer) -> None:
    server.before = [None, lambda _: refusal(403, 40301, "not allowed")]

    outcome = run_cli(server, "produce", "t", "--batch-records", "2", stdin=b"a\nb\nc\n")

    assert outcome.status == 1
    assert "lines 1 to 2 refused: not allowed (error 40301)" in outcome.stderr
    assert "later lines were not sent" in outcome.stderr
    assert server.stored("t") == []


def test_it_goes_on_after_a_record_that_is_too_large(server: FakeRestServer) -> None:
    server.before = [None, lambda _: refusal(413, 413, "too large")]

    outcome = run_cli(server, "produce", "t", "--batch-records", "1", stdin=b"large\nb\n")

    assert outcome.status == 1
    assert "line 1 refused: too large" in outcome.stderr
    assert server.stored("t") == [(None, b"b")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--key", "k", "-K", ":"),
        ("-K", ""),
        ("-H", "nameless"),
        ("-i", "json", "--key", "k"),
        ("-i", "json", "--value-type", "json"),
        ("--repartition",),
        ("--batch-records", "0"),
        ("-p", "-1"),
        ("--value-type", "xml"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(
    server: FakeRestServer, arguments: tuple[str, ...]
) -> None:
    assert run_cli(server, "produce", "t", *arguments).status == 2
    assert server.requests == []
