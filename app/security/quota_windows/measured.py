"""Measured: a coroutine whose time on the loop is accounted for.

Invariants:
    What it waits for between two steps costs nobody anything.
    Nothing is accounted for twice, and all of it once it has ended, however it ends; what goes on
    for long is accounted for as it goes.
Called by: wire.connection, broker.context. Calls: whatever accounts.
Source: KIP-124 (request time).
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from time import perf_counter
from types import TracebackType
from typing import Any, TypeVar

T_co = TypeVar("T_co", covariant=True)

STEP_S = 0.01
"""Work is accounted for at the latest when there is as much of it."""


class Measured(Coroutine[Any, Any, T_co]):
    """What somebody awaits, or has run as a task, with its steps timed."""

    __slots__ = ("_account", "_spent", "_steps")

    def __init__(self, work: Awaitable[T_co], account: Callable[[float], object]) -> None:
        """Stand around work that has not begun.

        Args:
            work: Is awaited step by step.
            account: Is told of seconds that were spent.
        """
        self._steps: Any = work.__await__()
        self._account = account
        self._spent = 0.0

    def __await__(self) -> Any:
        """Go on step by step."""
        return self

    def __iter__(self) -> Iterator[Any]:
        """Likewise, as the await of a generator has it."""
        return self

    def __next__(self) -> Any:
        """Take a step."""
        return self._step(self._steps.send, None)

    def send(self, value: Any) -> Any:
        """Take a step with what was waited for."""
        return self._step(self._steps.send, value)

    def throw(
        self,
        kind: Any,
        value: Any = None,
        traceback: TracebackType | None = None,
    ) -> Any:
        """Take a step with the error of what was waited for."""
        error = kind if value is None else value
        if traceback is not None and isinstance(error, BaseException):
            error = error.with_traceback(traceback)
        return self._step(self._steps.throw, error)

    def close(self) -> None:
        """Give it up."""
        try:
            self._steps.close()
        finally:
            self._settle()

    def _step(self, take: Callable[[Any], Any], value: Any) -> Any:
        begun = perf_counter()
        try:
            waits_for = take(value)
        except BaseException:  # its end, too, is told by one
            self._spent += perf_counter() - begun
            self._settle()
            raise
        self._spent += perf_counter() - begun
        if self._spent >= STEP_S:
            self._settle()
        return waits_for

    def _settle(self) -> None:
        spent, self._spent = self._spent, 0.0
        if spent:
            self._account(spent)
