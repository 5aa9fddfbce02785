"""The registry's transactions: the schema registry keeps its tables in the cluster's database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.cluster.database import transaction
from app.cluster.errors import CatalogError
from schema_registry.errors import StoreUnavailable
from schema_registry.sql_store.sql_store import Transactions


def registry_transactions(engine: AsyncEngine) -> Transactions:
    """Return what begins a transaction on an engine, and says in the registry's words why not."""

    @asynccontextmanager
    async def begin(writes: bool) -> AsyncIterator[AsyncConnection]:
        try:
            async with transaction(engine, writes=writes) as connection:
                yield connection
        except CatalogError as error:
            raise StoreUnavailable(str(error)) from error

    return begin
