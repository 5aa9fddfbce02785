"""``cauce delegation-token``: what it asks for, and what it shows."""

import json
from typing import Any

import httpx
import pytest

from cauce.cli import exit_codes
from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import Outcome, run_cli

TOKEN: dict[str, Any] = {
    "token_id": "lent",
    "owner": "User:alice",
    "requester": "User:alice",
    "renewers": ["User:bob", "User:eve"],
    "issued_at_ms": 0,
    "expires_at_ms": 1_795_464_180_000,
    "max_at_ms": 1_795_464_240_000,
}
SECRET = "s" * 86 + "=="
MADE = httpx.Response(201, json=TOKEN | {"secret": SECRET})


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


def run(server: FakeRestServer, *arguments: str, answers: list[httpx.Response]) -> Outcome:
    server.before = [lambda _request, one=one: one for one in answers]
    return run_cli(server, "delegation-token", *arguments)


def test_tokens_are_listed_as_a_table_or_as_lines(server: FakeRestServer) -> None:
    answers = [httpx.Response(200, json={"data": [TOKEN]})]

    as_table = run(server, "list", answers=answers)
    as_json = run(server, "list", "--owner", "User:alice", "--json", answers=answers)

    (_, line) = as_table.stdout.decode().splitlines()
    assert line.split() == [
        *("lent", "User:alice", "User:alice", "User:bob,", "User:eve"),
        *("1970-01-01T00:00:00Z", "2026-11-23T20:03:00Z", "2026-11-23T20:04:00Z"),
    ]
    assert json.loads(as_json.stdout) == TOKEN
    assert server.requests[1].url.query == b"owner=User%3Aalice"


def test_describe_shows_one(server: FakeRestServer) -> None:
    found = run(server, "describe", "lent", answers=[httpx.Response(200, json=TOKEN)])

    assert found.stdout.decode().splitlines()[1].startswith("lent ")


def test_create_writes_the_secret_alone_to_standard_output(server: FakeRestServer) -> None:
    made = run(server, "create", answers=[MADE])
    quiet = run(server, "create", "--quiet", "--json", answers=[MADE])

    assert made.stdout == f"{SECRET}\n".encode()
    assert "Made token lent of User:alice, which ends 2026-11-23T20:03:00Z" in made.stderr
    assert "renewed 2026-11-23T20:04:00Z at most" in made.stderr
    assert SECRET not in made.stderr
    assert json.loads(quiet.stdout)["secret"] == SECRET
    assert quiet.stderr == ""


def test_create_writes_how_a_client_in_java_is_configured(server: FakeRestServer) -> None:
    made = run(server, "create", "--properties", answers=[MADE])

    assert made.stdout.decode().splitlines() == [
        "sasl.mechanism=SCRAM-SHA-512",
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="lent" password="{SECRET}" tokenauth="true";',
    ]


def test_create_sends_what_is_wanted(server: FakeRestServer) -> None:
    arguments = ("--owner", "User:alice", "--renewer", "User:bob", "--renewer", "User:eve")

    run(server, "create", *arguments, "--max-lifetime", "2h", answers=[MADE])

    assert json.loads(server.requests[0].content) == {
        "owner": "User:alice",
        "renewers": ["User:bob", "User:eve"],
        "max_lifetime_ms": 7_200_000,
    }


def test_renew_says_when_it_ends_now(server: FakeRestServer) -> None:
    answers = [httpx.Response(200, json=TOKEN | {"max_at_ms": TOKEN["expires_at_ms"]})]

    told = run(server, "renew", "lent", "--period", "1d", answers=answers)
    as_json = run(server, "renew", "lent", "--json", answers=answers)

    assert told.stderr == "Token lent ends 2026-11-23T20:03:00Z.\n"
    assert [json.loads(one.content) for one in server.requests] == [{"period_ms": 86_400_000}, {}]
    assert json.loads(as_json.stdout)["token_id"] == "lent"


def test_expire_ends_each(server: FakeRestServer) -> None:
    outcome = run(server, "expire", "a", "b", "--yes", answers=[httpx.Response(204)] * 2)

    assert [(one.method, one.url.path) for one in server.requests] == [
        ("DELETE", "/v3/clusters/-/delegation-tokens/a"),
        ("DELETE", "/v3/clusters/-/delegation-tokens/b"),
    ]
    assert outcome.stderr == "Ended token a.\nEnded token b.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--owner", "alice"),
        ("create", "--owner", "alice"),
        ("create", "--renewer", "User:"),
        ("create", "--max-lifetime", "soon"),
        ("create", "--json", "--properties"),
        ("renew", "lent", "--period", "0h"),
        ("renew", SECRET),
        ("describe", SECRET),
        ("expire", "lent"),
        ("expire", SECRET, "--yes"),
        ("expire",),
    ],
)
def test_wrong_usage_asks_the_server_nothing(
    server: FakeRestServer, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run(server, *arguments, answers=[])

    assert outcome.status == exit_codes.USAGE
    assert SECRET not in outcome.stderr + capsys.readouterr().err
    assert server.requests == []
