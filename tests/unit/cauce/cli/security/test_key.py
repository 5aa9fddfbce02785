"""``cauce key``: what it asks for, and what it shows."""

import json
import time
from typing import Any

import httpx
import pytest

from cauce.cli import exit_codes
from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import Outcome, run_cli

KEY: dict[str, Any] = {
    "key_id": "0011223344556677",
    "user": "alice",
    "scopes": ["read", "write"],
    "description": "laptop",
    "created_at_ms": 0,
    "expires_at_ms": 1_795_464_180_000,
    "last_used_at_ms": None,
}
OTHER = KEY | {"key_id": "8899aabbccddeeff", "user": "bob", "scopes": None, "expires_at_ms": None}
SECRET = "cauce_0011223344556677_shown-once"


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


def run(server: FakeRestServer, *arguments: str, answers: list[httpx.Response]) -> Outcome:
    server.before = [lambda _request, one=one: one for one in answers]
    return run_cli(server, "key", *arguments)


def test_keys_are_listed_as_a_table_or_as_lines(server: FakeRestServer) -> None:
    answers = [httpx.Response(200, json={"data": [KEY, OTHER]})]

    as_table = run(server, "list", answers=answers)
    as_json = run(server, "list", "bob", "--json", answers=answers)

    first, second = as_table.stdout.decode().splitlines()[1:]
    assert first.split() == [
        *("0011223344556677", "alice", "read,", "write", "1970-01-01T00:00:00Z"),
        *("2026-11-23T20:03:00Z", "never", "laptop"),
    ]
    assert second.split()[2:5] == ["all", "1970-01-01T00:00:00Z", "never"]
    assert json.loads(as_json.stdout) == OTHER


def test_describe_shows_one_or_says_that_it_sees_none(server: FakeRestServer) -> None:
    answers = [httpx.Response(200, json={"data": [KEY, OTHER]})]

    found = run(server, "describe", KEY["key_id"], "--json", answers=answers)
    absent = run(server, "describe", "absent", answers=answers)

    assert json.loads(found.stdout) == KEY
    assert absent.status == exit_codes.REFUSED
    assert "no such API key" in absent.stderr


def test_create_writes_the_key_alone_to_standard_output(server: FakeRestServer) -> None:
    answers = [httpx.Response(201, json=KEY | {"key": SECRET})]

    made = run(server, "create", "alice", answers=answers)
    quiet = run(server, "create", "alice", "--quiet", "--json", answers=answers)

    assert made.stdout == f"{SECRET}\n".encode()
    assert "0011223344556677" in made.stderr
    assert "shown this once" in made.stderr
    assert SECRET not in made.stderr
    assert json.loads(quiet.stdout)["key"] == SECRET
    assert quiet.stderr == ""


def test_create_sends_what_narrows_the_key(server: FakeRestServer) -> None:
    arguments = ("--scope", "write", "--scope", "read", "--description", "x", "--expires-in", "2h")
    before_ms = time.time() * 1000

    run(
        server,
        *("create", "alice", *arguments),
        answers=[httpx.Response(201, json=KEY | {"key": SECRET})],
    )

    sent = json.loads(server.requests[0].content)
    end_ms = sent.pop("expires_at_ms")
    assert sent == {"user": "alice", "scopes": ["read", "write"], "description": "x"}
    assert before_ms + 7_199_000 < end_ms < time.time() * 1000 + 7_201_000


def test_revoke_deletes_each(server: FakeRestServer) -> None:
    outcome = run(server, "revoke", "a", "b", "--yes", answers=[httpx.Response(204)] * 2)

    assert [(one.method, one.url.path) for one in server.requests] == [
        ("DELETE", "/v3/clusters/-/api-keys/a"),
        ("DELETE", "/v3/clusters/-/api-keys/b"),
    ]
    assert outcome.stderr == "Revoked key a.\nRevoked key b.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("create",),
        ("create", "alice", "--scope", "all"),
        ("create", "alice", "--expires-in", "soon"),
        ("create", "\udcff"),
        ("revoke", "a"),
        ("revoke", SECRET, "--yes"),
        ("revoke",),
        ("describe",),
    ],
)
def test_wrong_usage_asks_the_server_nothing(
    server: FakeRestServer, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run(server, *arguments, answers=[])

    assert outcome.status == exit_codes.USAGE
    assert SECRET not in outcome.stderr + capsys.readouterr().err
    assert server.requests == []
