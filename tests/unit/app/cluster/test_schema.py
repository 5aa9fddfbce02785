"""Migrations: what they make, what they leave alone, what they refuse."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cluster import alembic_upgrade, security_tables, tables
from app.cluster.catalog import Catalog
from app.cluster.database import create_engine, sqlite_url, transaction
from app.cluster.errors import DatabaseTooNew, DatabaseUnavailable
from app.cluster.schema import migrate
from schema_registry.sql_store import tables as registry_tables

ALL_TABLES = MetaData()
for metadata in (security_tables.metadata, registry_tables.metadata):
    for table in metadata.tables.values():
        table.to_metadata(ALL_TABLES)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(sqlite_url(tmp_path / "a.db"))
    yield engine
    await engine.dispose()


async def table_names(engine: AsyncEngine) -> set[str]:
    async with transaction(engine, writes=False) as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with transaction(engine, writes=True) as connection:
        await connection.exec_driver_sql(statement)


async def test_new_database_gets_the_tables_that_the_code_uses(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), ALL_TABLES)

    await migrate(engine)

    async with transaction(engine, writes=False) as connection:
        assert await connection.run_sync(differences) == []
    assert await table_names(engine) == {*ALL_TABLES.tables, "alembic_version"}


async def test_migrating_again_changes_nothing(engine: AsyncEngine, tmp_path: Path) -> None:
    catalog = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    before = await catalog.load_image()

    await migrate(engine)

    assert await catalog.load_image() == before
    await catalog.close()


async def test_migrations_are_found_from_any_directory(
    engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    await migrate(engine)

    assert "cluster" in await table_names(engine)


async def test_database_that_is_up_to_date_is_only_looked_at(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(engine)
    monkeypatch.delattr(alembic_upgrade, "upgrade")

    await migrate(engine)
    with pytest.raises(ImportError):
        await migrate(engine, "0004")


async def test_database_of_a_newer_version_is_refused_by_its_revision_and_not_touched(
    engine: AsyncEngine,
) -> None:
    await migrate(engine)
    await execute(engine, "UPDATE alembic_version SET version_num = 'from-2030'")
    await execute(engine, "DROP TABLE topic_configs")
    before = await table_names(engine)

    with pytest.raises(DatabaseTooNew, match="from-2030"):
        await migrate(engine)

    assert await table_names(engine) == before


async def test_migration_that_fails_leaves_no_table_behind(engine: AsyncEngine) -> None:
    await execute(engine, "CREATE TABLE topics (something TEXT)")

    with pytest.raises(DatabaseUnavailable, match="already exists"):
        await migrate(engine)

    assert await table_names(engine) == {"topics"}


async def test_there_is_one_cluster_in_a_database(engine: AsyncEngine) -> None:
    await migrate(engine)
    row = "INSERT INTO cluster VALUES ({}, 'c', 0, 0, 0, 0)"
    await execute(engine, row.format(1))

    with pytest.raises(IntegrityError):
        await execute(engine, row.format(2))


@pytest.mark.parametrize("table", ["partitions", "topic_configs"])
async def test_nothing_belongs_to_a_topic_that_is_not_there(
    engine: AsyncEngine, table: str
) -> None:
    await migrate(engine)
    values = ", ".join(["'none'"] + ["1"] * (len(tables.metadata.tables[table].columns) - 1))

    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        await execute(engine, f"INSERT INTO {table} VALUES ({values})")


async def test_database_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    engine = create_engine(sqlite_url(tmp_path / "none" / "a.db"))

    with pytest.raises(DatabaseUnavailable):
        await migrate(engine)

    assert list(tmp_path.iterdir()) == []


async def test_login_of_an_older_version_ends_when_it_is_not_used(engine: AsyncEngine) -> None:
    await migrate(engine, "0005")
    await execute(engine, "INSERT INTO users VALUES ('alice', NULL, 1, 1)")
    await execute(
        engine, "INSERT INTO refresh_tokens VALUES (x'00', 'f', 'alice', NULL, 1000, NULL)"
    )

    await migrate(engine)

    async with transaction(engine, writes=False) as connection:
        found = await connection.exec_driver_sql("SELECT login_ends_at_ms FROM refresh_tokens")
        assert found.scalar_one() == 1000
