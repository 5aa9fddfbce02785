"""Loader: what many ask for at the same time is read in one transaction.

One read runs at a time; who asks meanwhile is served by the next one, all together. So what anybody
is given was read after the question, and a busy registry asks the database as often as it answers.
Called by: views.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Loader(Generic[Key, Value]):
    """Reads values by their keys."""

    def __init__(self, read: Callable[[Collection[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        """Read nothing yet.

        Args:
            read: Returns those of the values that there are.
        """
        self._read = read
        self._turn = asyncio.Lock()
        self._wanted: set[Key] = set()
        self._next: asyncio.Task[Mapping[Key, Value]] | None = None

    async def load(self, keys: Collection[Key]) -> Mapping[Key, Value]:
        """Return those of the values that there are; what the read raises, all are told."""
        self._wanted.update(keys)
        if self._next is None:
            self._next = asyncio.create_task(self._load())
            self._next.add_done_callback(_note_end)
        found = await asyncio.shield(self._next)
        return {key: found[key] for key in keys if key in found}

    async def _load(self) -> Mapping[Key, Value]:
        async with self._turn:
            wanted, self._wanted, self._next = self._wanted, set(), None
            return await self._read(wanted)


def _note_end(ended: asyncio.Task[Mapping[Key, Value]]) -> None:
    """Look at how it ended, so that asyncio does not complain when all who asked are gone."""
    if not ended.cancelled():
        ended.exception()
