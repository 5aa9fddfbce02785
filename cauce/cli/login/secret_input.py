"""Where passwords and keys come from: a file, standard input, or a person who types them unseen.

Invariants:
    A secret is never an argument, and is in no message.
    The terminal echoes again however the question ends.
"""

import os
import termios
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

STDIN = "-"
SECRET_BYTES_MAX = 8_192


class Person(Protocol):
    """Who sits before the command: what of its console is needed here."""

    @property
    def stdin(self) -> int:
        """File descriptor of standard input."""

    @property
    def stderr(self) -> TextIO:
        """Where questions go."""

    @property
    def terminal(self) -> str:
        """Where the person sits if standard input is something else."""

    def stdin_is_terminal(self) -> bool:
        """Whether a person types."""

    def say(self, message: str) -> None:
        """Write one line to standard error."""


def read_secret(console: Person, path: str, option: str) -> str:
    """Return the first line of a file, or of standard input if it is ``-``.

    Raises:
        typer.BadParameter: It cannot be read, or is empty, too long, or no text.
    """
    where = "standard input" if path == STDIN else path
    try:
        data = _read_line(console.stdin) if path == STDIN else _read_file(Path(path))
    except OSError as error:
        raise typer.BadParameter(f"{option}: {where}: {error.strerror}") from None
    if len(data) > SECRET_BYTES_MAX:
        raise typer.BadParameter(f"{option}: {where} has more than {SECRET_BYTES_MAX} bytes")
    try:
        secret = data.decode().partition("\n")[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{option}: {where} is not UTF-8") from None
    if not secret:
        raise typer.BadParameter(f"{option}: the first line of {where} is empty")
    return secret


def ask_secret(console: Person, question: str, *, instead: str) -> str:
    """Have a person type a secret, who need not be at standard input.

    Args:
        console: Whose terminal.
        question: What is wanted, without a colon.
        instead: What to do where there is no terminal.

    Raises:
        typer.BadParameter: There is nobody to ask, or nothing was typed.
    """
    with _terminal(console) as terminal:
        if terminal is None:
            raise typer.BadParameter(f"there is no terminal to ask for it on: {instead}")
        print(f"{question}: ", end="", file=console.stderr, flush=True)
        with _unseen(terminal):
            typed = os.read(terminal, SECRET_BYTES_MAX)
        console.say("")
    secret = typed.decode("utf-8", "surrogateescape").rstrip("\r\n")
    if not secret:
        raise typer.BadParameter("nothing was typed")
    return secret


def ask_new_password(console: Person, user: str) -> str:
    """Have a person choose a password, and type it twice.

    Raises:
        typer.BadParameter: There is nobody to ask, or the two are not the same.
    """
    instead = "give --password-file FILE, or - for standard input"
    password = ask_secret(console, f"New password of {user}", instead=instead)
    if ask_secret(console, "The same again", instead=instead) != password:
        raise typer.BadParameter("the two passwords are not the same")
    return password


def _read_line(descriptor: int) -> bytes:
    """Read no further than a line's end: what follows is somebody else's."""
    data = b""
    while len(data) <= SECRET_BYTES_MAX and not data.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            break
        data += byte
    return data


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(SECRET_BYTES_MAX + 1)


@contextmanager
def _terminal(console: Person) -> "Iterator[int | None]":
    """Give the terminal that a person sits at; None if there is none."""
    if console.stdin_is_terminal():
        yield console.stdin
        return
    try:
        descriptor = os.open(console.terminal, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield descriptor if os.isatty(descriptor) else None
    finally:
        os.close(descriptor)


@contextmanager
def _unseen(terminal: int) -> "Iterator[None]":
    """Keep the terminal from showing what is typed."""
    before = termios.tcgetattr(terminal)
    hidden = before[:]
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, hidden)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
