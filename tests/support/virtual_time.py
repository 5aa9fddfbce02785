"""An event loop whose time passes only when nothing else is to be done, and then at once."""

import asyncio
import selectors
from collections.abc import Coroutine


class _Sleepless(selectors.SelectSelector):
    """Waits for nothing: the time that it would have waited is over."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits for somebody else"
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Timers fire in their order; a sleep of an hour takes no time."""

    def __init__(self) -> None:
        self._virtual = _Sleepless()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the seconds that were slept."""
        return self._virtual.now


def run_in_virtual_time(main: Coroutine[None, None, None]) -> None:
    """Run until the end.

    Raises:
        Exception: What it raised, or what a callback did that nobody waits for.
    """
    loop = VirtualLoop()
    raised: list[BaseException] = []
    loop.set_exception_handler(
        lambda _loop, context: raised.append(
            context.get("exception") or AssertionError(context["message"])
        )
    )
    try:
        loop.run_until_complete(main)
    finally:
        loop.close()
    if raised:
        raise raised[0]
