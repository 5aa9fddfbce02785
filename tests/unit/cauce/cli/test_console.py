import os
import pty
import time
from io import BytesIO, StringIO

import pytest

from cauce.cli import console as console_module
from cauce.cli.console import Console, OutputFailed, Progress, table


class Terminal(StringIO):
    """A standard error that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_table_puts_numbers_to_the_right() -> None:
    assert table(("NAME", "COUNT"), [("a", 5), ("long name", 1000)]) == (
        b"NAME       COUNT\na              5\nlong name   1000\n"
    )


def test_table_without_rows_has_headings() -> None:
    assert table(("NAME", "COUNT"), []) == b"NAME  COUNT\n"


def test_write_tells_a_full_disk() -> None:
    class Full(BytesIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    console = Console(stdin=0, stdout=Full(), stderr=StringIO())

    with pytest.raises(OutputFailed, match="No space left"):
        console.write(b"x")


@pytest.mark.parametrize(
    ("answer", "agreed"), [(b"y\n", True), (b"YES\n", True), (b"\n", False), (b"sure\n", False)]
)
def test_confirm_takes_only_yes(answer: bytes, agreed: bool) -> None:
    person, terminal = pty.openpty()
    os.write(person, answer)
    console = Console(stdin=terminal, stdout=BytesIO(), stderr=StringIO())

    assert console.confirm("Really?") is agreed

    os.close(person)
    os.close(terminal)


def test_progress_is_silent_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "PROGRESS_AFTER_S", 0.0)
    stderr = StringIO()

    with Progress(Console(stdin=0, stdout=BytesIO(), stderr=stderr), shown=True) as progress:
        progress.update("half")

    assert stderr.getvalue() == ""


def test_progress_shows_on_a_terminal_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "PROGRESS_AFTER_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    stderr = Terminal()

    with Progress(Console(stdin=0, stdout=BytesIO(), stderr=stderr), shown=True) as progress:
        time.sleep(0.001)
        progress.update("half done")

    assert "half done" in stderr.getvalue()


def test_messages_stand_above_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "PROGRESS_AFTER_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    stderr = Terminal()

    with Progress(Console(stdin=0, stdout=BytesIO(), stderr=stderr), shown=True) as progress:
        time.sleep(0.001)
        progress.update("working")
        progress.say("cauce: line 7 [refused]: 12")

    assert "cauce: line 7 [refused]: 12\n" in stderr.getvalue()
