"""Runs the command ``cauce`` inside the tests' process, against a server in memory."""

import io
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from cauce.cli.console import Console
from cauce.cli.login.wish import LoginWish
from cauce.cli.main import run
from tests.support.client.fake_consumer import FakeConsumers
from tests.support.fake_rest_server import FakeRestServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run left behind."""

    status: int
    stdout: bytes
    stderr: str


def run_cli(
    server: FakeRestServer,
    *arguments: str,
    stdin: bytes = b"",
    consumers: FakeConsumers | None = None,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a command with some standard input; consumers read what the server has."""
    stdout, stderr = io.BytesIO(), io.StringIO()
    with tempfile.TemporaryFile() as file:
        file.write(stdin)
        file.seek(0)
        console = Console(
            stdin=file.fileno(),
            stdout=stdout,
            stderr=stderr,
            terminal=os.devnull,
            login=LoginWish(environment or {}),
            transport=server.transport,
            consumers=consumers or FakeConsumers(server),  # type: ignore[arg-type]
        )
        status = run(arguments, console)
    return Outcome(status=status, stdout=stdout.getvalue(), stderr=stderr.getvalue())


def run_cli_over_network(url: str, *arguments: str) -> Outcome:
    """Run a command in this process against a server that listens."""
    stdout, stderr = io.BytesIO(), io.StringIO()
    with tempfile.TemporaryFile() as file, pytest.MonkeyPatch.context() as environment:
        environment.setenv("CAUCE_URL", url)
        console = Console(stdin=file.fileno(), stdout=stdout, stderr=stderr, terminal=os.devnull)
        status = run(arguments, console)
    return Outcome(status=status, stdout=stdout.getvalue(), stderr=stderr.getvalue())


def pipe_with(data: bytes) -> int:
    """Return the reading end of a pipe that holds some bytes and has ended."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return reading
