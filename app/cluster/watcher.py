"""Watcher: holds the metadata image of this node and replaces it when the cluster's changed.

Invariants:
    ``image`` is always a whole image; subscribers are called in order, on the loop, with the
    old and the new one, before ``refresh`` returns.
    Versions never go back: an image read before a newer one was applied is thrown away.
    While the database is away the last image stays (T15).
"""

import asyncio
import logging
import random
from collections.abc import Callable

from app.cluster.catalog import Catalog
from app.cluster.errors import CatalogError
from app.cluster.metadata_image import MetadataImage

_logger = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0

Subscriber = Callable[[MetadataImage | None, MetadataImage], None]


class MetadataWatcher:
    """The current image, and who wants to know of the next."""

    def __init__(self, catalog: Catalog, *, poll_interval_s: float = POLL_INTERVAL_S) -> None:
        """Hold nothing until the first ``refresh``."""
        self._catalog = catalog
        self._poll_interval_s = poll_interval_s
        self._image: MetadataImage | None = None
        self._subscribers: list[Subscriber] = []

    @property
    def image(self) -> MetadataImage:
        """The image of this moment."""
        assert self._image is not None, "refresh() comes first"
        return self._image

    @property
    def is_loaded(self) -> bool:
        """Whether there is an image."""
        return self._image is not None

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call this whenever the image is replaced, at once if there is one."""
        self._subscribers.append(subscriber)
        if self._image is not None:
            subscriber(None, self._image)

    async def refresh(self) -> MetadataImage:
        """Read the image anew and return the newest one known.

        Raises:
            CatalogError: The database cannot be asked.
        """
        loaded = await self._catalog.load_image()
        old = self._image
        if old is not None and loaded.version <= old.version:
            return old
        self._image = loaded
        for subscriber in tuple(self._subscribers):
            subscriber(old, loaded)
        return loaded

    async def run(self) -> None:
        """Follow other nodes' changes until cancelled."""
        away = False
        while True:
            await asyncio.sleep(self._poll_interval_s * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load
            try:
                if self._image is None or await self._catalog.version() != self._image.version:
                    await self.refresh()
            except CatalogError as error:
                if not away:
                    _logger.warning("metadata stays at the last known version: %s", error)
                away = True
            else:
                if away:
                    _logger.info("the metadata database is back")
                away = False
