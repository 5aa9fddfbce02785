"""BackgroundLoop: an event loop in a thread, for programs that have none.

Signs of life are given while the program does something else, and a signal in the main thread ends
a wait at once: the call is cancelled, and what it waited for stays where it is.

Invariants:
    ``run`` returns what its coroutine does; if it is interrupted, the coroutine has ended before.
Called by: consumer, producer. Calls: asyncio.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from threading import Thread
from typing import Any, Generic, Protocol, TypeVar

from cauce.client.errors import NotOpen

Result = TypeVar("Result")


class _Enterable(Protocol):
    async def __aenter__(self) -> Any: ...


Awaited = TypeVar("Awaited", bound=_Enterable)

CANCEL_S_MAX = 5.0
"""How long an interrupted call is waited for."""


class BackgroundLoop:
    """A loop that runs until it is closed."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever, name="cauce-client", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine there and wait for it here."""
        future: Future[Result] = Future()
        tasks: list[asyncio.Task[Result]] = []

        def begin() -> None:
            task = self.loop.create_task(work)
            task.add_done_callback(lambda done: _pass_on(done, future))
            tasks.append(task)

        def cancel() -> None:
            tasks[0].cancel()

        self.loop.call_soon_threadsafe(begin)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                self.loop.call_soon_threadsafe(cancel)
                wait([future], CANCEL_S_MAX)
            raise

    def close(self) -> None:
        """End the loop and its thread; what still runs there is cancelled."""
        if self.loop.is_closed():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        self.loop.run_until_complete(asyncio.wait(left) if left else asyncio.sleep(0))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class Twin(Generic[Awaited]):
    """A client that is awaited, on a loop of its own while it is open."""

    def __init__(self, build: Callable[[], Awaited]) -> None:
        """Prepare; the client is made when it is opened, on its loop."""
        self._client: Awaited | None = None
        self._build = build
        self._loop: BackgroundLoop | None = None

    @property
    def client(self) -> Awaited:
        """The client.

        Raises:
            NotOpen: It was never opened.
        """
        if self._client is None:
            raise NotOpen
        return self._client

    def open(self) -> None:
        """Make the client and enter it; if that fails, no thread is left."""

        async def build() -> Awaited:
            return self._build()

        loop = self._loop = BackgroundLoop()
        try:
            self._client = loop.run(build())
            loop.run(self._client.__aenter__())
        except BaseException:
            self._loop = None
            loop.close()
            raise

    def is_open(self) -> bool:
        """Return whether it was opened and not left."""
        return self._loop is not None

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run one of the client's calls.

        Raises:
            NotOpen: It is not open.
        """
        if self._loop is None:
            work.close()
            raise NotOpen
        return self._loop.run(work)

    def leave(self, end: Coroutine[Any, Any, None]) -> None:
        """Run what ends the client, and end its loop whatever comes of it."""
        loop = self._loop
        assert loop is not None, "it is open"
        try:
            loop.run(end)
        finally:
            self._loop = None
            loop.close()


def _pass_on(task: asyncio.Task[Result], future: Future[Result]) -> None:
    if task.cancelled():
        future.set_exception(CancelledError())
        return
    error = task.exception()
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())
