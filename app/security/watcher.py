"""Security watcher: holds this node's security image and replaces it when the cluster's changed.

Invariants:
    Subscribers are called in order, on the loop, with the old and the new image, before
    ``refresh`` returns.
    Versions never go back: an image read before a newer one was applied is thrown away.
    While the database is away the last image stays; before the first there is none, and who
    asks for it must refuse.
"""

import asyncio
import logging
import random
from collections.abc import Callable

from app.cluster.errors import CatalogError
from app.cluster.security_catalog import SecurityCatalog
from app.security.image import SecurityImage, image_of

_logger = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0

Subscriber = Callable[[SecurityImage | None, SecurityImage], None]


class SecurityWatcher:
    """The current security image, and who wants to know of the next."""

    def __init__(
        self, catalog: SecurityCatalog, *, poll_interval_s: float = POLL_INTERVAL_S
    ) -> None:
        """Hold nothing until the first ``refresh``."""
        self._catalog = catalog
        self._poll_interval_s = poll_interval_s
        self._image: SecurityImage | None = None
        self._subscribers: list[Subscriber] = []

    @property
    def image(self) -> SecurityImage | None:
        """The image of this moment; None before there is one: deny."""
        return self._image

    @property
    def catalog(self) -> SecurityCatalog:
        """Where changes are made; whoever made one calls ``refresh``."""
        return self._catalog

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call this whenever the image is replaced, at once if there is one."""
        self._subscribers.append(subscriber)
        if self._image is not None:
            subscriber(None, self._image)

    async def refresh(self) -> SecurityImage:
        """Read the image anew and return the newest one known.

        Raises:
            CatalogError: The database cannot be asked.
        """
        records = await self._catalog.load()
        old = self._image
        if old is not None and records.version <= old.version:
            return old
        loaded = self._image = image_of(records, old)
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
                    _logger.warning("security stays at the last known version: %s", error)
                away = True
            else:
                if away:
                    _logger.info("the metadata database is back")
                away = False
