"""Key usage: when API keys were last used, kept in memory and written down now and then.

A node that is killed forgets what it had not written: at most ``WRITE_INTERVAL_S`` of it.
"""

import logging

from app.cluster.errors import CatalogError
from app.cluster.security_catalog import SecurityCatalog

_logger = logging.getLogger(__name__)

WRITE_INTERVAL_S = 30.0


class KeyUsage:
    """The last use of each key that was used since it was last written down."""

    def __init__(self) -> None:
        """Know of no use."""
        self._used: dict[str, int] = {}

    def used(self, key_id: str, now_ms: int) -> None:
        """Note that a key that exists was used."""
        self._used[key_id] = now_ms

    async def write(self, catalog: SecurityCatalog) -> None:
        """Write down what is not; what cannot be written is kept for the next time."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await catalog.note_used(used)
        except CatalogError as error:
            _logger.warning("the last use of API keys is not written down: %s", error)
            self._used = used | self._used
