"""``cauce health``: what a probe is told, by words and exit status."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.telemetry import health_socket
from cauce.cli import health
from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import Outcome, run_cli


@contextmanager
def saying(directory: Path, line: bytes | None) -> Iterator[None]:
    """Answer one connection; with None, never."""
    directory.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(directory / health.FILE))
        door.listen()

        def answer() -> None:
            connection, _ = door.accept()
            with connection:
                if line is None:
                    connection.recv(1)  # until it has had enough
                else:
                    connection.sendall(line)

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


def run(*arguments: object) -> Outcome:
    return run_cli(FakeRestServer(), "health", *map(str, arguments))


def test_it_asks_where_the_node_answers() -> None:
    assert (health.FILE, health.READY) == (health_socket.FILE, health_socket.READY)


def test_node_that_is_ready(tmp_path: Path) -> None:
    with saying(tmp_path, b"ready\n"):
        outcome = run("--data-dir", tmp_path)
    assert (outcome.status, outcome.stdout) == (0, b"ready\n")


def test_quiet_says_nothing(tmp_path: Path) -> None:
    with saying(tmp_path, b"ready\n"):
        outcome = run("--data-dir", tmp_path, "--quiet")
    assert (outcome.status, outcome.stdout) == (0, b"")


def test_node_that_is_not_ready(tmp_path: Path) -> None:
    with saying(tmp_path, b"shutting down\n"):
        outcome = run("--data-dir", tmp_path)
    assert outcome.status == 1
    assert "not ready: shutting down" in outcome.stderr


def test_live_is_who_answers(tmp_path: Path) -> None:
    with saying(tmp_path, b"shutting down\n"):
        outcome = run("--data-dir", tmp_path, "--live")
    assert (outcome.status, outcome.stdout) == (0, b"live, not ready: shutting down\n")


@pytest.mark.parametrize("line", [None, b"", b"rea"], ids=["hangs", "nothing", "half a line"])
def test_node_that_does_not_answer(tmp_path: Path, line: bytes | None) -> None:
    with saying(tmp_path, line):
        outcome = run("--data-dir", tmp_path, "--live", "--timeout", 0.2)
    assert outcome.status == 3
    assert f"no node of {tmp_path} answers" in outcome.stderr


def test_no_node(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        outcome = run("--data-dir", place)
        assert outcome.status == 3
        assert "there is none running (`cauce serve` starts one)" in outcome.stderr
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / health.FILE))
    assert run("--data-dir", tmp_path).status == 3
