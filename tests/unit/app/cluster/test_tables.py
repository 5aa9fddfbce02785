"""The tables: names that migrations can rely on, widths that hold what the broker allows."""

import pytest
import sqlalchemy
from sqlalchemy import BigInteger, Engine, Integer, event, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from app.broker.topics import NAME_CHARS_MAX
from app.cluster import tables
from app.cluster.catalog import new_id

TOPIC = {"is_internal": False, "created_at_ms": 2**62}


@pytest.fixture
def engine() -> Engine:
    """A database in memory with every table, foreign keys enforced as on a node."""
    engine = sqlalchemy.create_engine("sqlite://")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
    tables.metadata.create_all(engine)
    return engine


def add_topic(engine: Engine, name: str, topic_id: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(tables.topics).values(
                topic_id=topic_id, name=name, collision_key=name.replace(".", "_"), **TOPIC
            )
        )


def test_columns_hold_what_the_broker_allows() -> None:
    assert tables.TOPIC_NAME_CHARS == NAME_CHARS_MAX
    assert len(new_id()) == tables.TOPIC_ID_CHARS


def test_times_versions_and_epochs_of_brokers_are_of_64_bits() -> None:
    for table in tables.metadata.tables.values():
        for column in table.columns:
            if column.name.endswith("_ms") or column.name in ("metadata_version", "broker_epoch"):
                assert isinstance(column.type, BigInteger), column
            elif column.name.endswith("_epoch"):
                assert isinstance(column.type, Integer), column


def test_every_constraint_has_a_name_that_a_migration_can_call_it_by(engine: Engine) -> None:
    for table in tables.metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name, f"{table.name}: {constraint}"
    assert set(inspect(engine).get_table_names()) == set(tables.metadata.tables)


def test_there_is_one_cluster_and_no_second(engine: Engine) -> None:
    row = {"cluster_id": new_id(), "metadata_version": 1, "created_at_ms": 1}
    with engine.begin() as connection:
        connection.execute(insert(tables.cluster).values(id=1, **row))

    for number in (1, 2):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(insert(tables.cluster).values(id=number, **row))


def test_names_that_collide_cannot_both_be_there(engine: Engine) -> None:
    add_topic(engine, "a.b", new_id())

    for name in ("a.b", "a_b"):
        with pytest.raises(IntegrityError):
            add_topic(engine, name, new_id())


def test_partitions_and_configs_go_with_their_topic_and_need_one(engine: Engine) -> None:
    topic_id = new_id()
    add_topic(engine, "t", topic_id)
    partition = {
        "partition": 0,
        "leader": 1,
        "leader_epoch": 0,
        "partition_epoch": 0,
        "replicas": [1],
        "isr": [1],
    }
    config = {"name": "segment.ms", "value": "1"}
    with engine.begin() as connection:
        connection.execute(insert(tables.partitions).values(topic_id=topic_id, **partition))
        connection.execute(insert(tables.topic_configs).values(topic_id=topic_id, **config))
        connection.execute(sqlalchemy.delete(tables.topics))

    with engine.begin() as connection:
        for table in (tables.partitions, tables.topic_configs):
            assert connection.execute(select(table)).all() == []
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(insert(tables.partitions).values(topic_id=topic_id, **partition))
