"""The catalog on SQLite and on a real PostgreSQL: the same tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData

from app.cluster import tables
from app.cluster.catalog import Catalog
from app.cluster.database import create_engine, sqlite_url, transaction
from app.cluster.errors import (
    DatabaseTooNew,
    DatabaseUnavailable,
    InvalidPartitionCount,
    InvalidReplicationFactor,
    TopicExists,
    UnknownTopic,
)
from app.cluster.metadata_image import BrokerRegistration
from app.cluster.watcher import MetadataWatcher
from schema_registry.sql_store import tables as registry_tables
from tests.support.postgres import postgresql

pytestmark = pytest.mark.slow

BROKER = BrokerRegistration(node_id=1, host="h", http_port=1, kafka_port=2)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "cauce.db")
        return
    address = request.getfixturevalue("server")
    yield address
    engine = create_engine(address)
    async with transaction(engine, writes=True) as connection:
        await connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        await connection.exec_driver_sql("CREATE SCHEMA public")
    await engine.dispose()


@pytest.fixture
async def catalog(url: str) -> AsyncIterator[Catalog]:
    catalog = await Catalog.open(url)
    await catalog.register_broker(BROKER)
    yield catalog
    await catalog.close()


async def test_a_topic_is_created_changed_and_deleted(catalog: Catalog) -> None:
    created = await catalog.create_topic("orders", 3, configs={"segment.bytes": "5000"})
    grown = await catalog.add_partitions("orders", 5)
    altered = await catalog.alter_configs(
        "orders", set_configs={"flush.ms": "7"}, delete=["segment.bytes"]
    )

    image = await catalog.load_image()
    assert image.topics == {"orders": altered}
    assert [one.partition for one in grown.partitions] == [0, 1, 2, 3, 4]
    assert {one.replicas for one in created.partitions} == {(1,)}
    assert altered.configs == {"flush.ms": "7"}
    await catalog.delete_topic("orders")
    assert (await catalog.load_image()).topics == {}
    assert await catalog.deleted_topic_ids() == {created.topic_id}


async def test_refusals_change_nothing(catalog: Catalog) -> None:
    await catalog.create_topic("a.b", 2)
    for name in ("a.b", "a_b"):
        with pytest.raises(TopicExists):
            await catalog.create_topic(name, 1)
    with pytest.raises(InvalidReplicationFactor):
        await catalog.create_topic("other", 1, replication_factor=2)
    with pytest.raises(InvalidPartitionCount):
        await catalog.add_partitions("a.b", 2)
    with pytest.raises(UnknownTopic):
        await catalog.delete_topic("other")

    assert list((await catalog.load_image()).topics) == ["a.b"]


async def test_one_of_many_creators_of_a_name_wins(catalog: Catalog) -> None:
    creators = [catalog.create_topic("race", 1) for _ in range(8)]

    outcomes = await asyncio.gather(*creators, return_exceptions=True)

    assert sum(isinstance(one, TopicExists) for one in outcomes) == 7


async def test_a_restart_keeps_the_cluster_and_raises_the_broker_epoch(
    url: str, catalog: Catalog
) -> None:
    first = await catalog.load_image()
    again = await Catalog.open(url)

    epoch = await again.register_broker(BROKER)

    assert await again.cluster_id() == first.cluster_id
    assert epoch > first.brokers[1].broker_epoch
    await again.close()


async def test_the_watcher_hands_on_whole_images(catalog: Catalog) -> None:
    watcher = MetadataWatcher(catalog)
    seen: list[tuple[int | None, int]] = []
    await watcher.refresh()
    watcher.subscribe(lambda old, new: seen.append((old and old.version, new.version)))

    await catalog.create_topic("t", 1)
    image = await watcher.refresh()
    await watcher.refresh()

    assert seen == [(None, image.version - 1), (image.version - 1, image.version)]


async def test_an_image_is_of_one_moment_while_topics_come_and_go(catalog: Catalog) -> None:
    async def come_and_go() -> None:
        for _ in range(20):
            await catalog.create_topic("t", 2, configs={"flush.ms": "7"})
            await catalog.delete_topic("t")

    async with asyncio.TaskGroup() as tasks:
        changing = tasks.create_task(come_and_go())
        while not changing.done():
            image = await catalog.load_image()
            for topic in image.topics.values():
                assert (len(topic.partitions), topic.configs) == (2, {"flush.ms": "7"})


async def test_migrations_make_what_the_tables_say(url: str, catalog: Catalog) -> None:
    engine = create_engine(url)
    declared = MetaData()
    for table in (*tables.metadata.sorted_tables, *registry_tables.metadata.sorted_tables):
        table.to_metadata(declared)
    async with transaction(engine, writes=False) as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), declared)
        )
    await engine.dispose()

    assert differences == []


async def test_a_newer_database_is_refused(url: str, catalog: Catalog) -> None:
    engine = create_engine(url)
    async with transaction(engine, writes=True) as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await engine.dispose()

    with pytest.raises(DatabaseTooNew):
        await Catalog.open(url)


async def test_a_database_that_is_away_is_said_to_be() -> None:
    with pytest.raises(DatabaseUnavailable):
        await Catalog.open("postgresql://nobody@127.0.0.1:1/none")
