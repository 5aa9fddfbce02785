"""What surrounds a command: its three streams, its terminal and its way to the server.

Records and answers go to standard output as bytes; everything said to a person goes to standard
error. Tests put other streams and another transport in place.
"""

import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, TextIO

from cauce.cli.login.wish import LoginWish

if TYPE_CHECKING:
    import httpx
    from rich.status import Status

    from cauce.client.credentials import Login
    from cauce.client.http import HttpClient
    from cauce.client.streaming.consumer import Consumer
    from cauce.client.streaming.frames import Wish

PROGRESS_AFTER_S = 0.5
"""Shorter work shows no progress."""

PROGRESS_EVERY_S = 0.1
ANSWER_BYTES_MAX = 1_024


class OutputClosed(Exception):
    """Whoever read our output has gone; there is nobody left to write for."""


class OutputFailed(Exception):
    """Standard output cannot be written, a full disk for example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The surroundings of one run of the command.

    Attributes:
        stdin: File descriptor that records are read from.
        terminal: Where the person sits, for questions if standard input is something else.
        login: Who it is to servers.
        transport: What answers instead of the network, in tests.
        consumers: What makes consumers instead of ``cauce.client``, likewise.
    """

    stdin: int
    stdout: BinaryIO
    stderr: TextIO
    terminal: str = "/dev/tty"
    login: LoginWish = field(default_factory=LoginWish)
    transport: "httpx.BaseTransport | None" = None
    consumers: "Callable[..., Consumer] | None" = None

    @classmethod
    def of_process(cls) -> "Console":
        """Return the surroundings of this process, also where it was given closed streams.

        Closed input is empty, closed output cannot be written, and closed errors go nowhere.
        """
        stdin = os.open(os.devnull, os.O_RDONLY) if sys.stdin is None else 0
        stderr = StringIO() if sys.stderr is None else sys.stderr
        if sys.stdout is None:
            unwritable = os.open(os.devnull, os.O_RDONLY)
            return cls(stdin=stdin, stdout=os.fdopen(unwritable, "wb"), stderr=stderr)
        return cls(stdin=stdin, stdout=sys.stdout.buffer, stderr=stderr)

    def connect(self, url: str, login: "Login | None" = None) -> "HttpClient":
        """Return a client of the server at an address.

        Args:
            url: Of the server.
            login: What it logs in with; what the options and the environment say if None.
        """
        from cauce.client.http import HttpClient

        shown = self.login.find(self) if login is None else login
        return HttpClient(url, transport=self.transport, **shown)

    def consumer(
        self, wish: "Wish", url: str, *, as_json: bool, give_up_s: float | None
    ) -> "Consumer":
        """Return what reads records of the server at an address; commits are left to its user."""
        from cauce.client.streaming.consumer import Consumer

        make = self.consumers or Consumer
        return make(
            wish,
            url,
            as_json=as_json,
            auto_commit=False,
            give_up_s=give_up_s,
            **self.login.find(self),
        )

    def write(self, data: bytes) -> None:
        """Write to standard output and see it gone.

        Raises:
            OutputClosed: The reader left.
            OutputFailed: It could not be written.
        """
        try:
            self.stdout.write(data)
            self.stdout.flush()
        except BrokenPipeError as error:
            raise OutputClosed from error
        except OSError as error:
            raise OutputFailed(f"standard output cannot be written: {error.strerror}") from error

    def check_reader(self) -> None:
        """Find out, without writing, whether the reader of standard output left.

        Raises:
            OutputClosed: It did.
        """
        try:
            descriptor = self.stdout.fileno()
        except OSError:  # not a file of the operating system: a test's
            return
        poll = select.poll()
        poll.register(descriptor, 0)
        if any(event & select.POLLERR for _, event in poll.poll(0)):
            raise OutputClosed

    def say(self, message: str) -> None:
        """Write one line to standard error."""
        print(message, file=self.stderr, flush=True)

    def confirm(self, question: str) -> bool:
        """Ask a person on standard error; only y or yes is one."""
        print(f"{question} [y/N]: ", end="", file=self.stderr, flush=True)
        answer = os.read(self.stdin, ANSWER_BYTES_MAX)
        return answer.strip().lower() in (b"y", b"yes")

    def say_to_person(self, message: str) -> None:
        """Write one line to standard error if it is a terminal."""
        if self.stderr_is_terminal():
            self.say(message)

    def stdin_is_terminal(self) -> bool:
        """Whether a person types."""
        return os.isatty(self.stdin)

    def stdout_is_terminal(self) -> bool:
        """Whether a person reads the output."""
        return self.stdout.isatty()

    def stderr_is_terminal(self) -> bool:
        """Whether a person reads the messages."""
        return self.stderr.isatty()


class Progress:
    """A line on standard error that tells how far the work is; silent where nobody looks."""

    def __init__(self, console: Console, *, shown: bool) -> None:
        """Begin silently; short work stays so.

        Args:
            console: Where to.
            shown: Whether anybody wants to see it; without a terminal nobody does.
        """
        self._console = console
        self._shown = shown and console.stderr_is_terminal()
        self._status: Status | None = None
        self._next_update = time.monotonic() + PROGRESS_AFTER_S

    def update(self, text: str) -> None:
        """Show how far the work is, if it is time to."""
        if not self._shown or time.monotonic() < self._next_update:
            return
        self._next_update = time.monotonic() + PROGRESS_EVERY_S
        if self._status is None:
            from rich.console import Console as RichConsole

            self._status = RichConsole(file=self._console.stderr).status(text)
            self._status.start()
        self._status.update(text)

    def say(self, message: str) -> None:
        """Write one line to standard error, above the line that tells how far the work is."""
        if self._status is None:
            self._console.say(message)
        else:
            self._status.console.print(message, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """Return columns of text: numbers to the right, the rest to the left."""
    cells = [list(headings), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    right = [
        bool(rows) and all(isinstance(row[column], int) for row in rows)
        for column in range(len(headings))
    ]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return ("\n".join(lines) + "\n").encode()


def write_listing(
    console: Console,
    items: Sequence[object],
    headings: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    as_json: bool,
) -> None:
    """Write what was found: as a table, or a line of JSON for each.

    Args:
        console: Where to.
        items: What was found, for JSON.
        headings: Of the table.
        rows: Of the table.
        as_json: Which of both.
    """
    if as_json:
        import msgspec

        console.write(msgspec.json.Encoder().encode_lines(items))
    else:
        console.write(table(headings, rows))
