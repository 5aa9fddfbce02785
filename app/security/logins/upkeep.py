"""Upkeep of logins: writes down which keys were used, and forgets what is over."""

import asyncio
import logging

from app.cluster.errors import CatalogError
from app.cluster.security_catalog import SecurityCatalog
from app.security.logins.key_usage import WRITE_INTERVAL_S, KeyUsage
from app.telemetry.clock import Clock

_logger = logging.getLogger(__name__)

FORGET_EVERY = 20
"""Writes of key usage between two looks for expired rows."""


class Upkeep:
    """The background work of one node."""

    def __init__(
        self,
        catalog: SecurityCatalog,
        usage: KeyUsage,
        clock: Clock,
        *,
        interval_s: float = WRITE_INTERVAL_S,
    ) -> None:
        """Do nothing yet.

        Args:
            catalog: What is kept up.
            usage: Of this node.
            clock: Of this node.
            interval_s: Between two writes.
        """
        self._catalog = catalog
        self._usage = usage
        self._clock = clock
        self._interval_s = interval_s

    async def run(self) -> None:
        """Work until cancelled."""
        rounds = 0
        while True:
            if rounds % FORGET_EVERY == 0:
                await self._forget()
            rounds += 1
            await asyncio.sleep(self._interval_s)
            await self._usage.write(self._catalog)

    async def stop(self) -> None:
        """Write down what is not."""
        await self._usage.write(self._catalog)

    async def _forget(self) -> None:
        try:
            await self._catalog.forget_expired(self._clock.now_ms())
        except CatalogError as error:
            _logger.warning("expired tokens are not forgotten yet: %s", error)
