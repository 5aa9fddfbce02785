import json

import pytest

from cauce.client.streaming.frames import Assign, FilterCounts, Start, Subscribe, Wish
from cauce.client.streaming.records import TopicPartition
from tests.support.client.fake_consumer import FakeConsumers
from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import Outcome, run_cli


@pytest.fixture
def server() -> FakeRestServer:
    server = FakeRestServer()
    server.add("t", 2)
    server.append("t", b"a", b"b", None, key=b"k")
    server.append("t", b"\xff\x00", partition=1)
    server.add("one")
    server.append("one", b"x", b"y")
    return server


def wish_of(server: FakeRestServer, *arguments: str) -> Wish:
    """Return what a command asks for; its status is 0."""
    consumers = FakeConsumers(server)
    outcome = run_cli(server, "consume", *arguments, consumers=consumers)
    assert outcome.status == 0, outcome.stderr
    return consumers.made[0].wish


def test_values_are_written_byte_for_byte_and_it_ends(server: FakeRestServer) -> None:
    outcome = run_cli(server, "consume", "t")

    assert (outcome.status, outcome.stderr) == (0, "")
    assert outcome.stdout == b"a\nb\n\n\xff\x00\n"


def test_several_topics_are_read_together(server: FakeRestServer) -> None:
    assert run_cli(server, "consume", "t", "one").stdout == b"a\nb\n\n\xff\x00\nx\ny\n"


def test_keys_and_nulls_are_written_as_asked(server: FakeRestServer) -> None:
    outcome = run_cli(server, "consume", "t", "-p", "0", "-K", "=", "--null", "NULL")

    assert outcome.stdout == b"k=a\nk=b\nk=NULL\n"


def test_a_format_says_what_is_written(server: FakeRestServer) -> None:
    outcome = run_cli(server, "consume", "t", "-F", r"%t-%p@%o %k=%s;", "--null", "-")

    assert outcome.stdout == b"t-0@0 k=a;t-0@1 k=b;t-0@2 k=-;t-1@0 -=\xff\x00;"


@pytest.mark.parametrize("output", [("-o", "json"), ("--output", "json")])
def test_json_has_the_whole_record(server: FakeRestServer, output: tuple[str, ...]) -> None:
    outcome = run_cli(server, "consume", "t", *output, "-p", "0", "--value-type", "binary")

    first = json.loads(outcome.stdout.splitlines()[0])
    assert (first["topic_name"], first["partition_id"], first["offset"]) == ("t", 0, 0)
    assert first["key"] == {"type": "STRING", "data": "k"}
    assert first["value"] == {"type": "BINARY", "data": "YQ=="}
    assert first["headers"] == []


@pytest.mark.parametrize("option", ["-n", "-c", "--count"])
def test_count_ends_it_early(server: FakeRestServer, option: str) -> None:
    assert run_cli(server, "consume", "t", option, "2").stdout == b"a\nb\n"
    assert run_cli(server, "consume", "t", option, "0").stdout == b""


@pytest.mark.parametrize("option", ["--from", "-s", "-o"])
def test_it_begins_where_it_is_told(server: FakeRestServer, option: str) -> None:
    assert run_cli(server, "consume", "t", "-p", "0", option, "1").stdout == b"b\n\n"
    assert run_cli(server, "consume", "t", option, "-1").stdout == b"\n\xff\x00\n"
    assert run_cli(server, "consume", "one", option, "1").stdout == b"y\n"


def test_an_offset_wants_a_partition_where_there_are_several(server: FakeRestServer) -> None:
    assert run_cli(server, "consume", "t", "--from", "1").status == 2
    assert run_cli(server, "consume", "t", "one", "--from", "1", "-p", "0").status == 2


def test_what_is_asked_of_the_server_is_what_the_options_say(server: FakeRestServer) -> None:
    many = ("t", "-p", "0", "-p", "1", "--from", "2026-11-23T20:03:00.250Z", "-w", "key != null")
    assert wish_of(server, *many, "--isolation-level", "read_committed", "-n", "7") == Assign(
        partitions=[
            Start("t", partition=0, timestamp=1_795_464_180_250),
            Start("t", partition=1, timestamp=1_795_464_180_250),
        ],
        until="end",
        where="key != null",
        isolation_level="read_committed",
        frame_records_max=7,
    )
    assert wish_of(server, "t", "-o", "latest", "-e") == Assign(
        partitions=[Start("t", start="latest")], until="end"
    )
    assert wish_of(server, "t", "-f", "-n", "1") == Assign(
        partitions=[Start("t", start="earliest")], frame_records_max=1
    )


def test_latest_waits_for_new_records(server: FakeRestServer) -> None:
    consumers = FakeConsumers(server)
    consumers.steps = [None, lambda: server.append("t", b"new")]

    outcome = run_cli(server, "consume", "t", "--from", "latest", "-n", "1", consumers=consumers)

    assert outcome.stdout == b"new\n"


def grouped(server: FakeRestServer, *arguments: str) -> tuple[Outcome, FakeConsumers]:
    consumers = FakeConsumers(server)
    return run_cli(server, "consume", "one", "-g", "g", *arguments, consumers=consumers), consumers


def test_a_group_commits_what_is_written(server: FakeRestServer) -> None:
    outcome, consumers = grouped(server, "-f", "-n", "1")

    assert outcome.stdout == b"x\n"
    (consumer,) = consumers.made
    assert consumer.commits == [{TopicPartition("one", 0): 1}]
    assert consumer.wish == Subscribe(
        group="g", topics=("one",), start="earliest", frame_records_max=1
    )


def test_a_group_ends_where_its_partitions_end(server: FakeRestServer) -> None:
    outcome, consumers = grouped(server)

    assert outcome.stdout == b"x\ny\n"
    assert consumers.made[0].commits == [{TopicPartition("one", 0): 2}]


def test_a_group_may_begin_at_a_time(server: FakeRestServer) -> None:
    _, consumers = grouped(server, "-o", "@1000", "-n", "1")

    wish = consumers.made[0].wish
    assert isinstance(wish, Subscribe)
    assert wish.start == 1_000


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "yesterday"),
        ("--value-type", "json"),
        ("-o", "json", "-K", ":"),
        ("-o", "json", "--null", "x"),
        ("-o", "json", "-F", "%s"),
        ("-o", "json", "-o", "value"),
        ("-o", "earliest", "-o", "latest"),
        ("-K", ":", "-F", "%s"),
        ("-F", "%q"),
        ("-F", ""),
        ("-K", r"\q"),
        ("-n", "-1"),
        ("--output", "xml"),
        ("-f", "-e"),
        ("-g", ""),
        ("-g", "g", "-p", "0"),
        ("-g", "g", "-o", "5"),
        ("-g", "g", "-o", "-5"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(
    server: FakeRestServer, arguments: tuple[str, ...]
) -> None:
    assert run_cli(server, "consume", "t", *arguments).status == 2
    assert server.requests == []


def test_what_a_filter_left_out_is_said(server: FakeRestServer) -> None:
    consumers = FakeConsumers(server)
    consumers.counts = FilterCounts(4, 0, 4, "t-0 at offset 0: x")

    outcome = run_cli(server, "consume", "t", "--where", "value.n > 1", consumers=consumers)
    quiet = run_cli(server, "consume", "t", "--where", "value.n > 1", "-q", consumers=consumers)

    assert outcome.stderr == "cauce: 4 records left out: t-0 at offset 0: x\n"
    assert quiet.stderr == ""


def test_an_unknown_topic_is_told_with_how_to_make_it(server: FakeRestServer) -> None:
    outcome = run_cli(server, "consume", "absent")

    assert outcome.status == 1
    assert "cauce topic create absent" in outcome.stderr
