"""``cauce token``: what it asks for, and what it shows."""

import base64
import json
from pathlib import Path

import httpx
import pytest

from cauce.cli import exit_codes
from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import Outcome, run_cli

GIVEN = {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 900, "refresh_token": "r"}
KEY = {"CAUCE_API_KEY": "cauce_1_secret"}


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


def run(
    server: FakeRestServer,
    *arguments: str,
    answer: httpx.Response,
    stdin: bytes = b"",
    environment: dict[str, str] | None = None,
) -> Outcome:
    server.before = [lambda _request: answer]
    return run_cli(server, "token", *arguments, stdin=stdin, environment=environment)


def shown(server: FakeRestServer) -> str | None:
    header = server.requests[-1].headers.get("Authorization")
    return header and base64.b64decode(header.removeprefix("Basic ")).decode()


def test_get_writes_the_token_alone_to_standard_output(
    server: FakeRestServer, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("secret\n")
    login = {"CAUCE_USER": "alice", "CAUCE_PASSWORD_FILE": str(tmp_path / "password")}
    answer = httpx.Response(200, json=GIVEN)

    outcome = run(server, "get", "--scope", "read", answer=answer, environment=login)

    assert outcome.stdout == b"a.b.c\n"
    assert "900 seconds" in outcome.stderr
    assert "a.b.c" not in outcome.stderr
    assert shown(server) == "alice:secret"
    assert json.loads(server.requests[0].content)["scope"] == "read"


def test_get_takes_a_key_as_the_password_of_no_user(server: FakeRestServer) -> None:
    outcome = run(
        server, "get", "--json", "-q", answer=httpx.Response(200, json=GIVEN), environment=KEY
    )

    assert shown(server) == ":cauce_1_secret"
    assert json.loads(outcome.stdout) == GIVEN
    assert outcome.stderr == ""


def test_get_without_a_login_asks_nothing(server: FakeRestServer) -> None:
    outcome = run(server, "get", answer=httpx.Response(200, json=GIVEN))

    assert (outcome.status, server.requests) == (exit_codes.USAGE, [])


def test_a_refused_login_says_what_to_do_next(server: FakeRestServer) -> None:
    refusal = {"error": "invalid_client", "error_description": "Authentication failed."}

    outcome = run(server, "get", answer=httpx.Response(401, json=refusal), environment=KEY)

    assert outcome.status == exit_codes.REFUSED
    assert "Authentication failed" in outcome.stderr
    assert "was revoked" in outcome.stderr


def test_refresh_and_revoke_read_the_token_from_standard_input_and_show_no_login(
    server: FakeRestServer,
) -> None:
    arguments = ("--token-file", "-")
    answer = httpx.Response(200, json=GIVEN)

    for command in ("refresh", "revoke"):
        outcome = run(server, command, *arguments, answer=answer, stdin=b"r\n", environment=KEY)
        assert outcome.status == exit_codes.OK
        assert shown(server) is None

    assert [json.loads(one.content) for one in server.requests] == [
        {"grant_type": "refresh_token", "refresh_token": "r"},
        {"token": "r"},
    ]


def test_whoami_shows_who_one_is(server: FakeRestServer) -> None:
    said = {
        "principal": "User:alice",
        "host": "::1",
        "credential": "api_key",
        "scopes": ["read"],
        "expires_at_ms": 1_795_464_180_000,
    }
    answer = httpx.Response(200, json=said)

    as_text = run(server, "whoami", answer=answer, environment=KEY)
    as_json = run(server, "whoami", "--json", answer=answer, environment=KEY)

    assert [line.split()[1] for line in as_text.stdout.decode().splitlines()] == [
        *("User:alice", "::1", "api_key", "read", "2026-11-23T20:03:00Z")
    ]
    assert json.loads(as_json.stdout) == said
