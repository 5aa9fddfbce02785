"""The store on a database that somebody else opens, migrates and closes.

Changes of this process wait here for each other: SQLite would have them look again and again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from schema_registry.errors import StoreUnavailable
from schema_registry.sql_store.reads import SqlReading
from schema_registry.sql_store.writes import SqlWriting

TURN_WAIT_S = 20.0
"""How long a change waits for those before it: they, too, give up when the database hangs."""

Transactions = Callable[[bool], AbstractAsyncContextManager[AsyncConnection]]
"""Begins a transaction, one that writes or not; commits at the block's end, or rolls back."""


class SqlStore:
    """What the registry keeps, in SQL."""

    def __init__(self, transactions: Transactions) -> None:
        """Use a database.

        Args:
            transactions: Raises ``StoreUnavailable`` where the database cannot be asked.
        """
        self._transactions = transactions
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlReading]:
        """Begin a transaction that sees one moment."""
        async with self._transactions(False) as connection:
            yield SqlReading(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SqlWriting]:
        """Begin a transaction that is alone."""
        try:
            async with asyncio.timeout(TURN_WAIT_S):
                await self._turn.acquire()
        except TimeoutError:
            raise StoreUnavailable("too many changes wait for the database") from None
        try:
            async with self._transactions(True) as connection:
                writing = SqlWriting(connection)
                await writing.begin()
                yield writing
        finally:
            self._turn.release()
