"""What every watcher does: hold a whole image of something, and replace it when it has changed.

Invariants:
    Subscribers are called in order, on the loop, with the old and the new image, before
    ``refresh`` returns.
    Versions never go back: an image read before a newer one was applied is thrown away.
    While the database is away the last image stays (T15).
"""

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from app.cluster.errors import CatalogError

POLL_INTERVAL_S = 1.0


class Versioned(Protocol):
    """Something of which the newer has the greater version."""

    @property
    def version(self) -> int:
        """One more with each change."""


Image = TypeVar("Image", bound=Versioned)
Read = TypeVar("Read", bound=Versioned)


class ImageWatcher(ABC, Generic[Read, Image]):
    """The current image, and who wants to know of the next."""

    what: str
    """Of what, for the log."""

    def __init__(self, *, poll_interval_s: float) -> None:
        """Hold nothing until the first ``refresh``."""
        self._poll_interval_s = poll_interval_s
        self._logger = logging.getLogger(type(self).__module__)
        self._current: Image | None = None
        self._subscribers: list[Callable[[Image | None, Image], None]] = []

    @abstractmethod
    async def _version(self) -> int:
        """Return the version that the database has."""

    @abstractmethod
    async def _read(self) -> Read:
        """Read what an image is made of."""

    @abstractmethod
    def _image_of(self, read: Read, old: Image | None) -> Image:
        """Return the image of what was read; an old one may lend its parts."""

    @property
    def is_loaded(self) -> bool:
        """Whether there is an image."""
        return self._current is not None

    def subscribe(self, subscriber: Callable[[Image | None, Image], None]) -> None:
        """Call this whenever the image is replaced, at once if there is one."""
        self._subscribers.append(subscriber)
        if self._current is not None:
            subscriber(None, self._current)

    async def refresh(self) -> Image:
        """Read the image anew and return the newest one known.

        Raises:
            CatalogError: The database cannot be asked.
        """
        read = await self._read()
        old = self._current
        if old is not None and read.version <= old.version:
            return old
        loaded = self._current = self._image_of(read, old)
        for subscriber in tuple(self._subscribers):
            subscriber(old, loaded)
        return loaded

    async def run(self) -> None:
        """Follow other nodes' changes until cancelled."""
        away = False
        while True:
            await asyncio.sleep(self._poll_interval_s * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load
            try:
                if self._current is None or await self._version() != self._current.version:
                    await self.refresh()
            except CatalogError as error:
                if not away:
                    self._logger.warning("%s stays at the last known version: %s", self.what, error)
                away = True
            else:
                if away:
                    self._logger.info("the metadata database is back")
                away = False
