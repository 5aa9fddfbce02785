import os
import signal
import subprocess
import sys
from io import BytesIO, StringIO
from pathlib import Path

import httpx
import pytest

from cauce import __version__
from cauce.cli.console import Console
from cauce.cli.main import run
from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import run_cli

HEAVY = ("app", "storage", "fastapi", "sqlalchemy", "httpx", "pydantic", "uvicorn")


def start_closed(stream: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command from a shell that closed one of its streams."""
    command = [sys.executable, "-c", "from cauce.cli.main import main; main()", *arguments]
    return subprocess.run(
        ["sh", "-c", f'"$@" {stream}', "sh", *command],
        capture_output=True,
        cwd=Path(__file__).parents[4],
        timeout=30,
        check=False,
    )


def cauce(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from cauce.cli.main import main; main()", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[4],
        timeout=30,
        check=False,
    )


def test_version_is_the_distributions() -> None:
    shown = cauce("--version")

    assert (shown.returncode, shown.stdout) == (0, f"cauce {__version__}\n")


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["produce", "--help"]])
def test_help_imports_neither_the_broker_nor_an_http_client(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from cauce.cli.main import app\n"
        f"app(args={arguments!r}, standalone_mode=False)\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'imported {loaded}' if loaded else 0)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )

    assert ran.returncode == 0, ran.stderr


def test_an_unreachable_server_is_told_with_its_address_and_how_to_start_one() -> None:
    ran = cauce("topic", "list", "--url", "http://127.0.0.1:1")

    assert ran.returncode == 3
    assert "http://127.0.0.1:1" in ran.stderr
    assert "connection refused" in ran.stderr
    assert "cauce serve" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_file_of_authorities_that_is_missing_is_a_usage_error() -> None:
    ran = cauce("topic", "list", "--url", "https://127.0.0.1:1", "--ca-file", "/no/such/file")

    assert ran.returncode == 2
    assert ran.stderr == "cauce: CA file /no/such/file: No such file or directory\n"


def test_a_server_that_is_not_believed_is_not_said_to_be_away() -> None:
    server = FakeRestServer()
    untrusted = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")

    def refuse(_request: httpx.Request) -> httpx.Response:
        raise untrusted

    server.before = [refuse]

    outcome = run_cli(server, "topic", "list", "--url", "https://x")

    assert outcome.status == 3
    assert "its certificate is not believed" in outcome.stderr
    assert "cauce serve" not in outcome.stderr


def test_the_address_comes_from_the_environment() -> None:
    ran = cauce("topic", "list", CAUCE_URL="127.0.0.1:2")

    assert "http://127.0.0.1:2" in ran.stderr


def test_an_address_that_is_none_is_a_usage_error() -> None:
    assert run_cli(FakeRestServer(), "topic", "list", "--url", "ftp://x").status == 2


def test_another_server_than_ours_is_told_so() -> None:
    server = FakeRestServer()
    server.before = [lambda _: httpx.Response(404, text="<html>nginx</html>")]

    outcome = run_cli(server, "topic", "list")

    assert outcome.status == 3
    assert "did not answer as a Cauce server does" in outcome.stderr


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    server = FakeRestServer()
    server.add("t")
    reading, writing = os.pipe()
    os.close(reading)
    stderr = StringIO()

    with os.fdopen(writing, "wb") as stdout:
        console = Console(stdin=0, stdout=stdout, stderr=stderr, transport=server.transport)
        status = run(["topic", "list"], console)

    assert (status, stderr.getvalue()) == (0, "")


def test_output_that_cannot_be_written_is_an_error() -> None:
    server = FakeRestServer()
    server.add("t")
    with Path("/dev/full").open("wb") as stdout:
        stderr = StringIO()
        console = Console(stdin=0, stdout=stdout, stderr=stderr, transport=server.transport)
        status = run(["topic", "list"], console)
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())

    assert status == 1
    assert "No space left" in stderr.getvalue()


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-"])
def test_closed_streams_end_in_no_stack_trace(stream: str) -> None:
    ran = start_closed(stream, "topic", "list", "--url", "http://127.0.0.1:1")

    assert ran.returncode == 3
    assert b"Traceback" not in ran.stderr


def test_a_directory_as_input_is_told_so(tmp_path: Path) -> None:
    server = FakeRestServer()
    server.add("t")
    stderr = StringIO()
    directory = os.open(tmp_path, os.O_RDONLY)

    console = Console(stdin=directory, stdout=BytesIO(), stderr=stderr, transport=server.transport)
    status = run(["produce", "t"], console)
    os.close(directory)

    assert status == 1
    assert "standard input cannot be read: Is a directory" in stderr.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ("topic", "create", "\udcff"),
        ("topic", "create", "t", "-c", "a=\udcff"),
        ("topic", "delete", "\udcff", "--yes"),
        ("consume", "\udcff"),
        ("produce", "t", "-H", "\udcff=1"),
        ("topic", "list", "--url", "http://\udcff"),
    ],
)
def test_arguments_that_have_to_be_text_are_checked(arguments: tuple[str, ...]) -> None:
    assert run_cli(FakeRestServer(), *arguments).status == 2


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_told_in_the_exit_status(number: signal.Signals, status: int) -> None:
    server = FakeRestServer()
    server.add("t")

    def interrupted(request: httpx.Request) -> httpx.Response:
        signal.raise_signal(number)
        return server.handle(request)

    server.before = [interrupted]

    assert run_cli(server, "consume", "t", "--follow").status == status


def test_unknown_commands_and_options_are_usage_errors() -> None:
    assert run_cli(FakeRestServer(), "frobnicate").status == 2
    assert run_cli(FakeRestServer(), "topic", "list", "--nonsense").status == 2
