"""The registry's transactions on the cluster's database."""

from pathlib import Path

import pytest

from app.cluster.database import create_engine, sqlite_url
from app.cluster.registry_database import registry_transactions
from app.cluster.schema import migrate
from schema_registry.errors import StoreUnavailable
from schema_registry.sql_store.sql_store import SqlStore


async def test_the_registry_finds_its_tables(tmp_path: Path) -> None:
    engine = create_engine(sqlite_url(tmp_path / "a.db"))
    await migrate(engine)
    store = SqlStore(registry_transactions(engine))

    async with store.writing() as writing:
        assert await writing.take_id(".") == 1

    async with store.reading() as reading:
        assert await reading.revision() == 1
    await engine.dispose()


async def test_a_database_that_is_away_is_said_in_the_registry_s_words(tmp_path: Path) -> None:
    engine = create_engine(sqlite_url(tmp_path / "none" / "a.db"))

    with pytest.raises(StoreUnavailable, match="not available"):
        async with SqlStore(registry_transactions(engine)).reading():
            pass
    await engine.dispose()
