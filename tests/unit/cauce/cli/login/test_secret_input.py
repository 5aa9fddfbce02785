"""Secrets from files, pipes and terminals."""

import os
import pty
import termios
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

import pytest
import typer

from cauce.cli.console import Console
from cauce.cli.login.secret_input import (
    SECRET_BYTES_MAX,
    ask_new_password,
    ask_secret,
    read_secret,
)
from tests.support.run_cli import pipe_with


@pytest.fixture
def terminal() -> Iterator[tuple[int, int, str]]:
    """A person's side of a terminal, the command's, and the name of that."""
    person, command = pty.openpty()
    yield person, command, os.ttyname(command)
    os.close(person)
    os.close(command)


def console(stdin: int, terminal: str = os.devnull) -> Console:
    return Console(stdin=stdin, stdout=BytesIO(), stderr=StringIO(), terminal=terminal)


@pytest.mark.parametrize("text", [b"a secret", b"a secret\n", b"a secret\r\n", b"a secret\nmore"])
def test_the_first_line_of_a_file_or_of_standard_input_is_the_secret(
    tmp_path: Path, text: bytes
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(text)
    pipe = pipe_with(text)

    assert read_secret(console(0), str(path), "--password-file") == "a secret"
    assert read_secret(console(pipe), "-", "--password-file") == "a secret"

    os.close(pipe)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "is empty"),
        (b"\nx", "is empty"),
        (b"\xff", "is not UTF-8"),
        (b"x" * (SECRET_BYTES_MAX + 1), "has more than"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_without_showing_it(
    tmp_path: Path, text: bytes, why: str
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(text)

    with pytest.raises(typer.BadParameter, match=why) as refused:
        read_secret(console(0), str(path), "--password-file")

    assert "xxx" not in str(refused.value)


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(typer.BadParameter, match="absent: No such file"):
        read_secret(console(0), "absent", "--password-file")


def test_a_person_types_unseen_and_sees_again_afterwards(
    terminal: tuple[int, int, str],
) -> None:
    person, command, _ = terminal
    os.write(person, b"a secret\n")
    os.read(person, 100)  # what was shown before the question
    ours = console(command)

    assert ask_secret(ours, "Password", instead="") == "a secret"
    assert isinstance(ours.stderr, StringIO)
    assert ours.stderr.getvalue() == "Password: \n"
    assert termios.tcgetattr(command)[3] & termios.ECHO


def test_a_person_is_asked_at_the_terminal_also_when_records_come_from_a_pipe(
    terminal: tuple[int, int, str],
) -> None:
    person, _, name = terminal
    os.write(person, b"a secret\n")
    pipe = pipe_with(b"record\n")

    assert ask_secret(console(pipe, name), "Password", instead="") == "a secret"
    assert os.read(pipe, 100) == b"record\n"

    os.close(pipe)


def test_without_a_terminal_it_says_what_to_do_instead() -> None:
    pipe = pipe_with(b"")

    with pytest.raises(typer.BadParameter, match="give --password-file"):
        ask_secret(console(pipe), "Password", instead="give --password-file")
    with pytest.raises(typer.BadParameter, match="there is no terminal"):
        ask_secret(console(pipe, "/absent"), "Password", instead="")

    os.close(pipe)


@pytest.mark.parametrize(
    ("typed", "why"), [(b"one\ntwo\n", "are not the same"), (b"\n", "nothing was typed")]
)
def test_a_new_password_is_typed_twice(
    terminal: tuple[int, int, str], typed: bytes, why: str
) -> None:
    person, command, _ = terminal
    os.write(person, typed)

    with pytest.raises(typer.BadParameter, match=why):
        ask_new_password(console(command), "alice")


def test_a_new_password_that_is_typed_twice_alike_is_taken(
    terminal: tuple[int, int, str],
) -> None:
    person, command, _ = terminal
    os.write(person, b"the same\nthe same\n")

    assert ask_new_password(console(command), "alice") == "the same"
