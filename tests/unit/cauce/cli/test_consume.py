import json

import httpx
import pytest

from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import run_cli


@pytest.fixture
def server() -> FakeRestServer:
    server = FakeRestServer()
    server.add("t", 2)
    server.append("t", b"a", b"b", None, key=b"k")
    server.append("t", b"\xff\x00", partition=1)
    return server


def test_values_are_written_byte_for_byte_and_it_ends(server: FakeRestServer) -> None:
    outcome = run_cli(server, "consume", "t")

    assert (outcome.status, outcome.stderr) == (0, "")
    assert outcome.stdout == b"a\nb\n\n\xff\x00\n"


def test_keys_and_nulls_are_written_as_asked(server: FakeRestServer) -> None:
    outcome = run_cli(server, "consume", "t", "-p", "0", "-K", "=", "--null", "NULL")

    assert outcome.stdout == b"k=a\nk=b\nk=NULL\n"


def test_json_has_the_whole_record(server: FakeRestServer) -> None:
    outcome = run_cli(server, "consume", "t", "-o", "json", "-p", "0", "--value-type", "binary")

    first = json.loads(outcome.stdout.splitlines()[0])
    assert (first["topic_name"], first["partition_id"], first["offset"]) == ("t", 0, 0)
    assert first["key"] == {"type": "STRING", "data": "k"}
    assert first["value"] == {"type": "BINARY", "data": "YQ=="}


def test_count_ends_it_early(server: FakeRestServer) -> None:
    assert run_cli(server, "consume", "t", "-n", "2").stdout == b"a\nb\n"
    assert run_cli(server, "consume", "t", "-n", "0").stdout == b""


def test_an_offset_begins_there(server: FakeRestServer) -> None:
    assert run_cli(server, "consume", "t", "-p", "0", "--from", "1").stdout == b"b\n\n"


def test_an_offset_wants_a_partition_where_there_are_several(server: FakeRestServer) -> None:
    server.add("one")
    server.append("one", b"x", b"y")

    assert run_cli(server, "consume", "one", "--from", "1").stdout == b"y\n"
    assert run_cli(server, "consume", "t", "--from", "1").status == 2


def test_a_time_is_asked_for_in_milliseconds(server: FakeRestServer) -> None:
    run_cli(server, "consume", "t", "--from", "2026-11-23T20:03:00.250Z")

    assert server.requests[-1].url.params["timestamp"] == "1795464180250"


def test_latest_waits_for_new_records(server: FakeRestServer) -> None:
    def append_one(request: httpx.Request) -> httpx.Response:
        server.append("t", b"new")
        return server.handle(request)

    server.before = [None, None, append_one]

    outcome = run_cli(server, "consume", "t", "--from", "latest", "--count", "1")

    assert outcome.stdout == b"new\n"
    assert server.requests[-1].url.params["wait_ms"] == "5000"


def test_an_unknown_partition_is_refused(server: FakeRestServer) -> None:
    outcome = run_cli(server, "consume", "t", "-p", "9")

    assert outcome.status == 1
    assert outcome.stderr == "cauce: Partition not found. (error 40402)\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "yesterday"),
        ("--value-type", "json"),
        ("-o", "json", "-K", ":"),
        ("-o", "json", "--null", "x"),
        ("-K", r"\q"),
        ("-n", "-1"),
        ("-o", "xml"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(
    server: FakeRestServer, arguments: tuple[str, ...]
) -> None:
    assert run_cli(server, "consume", "t", *arguments).status == 2
    assert server.requests == []


def test_where_is_passed_on_and_what_was_left_out_is_said(server: FakeRestServer) -> None:
    counts = {"scanned": 4, "matched": 0, "failed": 4, "first_failure": "t-0 at offset 0: x"}

    def filtered(request: httpx.Request) -> httpx.Response:
        answer = json.loads(server.handle(request).content)
        return httpx.Response(200, json={**answer, "filter": counts})

    server.before = [None, filtered]
    outcome = run_cli(server, "consume", "t", "--where", "value.n > 1")
    server.before = [None, filtered]
    quiet = run_cli(server, "consume", "t", "--where", "value.n > 1", "-q")

    assert server.requests[1].url.params["filter"] == "value.n > 1"
    assert outcome.stderr == "cauce: 4 records left out: t-0 at offset 0: x\n"
    assert quiet.stderr == ""
