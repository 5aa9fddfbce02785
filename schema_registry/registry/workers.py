"""Workers: parses and comparisons, on the event loop when small, in a thread with a deadline when
large.

A thread cannot be stopped, but each format bounds its own steps, so that work which nobody waits
for any more ends soon. How much may wait is bounded as well.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from schema_registry.errors import BoundExceeded

Result = TypeVar("Result")

SMALL_CHARS = 4_000
"""Texts of this length together are worked on without a thread: about a millisecond."""

DEADLINE_S = 10.0
"""How long one parse or comparison may take, its wait for a thread included."""

THREADS = 2
WAITING_MAX = 64
"""Pieces of work that threads have before them at once."""


class Workers:
    """Runs pure functions."""

    def __init__(self, *, small_chars: int = SMALL_CHARS, deadline_s: float = DEADLINE_S) -> None:
        """Start no thread yet; the bounds are parameters for tests."""
        self._small_chars = small_chars
        self._deadline_s = deadline_s
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="schemas")
        self._waiting = 0

    def close(self) -> None:
        """Take no more work, and forget what was not begun."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def run(self, size: int, work: Callable[[], Result]) -> Result:
        """Return what a function returns.

        Args:
            size: Characters that it works on.
            work: Pure, and bounded in its steps.

        Raises:
            BoundExceeded: It takes too long, or too much waits.
        """
        if size <= self._small_chars:
            return work()
        if self._waiting >= WAITING_MAX:
            raise BoundExceeded("", "too many large schemas at once; try again")
        self._waiting += 1
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._deadline_s)
        except TimeoutError:
            raise BoundExceeded("", f"it takes longer than {self._deadline_s} s") from None

    def _done(self, future: "asyncio.Future[Result]") -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # looked at, so that nobody is told of it when the waiter is gone
