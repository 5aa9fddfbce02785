"""Purgatory: where requests wait for a partition to move.

Two things wake a waiter: the high watermark moved, or the partition went away. A wake-up says
only "look again": the waiter decides for itself whether it is satisfied, so a wake-up too many
costs a look and one too few is a bug.

Invariants:
    A waiter is registered before it looks for the last time, so no wake-up falls between the
    look and the wait (everything here runs on the event loop, without an await in between).
    A waiter leaves every partition's set when it is done, whatever ended it.
Called by: broker.fetch (waits), replication.partition (wakes). Calls: nothing.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class DelayedOperation:
    """One request that waits; wakes may come many times and are folded into one."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Let the waiter look again; harmless when nobody waits."""
        future = self._future
        if future is not None and not future.done():
            future.set_result(None)

    async def wait(self, timeout_s: float) -> bool:
        """Wait for a wake-up.

        Args:
            timeout_s: Seconds at most; zero or less returns at once.

        Returns:
            Whether it was woken; False when the time ran out.
        """
        if timeout_s <= 0:
            return False
        loop = asyncio.get_running_loop()
        future = self._future = loop.create_future()
        timer = loop.call_later(timeout_s, future.cancel)
        try:
            await future
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            return False
        finally:
            timer.cancel()
            self._future = None
        return True


def _is_being_cancelled() -> bool:
    """Return whether the running task itself was cancelled, not just its timer's future."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Watchers:
    """The waiters of one partition."""

    __slots__ = ("_operations",)

    def __init__(self) -> None:
        self._operations: set[DelayedOperation] = set()

    def __len__(self) -> int:
        return len(self._operations)

    def add(self, operation: DelayedOperation) -> None:
        """Wake this operation from now on."""
        self._operations.add(operation)

    def discard(self, operation: DelayedOperation) -> None:
        """Stop waking it; harmless when it is not there."""
        self._operations.discard(operation)

    def wake_all(self) -> None:
        """Let every waiter look again."""
        for operation in self._operations:
            operation.wake()


@contextmanager
def watching(watched: Iterable[Watchers]) -> Iterator[DelayedOperation]:
    """Register one operation with every partition's watchers for the length of the block."""
    operation = DelayedOperation()
    registered = tuple(watched)
    for watchers in registered:
        watchers.add(operation)
    try:
        yield operation
    finally:
        for watchers in registered:
            watchers.discard(operation)
