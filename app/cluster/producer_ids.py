"""Producer ids: numbers for idempotent producers that nobody else in the cluster has.

A node takes them from the database in blocks, and gives them out one by one. What a node had of a
block when it ended is never given out.

Invariants:
    No id is given out twice, by whichever node: a block is written down before it is used.
Source: KIP-730 (blocks of producer ids).
"""

import asyncio

from app.cluster.catalog import Catalog

BLOCK_SIZE = 1_000
"""As Kafka's."""


class ProducerIds:
    """The ids of one node."""

    def __init__(self, catalog: Catalog, block_size: int = BLOCK_SIZE) -> None:
        """Have none yet.

        Args:
            catalog: Where blocks are taken from.
            block_size: Ids of each.
        """
        self._catalog = catalog
        self._block_size = block_size
        self._next = 0
        self._end = 0
        self._taking = asyncio.Lock()

    async def new(self) -> int:
        """Return an id that nobody has.

        Raises:
            CatalogError: The database cannot be asked.
        """
        async with self._taking:
            if self._next == self._end:
                self._next = await self._catalog.take_producer_ids(self._block_size)
                self._end = self._next + self._block_size
            producer_id = self._next
            self._next += 1
        return producer_id
