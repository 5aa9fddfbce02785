"""Watcher: holds the metadata image of this node and replaces it when the cluster's changed."""

from collections.abc import Callable

from app.cluster.catalog import Catalog
from app.cluster.image_watcher import POLL_INTERVAL_S, ImageWatcher
from app.cluster.metadata_image import MetadataImage

Subscriber = Callable[[MetadataImage | None, MetadataImage], None]


class MetadataWatcher(ImageWatcher[MetadataImage, MetadataImage]):
    """The current image, and who wants to know of the next."""

    what = "metadata"

    def __init__(self, catalog: Catalog, *, poll_interval_s: float = POLL_INTERVAL_S) -> None:
        """Hold nothing until the first ``refresh``."""
        super().__init__(poll_interval_s=poll_interval_s)
        self._catalog = catalog

    @property
    def image(self) -> MetadataImage:
        """The image of this moment, always a whole one."""
        assert self._current is not None, "refresh() comes first"
        return self._current

    async def _version(self) -> int:
        return await self._catalog.version()

    async def _read(self) -> MetadataImage:
        return await self._catalog.load_image()

    def _image_of(self, read: MetadataImage, old: MetadataImage | None) -> MetadataImage:
        return read
