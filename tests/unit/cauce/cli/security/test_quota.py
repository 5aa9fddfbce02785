"""``cauce quota``: what it asks for, and what it shows."""

import json

import httpx
import pytest

from cauce.cli import exit_codes
from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import Outcome, run_cli


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


def run(server: FakeRestServer, *arguments: str, answer: httpx.Response) -> Outcome:
    server.before = [lambda _request: answer]
    return run_cli(server, "quota", *arguments)


def test_quotas_are_listed_as_a_table_or_as_lines(server: FakeRestServer) -> None:
    values = {"request_percentage": 12.5, "producer_byte_rate": 1048576.0}
    found = {"user": "alice", "client_id": "<default>", "ip": None, "values": values}
    answer = httpx.Response(200, json={"data": [found]})

    as_table = run(server, "list", answer=answer)
    as_json = run(server, "list", "--user", "alice", "--json", answer=answer)

    assert [line.split() for line in as_table.stdout.decode().splitlines()] == [
        ["USER", "CLIENT", "IP", "QUOTA", "VALUE"],
        ["alice", "<default>", "producer_byte_rate", "1048576"],
        ["alice", "<default>", "request_percentage", "12.5"],
    ]
    assert json.loads(as_json.stdout) == {
        "user": "alice",
        "client_id": "<default>",
        "values": values,
    }
    assert server.requests[1].url.query == b"user=alice"


def test_set_sends_all_limits_at_once(server: FakeRestServer) -> None:
    arguments = ("--user", "alice", "--client-id", "app", "a=1", "b=2.5")
    outcome = run(server, "set", *arguments, answer=httpx.Response(204))

    assert json.loads(server.requests[0].content) == {
        "data": [{"user": "alice", "client_id": "app", "values": {"a": 1.0, "b": 2.5}}]
    }
    assert outcome.status == exit_codes.OK
    assert outcome.stderr == "Set a, b of user alice, client app.\n"


def test_delete_removes_what_is_named_or_all(server: FakeRestServer) -> None:
    some = run(server, "delete", "--ip", "::1", "a", answer=httpx.Response(204))
    everything = run(server, "delete", "--ip", "::1", answer=httpx.Response(204))

    assert json.loads(server.requests[0].content)["data"][0]["values"] == {"a": None}
    assert (server.requests[1].method, server.requests[1].url.query) == ("DELETE", b"ip=%3A%3A1")
    assert some.stderr == "Removed a of address ::1.\n"
    assert everything.stderr == "Removed all limits of address ::1.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "a=1"),
        ("set", "--user", "u", "a"),
        ("set", "--user", "u", "a=x"),
        ("set", "--user", "u", "a=0"),
        ("set", "--user", "u", "a=nan"),
        ("set", "--user", "u"),
        ("delete",),
        ("list", "--user", "\udcff"),
    ],
)
def test_wrong_usage_asks_the_server_nothing(
    server: FakeRestServer, arguments: tuple[str, ...]
) -> None:
    outcome = run_cli(server, "quota", *arguments)

    assert outcome.status == exit_codes.USAGE
    assert server.requests == []
