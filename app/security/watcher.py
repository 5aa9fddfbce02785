"""Security watcher: holds this node's security image and replaces it when the cluster's changed.

Before the first image there is none, and who asks for it must refuse.
"""

from app.cluster.image_watcher import POLL_INTERVAL_S, ImageWatcher
from app.cluster.security_catalog import SecurityCatalog
from app.cluster.security_records import SecurityRecords
from app.security.image import SecurityImage, image_of


class SecurityWatcher(ImageWatcher[SecurityRecords, SecurityImage]):
    """The current security image, and who wants to know of the next."""

    what = "security"

    def __init__(
        self, catalog: SecurityCatalog, *, poll_interval_s: float = POLL_INTERVAL_S
    ) -> None:
        """Hold nothing until the first ``refresh``."""
        super().__init__(poll_interval_s=poll_interval_s)
        self._catalog = catalog

    @property
    def image(self) -> SecurityImage | None:
        """The image of this moment; None before there is one: deny."""
        return self._current

    @property
    def catalog(self) -> SecurityCatalog:
        """Where changes are made; whoever made one calls ``refresh``."""
        return self._catalog

    async def _version(self) -> int:
        return await self._catalog.version()

    async def _read(self) -> SecurityRecords:
        return await self._catalog.load()

    def _image_of(self, read: SecurityRecords, old: SecurityImage | None) -> SecurityImage:
        return image_of(read, old)
