"""Ctrl-C and SIGTERM: they end waiting at once, but work under way is brought to its end first.

Invariants:
    A signal raises only inside ``waiting()``; elsewhere it is remembered until the next wait.
    A second signal ends the command wherever it is.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal asked the command to end.

    Not an error, so that nothing on the way up takes it for one; not a KeyboardInterrupt either,
    which Typer would answer itself.

    Attributes:
        signal_number: Which.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"stopped by signal {signal_number}")
        self.signal_number = signal_number


class Interrupts:
    """Takes the signals while it is entered."""

    def __init__(self) -> None:
        self._received: int | None = None
        self._waiting = False
        self._before = {number: signal.getsignal(number) for number in SIGNALS}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let a signal, also one that came before, raise ``Stopped`` inside the block."""
        self.check()
        self._waiting = True
        try:
            self.check()
            yield
        finally:
            self._waiting = False

    def check(self) -> None:
        """Raise ``Stopped`` if a signal came."""
        if self._received is not None:
            raise Stopped(self._received)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again = self._received is not None
        self._received = number
        if again or self._waiting:
            raise Stopped(number)
