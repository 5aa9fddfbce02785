"""``cauce user``: what it asks for, and what it shows."""

import json
from pathlib import Path

import httpx
import pytest

from cauce.cli import exit_codes
from tests.support.fake_rest_server import FakeRestServer, refusal
from tests.support.run_cli import Outcome, run_cli

ALICE = {
    "name": "alice",
    "has_password": True,
    "scram_mechanisms": ["SCRAM-SHA-256", "SCRAM-SHA-512"],
    "created_at_ms": 1_795_464_180_000,
}
ROBOT = {"name": "robot", "has_password": False, "scram_mechanisms": [], "created_at_ms": 0}


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


def run(
    server: FakeRestServer, *arguments: str, answers: list[httpx.Response], stdin: bytes = b""
) -> Outcome:
    server.before = [lambda _request, one=one: one for one in answers]
    return run_cli(server, "user", *arguments, stdin=stdin)


def test_users_are_listed_as_a_table_or_as_lines(server: FakeRestServer) -> None:
    answers = [httpx.Response(200, json={"data": [ALICE, ROBOT]})]

    as_table = run(server, "list", answers=answers)
    as_json = run(server, "list", "--json", answers=answers)

    assert as_table.stdout.decode().splitlines() == [
        "USER   PASSWORD  SCRAM                         CREATED",
        "alice  yes       SCRAM-SHA-256, SCRAM-SHA-512  2026-11-23T20:03:00Z",
        "robot  no                                      1970-01-01T00:00:00Z",
    ]
    assert [json.loads(line) for line in as_json.stdout.splitlines()] == [ALICE, ROBOT]


def test_describe_shows_one(server: FakeRestServer) -> None:
    outcome = run(server, "describe", "alice", "--json", answers=[httpx.Response(200, json=ALICE)])

    assert json.loads(outcome.stdout) == ALICE
    assert server.requests[0].url.path == "/v3/clusters/-/users/alice"


@pytest.mark.parametrize("command", ["create", "alter"])
def test_a_password_comes_from_a_file_or_from_standard_input(
    server: FakeRestServer, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "secret"
    path.write_text("from a file\n")
    answers = [httpx.Response(201, json=ALICE)]

    for arguments in (("--password-file", str(path)), ("--password-file", "-"), ()):
        outcome = run(server, command, "alice", *arguments, answers=answers, stdin=b"from a pipe\n")
        assert outcome.status == exit_codes.OK
        assert "from a" not in outcome.stderr

    assert [json.loads(one.content)["password"] for one in server.requests] == [
        "from a file",
        "from a pipe",
        "from a pipe",
    ]


def test_create_makes_a_user_without_a_password_only_if_that_is_said(
    server: FakeRestServer,
) -> None:
    said = run(
        server, "create", "robot", "--no-password", answers=[httpx.Response(201, json=ROBOT)]
    )
    unsaid = run(server, "create", "robot", answers=[])

    assert json.loads(server.requests[0].content) == {"name": "robot"}
    assert said.stderr == "Created user robot.\n"
    assert unsaid.status == exit_codes.USAGE
    assert len(server.requests) == 1


def test_a_password_is_never_an_argument(server: FakeRestServer) -> None:
    for arguments in (("alice", "a-password"), ("alice", "--password", "a-password")):
        outcome = run(server, "create", *arguments, answers=[])
        assert outcome.status == exit_codes.USAGE
    assert server.requests == []


def test_no_password_and_a_file_do_not_go_together(server: FakeRestServer) -> None:
    outcome = run(server, "create", "a", "--no-password", "--password-file", "f", answers=[])

    assert outcome.status == exit_codes.USAGE


def test_delete_goes_on_after_one_that_is_refused(server: FakeRestServer) -> None:
    answers = [refusal(404, 40403, "There is no such user."), httpx.Response(204)]

    outcome = run(server, "delete", "absent", "alice", "--yes", answers=answers)

    assert outcome.status == exit_codes.REFUSED
    assert outcome.stderr == (
        "cauce: user absent was not deleted: There is no such user. (error 40403)\n"
        "Deleted user alice.\n"
    )


def test_delete_without_a_terminal_needs_yes(server: FakeRestServer) -> None:
    assert run(server, "delete", "alice", answers=[]).status == exit_codes.USAGE
    assert server.requests == []
