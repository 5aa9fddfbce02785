"""Who the command is to the server: options, environment, and where they contradict each other."""

import base64
import os
import pty
from collections.abc import Mapping
from io import BytesIO, StringIO
from pathlib import Path

import pytest

from cauce.cli import exit_codes
from cauce.cli.console import Console
from cauce.cli.login.wish import LoginWish
from cauce.cli.main import command, run
from cauce.client.errors import Closed
from tests.support.client.fake_consumer import FakeConsumers
from tests.support.fake_rest_server import FakeRestServer, refusal
from tests.support.run_cli import run_cli

KEY = "cauce_0011223344556677_secret"
NO_ENVIRONMENT: Mapping[str, str] = {}


@pytest.fixture
def server() -> FakeRestServer:
    server = FakeRestServer()
    server.add("t")
    return server


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    return str(path)


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text("secret\n")
    return str(path)


def shown(server: FakeRestServer) -> str | None:
    """Return what the last request showed."""
    header = server.requests[-1].headers.get("Authorization")
    if header is None or not header.startswith("Basic "):
        return header
    return base64.b64decode(header.removeprefix("Basic ")).decode()


def test_a_key_comes_from_a_file_an_argument_or_the_environment(
    server: FakeRestServer, key_file: str
) -> None:
    for arguments, environment in (
        (("topic", "list", "--api-key-file", key_file), {}),
        (("--api-key-file", key_file, "topic", "list"), {}),
        (("topic", "list"), {"CAUCE_API_KEY_FILE": key_file}),
        (("topic", "list"), {"CAUCE_API_KEY": KEY}),
    ):
        outcome = run_cli(server, *arguments, environment=environment)
        assert (outcome.status, outcome.stderr, shown(server)) == (0, "", f"Bearer {KEY}")

    outcome = run_cli(server, "topic", "list", "--api-key", KEY)

    assert shown(server) == f"Bearer {KEY}"
    assert "others on this machine can read arguments" in outcome.stderr


def test_a_password_comes_from_a_file(server: FakeRestServer, password_file: str) -> None:
    given = ("--user", "alice", "--password-file", password_file)
    everything = {"CAUCE_USER": "alice", "CAUCE_PASSWORD_FILE": password_file}
    for arguments, environment in (
        (("topic", "list", *given), {}),
        ((*given, "quota", "list"), {}),
        (("topic", "list"), everything),
        (("topic", "list", "--user", "alice"), {"CAUCE_PASSWORD_FILE": password_file}),
        (("topic", "list", "--user", "alice"), everything),
    ):
        run_cli(server, *arguments, environment=environment)
        assert shown(server) == "alice:secret"


def test_nothing_said_is_nothing_shown(server: FakeRestServer) -> None:
    run_cli(server, "topic", "list", environment={"CAUCE_API_KEY": ""})

    assert shown(server) is None


def test_the_command_line_wins_over_the_environment_as_a_whole(
    server: FakeRestServer, key_file: str, password_file: str
) -> None:
    user = {"CAUCE_USER": "alice", "CAUCE_PASSWORD_FILE": password_file}

    run_cli(server, "topic", "list", "--api-key-file", key_file, environment=user)
    by_key = shown(server)
    arguments = ("--user", "bob", "--password-file", password_file)
    run_cli(server, "topic", "list", *arguments, environment={"CAUCE_API_KEY": KEY})

    assert by_key == f"Bearer {KEY}"
    assert shown(server) == "bob:secret"


def test_the_password_of_another_user_is_not_taken(
    server: FakeRestServer, password_file: str
) -> None:
    environment = {"CAUCE_USER": "alice", "CAUCE_PASSWORD_FILE": password_file}

    outcome = run_cli(server, "topic", "list", "--user", "bob", environment=environment)

    assert outcome.status == exit_codes.USAGE
    assert server.requests == []


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("--user", "a", "--api-key-file", "f"), {}, "--api-key-file and --user"),
        (("--api-key", "k", "--api-key-file", "f"), {}, "--api-key and --api-key-file"),
        ((), {"CAUCE_USER": "a", "CAUCE_API_KEY": "k"}, "CAUCE_API_KEY and CAUCE_USER"),
        (("--password-file", "f"), {}, "say --user NAME"),
        (("--user", "a"), {}, "give --password-file FILE"),
        (("--api-key-file", "/absent"), {}, "No such file"),
    ],
)
def test_what_contradicts_itself_or_is_not_there_is_told(
    server: FakeRestServer,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = run_cli(server, "topic", "list", *arguments, environment=environment)

    assert outcome.status == exit_codes.USAGE
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert server.requests == []


def test_a_person_is_asked_for_the_password_once(server: FakeRestServer) -> None:
    person, terminal = pty.openpty()
    os.write(person, b"secret\n")
    consumers = FakeConsumers(server)
    stderr = StringIO()
    console = Console(
        stdin=terminal,
        stdout=BytesIO(),
        stderr=stderr,
        transport=server.transport,
        consumers=consumers,  # type: ignore[arg-type]
        login=LoginWish(NO_ENVIRONMENT),
    )

    status = run(["consume", "t", "--user", "alice"], console)

    assert (status, shown(server)) == (0, "alice:secret")
    assert consumers.logins == [{"basic": ("alice", "secret")}]
    assert stderr.getvalue().count("Password of alice") == 1
    os.close(person)
    os.close(terminal)


def test_standard_input_after_the_password_is_the_commands(server: FakeRestServer) -> None:
    arguments = ("produce", "t", "--user", "alice", "--password-file", "-")

    outcome = run_cli(server, *arguments, stdin=b"secret\na record\n")

    assert outcome.status == 0
    assert shown(server) == "alice:secret"
    assert server.stored("t") == [(None, b"a record")]


def test_a_password_goes_to_no_other_machine_in_clear(
    server: FakeRestServer, password_file: str
) -> None:
    arguments = ("--user", "alice", "--password-file", password_file, "--url", "events.example")

    outcome = run_cli(server, "topic", "list", *arguments)

    assert outcome.status == exit_codes.USAGE
    assert "use https://" in outcome.stderr
    assert server.requests == []


def test_a_refusal_says_what_to_do_next(server: FakeRestServer) -> None:
    unauthorized = refusal(401, 40101, "Unauthorized")
    server.before = [lambda _: unauthorized, lambda _: unauthorized]
    nothing = run_cli(server, "topic", "list")
    wrong = run_cli(server, "topic", "list", environment={"CAUCE_API_KEY": KEY})
    server.before = [lambda _: refusal(403, 40301, "not authorized")]
    forbidden = run_cli(server, "topic", "list", environment={"CAUCE_API_KEY": KEY})

    assert "Log in with --api-key-file" in nothing.stderr
    assert "is wrong, has ended or was revoked" in wrong.stderr
    assert "cauce acl create" in forbidden.stderr
    assert {nothing.status, wrong.status, forbidden.status} == {exit_codes.REFUSED}
    assert KEY not in wrong.stderr + forbidden.stderr


def test_a_socket_whose_login_has_ended_says_so(server: FakeRestServer) -> None:
    consumers = FakeConsumers(server)
    consumers.steps = [Closed("http://x", 4401, "the login of this socket has ended")]
    key = {"CAUCE_API_KEY": KEY}

    outcome = run_cli(server, "consume", "t", "-f", consumers=consumers, environment=key)

    assert outcome.status == exit_codes.REFUSED
    assert "was revoked" in outcome.stderr


def test_a_command_with_options_of_these_names_keeps_them() -> None:
    commands = command().commands
    of_quota = {one.name: one for one in commands["quota"].commands["set"].params}
    of_topic = {one.name for one in commands["topic"].commands["list"].params}

    assert of_quota["user"].expose_value
    assert "password_file" not in of_quota
    assert "cauce --user NAME" in str(commands["quota"].commands["set"].help)
    assert "cauce --user NAME" not in str(commands["topic"].commands["list"].help)
    assert {"api_key", "api_key_file"} <= of_quota.keys() & of_topic
    assert {"user", "password_file"} <= of_topic
    assert "user" not in {one.name for one in commands["serve"].params}


def test_who_is_believed_may_be_said_beside_any_login_and_is_none() -> None:
    alone, beside = LoginWish(NO_ENVIRONMENT), LoginWish({"CAUCE_API_KEY": KEY})
    console = Console(stdin=0, stdout=BytesIO(), stderr=StringIO())
    for wish in (alone, beside):
        wish.give("ca_file", "ca.pem")

    assert alone.find(console) == {"ca_file": "ca.pem"}
    assert beside.find(console) == {"ca_file": "ca.pem", "api_key": KEY}
    assert (alone.is_given(), beside.is_given()) == (False, True)
