"""Catalog: the cluster metadata in SQL, and the only module that changes it.

Every change is one transaction that first raises the metadata version: the row lock it takes
puts changes in an order on PostgreSQL, ``BEGIN IMMEDIATE`` does on SQLite. So a change sees all
those before it, and what it checks still holds when it commits.

Invariants:
    A topic's partitions are numbered from 0 without a gap, each with the same number of replicas.
    Topic ids are never used again.
"""

import secrets
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.cluster import tables
from app.cluster.database import create_engine, settled, to_its_end, transaction
from app.cluster.errors import (
    InvalidPartitionCount,
    InvalidReplicationFactor,
    InvalidTopicName,
    TopicExists,
    UnknownTopic,
)
from app.cluster.metadata_image import (
    BrokerRegistration,
    MetadataImage,
    PartitionMetadata,
    TopicMetadata,
    collision_key,
)
from app.cluster.schema import migrate

INSERT_ROWS_MAX = 1_000
"""Rows of one insert statement."""

SECRET_BYTES = 32


def new_id() -> str:
    """Return a random id in Kafka's form: a UUID in 22 characters of URL-safe base64.

    Not beginning with a dash, which command lines would take for an option.
    """
    while True:
        text = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


class Catalog:
    """Cluster metadata in a database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    async def open(cls, database_url: str) -> "Catalog":
        """Connect, bring the tables up to date, make the cluster if the database is new.

        Raises:
            CatalogError: Why not.
        """
        engine = create_engine(database_url)
        try:
            await migrate(engine)
            catalog = cls(engine)
            await catalog._ensure_cluster()
        except BaseException:
            await engine.dispose()
            raise
        return catalog

    @property
    def engine(self) -> AsyncEngine:
        """The database, for others who keep tables in it."""
        return self._engine

    async def close(self) -> None:
        """Close every connection, when what is under way has come to its end."""
        await settled()
        await self._engine.dispose()

    @to_its_end
    async def cluster_id(self) -> str:
        """Return the id of this cluster."""
        async with transaction(self._engine, writes=False) as connection:
            row = await connection.execute(select(tables.cluster.c.cluster_id))
            return str(row.scalar_one())

    @to_its_end
    async def version(self) -> int:
        """Return the version of the metadata: another one means that something changed."""
        async with transaction(self._engine, writes=False) as connection:
            row = await connection.execute(select(tables.cluster.c.metadata_version))
            return int(row.scalar_one())

    @to_its_end
    async def register_broker(self, broker: BrokerRegistration) -> int:
        """Write down where a node is reached; return its new broker epoch."""
        async with transaction(self._engine, writes=True) as connection:
            version = await _raise_version(connection)
            values = {
                "host": broker.host,
                "http_port": broker.http_port,
                "kafka_port": broker.kafka_port,
                "rack": broker.rack,
                "broker_epoch": version,
                "registered_at_ms": _now_ms(),
            }
            table = tables.brokers
            known = table.c.node_id == broker.node_id
            changed = await connection.execute(update(table).where(known).values(values))
            if changed.rowcount == 0:
                await connection.execute(insert(table).values(node_id=broker.node_id, **values))
        return version

    @to_its_end
    async def create_topic(
        self,
        name: str,
        partitions: int | Sequence[Sequence[int]],
        *,
        replication_factor: int = 1,
        configs: Mapping[str, str] | None = None,
        is_internal: bool = False,
    ) -> TopicMetadata:
        """Create a topic.

        Args:
            name: Checked by the caller against Kafka's rule.
            partitions: How many, or the replicas of each.
            replication_factor: Replicas of each, if only a number is given.
            configs: What differs from the defaults.
            is_internal: The broker's own.

        Raises:
            CatalogError: Why not; nothing was changed unless it is ``DatabaseUnavailable``.
        """
        if not 0 < len(name) <= tables.TOPIC_NAME_CHARS:
            raise InvalidTopicName(f"a topic name has 1 to {tables.TOPIC_NAME_CHARS} characters")
        topic_id = new_id()
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            await _check_name(connection, name)
            if isinstance(partitions, int):
                nodes = await _node_ids(connection)
                assigned = _assign(nodes, partitions, replication_factor, first=0)
            else:
                assigned = [tuple(replicas) for replicas in partitions]
            try:
                await connection.execute(
                    insert(tables.topics).values(
                        topic_id=topic_id,
                        name=name,
                        collision_key=collision_key(name),
                        is_internal=is_internal,
                        created_at_ms=_now_ms(),
                    )
                )
            except IntegrityError as error:
                raise TopicExists(f"Topic '{name}' already exists.") from error
            await _insert_partitions(connection, topic_id, 0, assigned)
            await _insert_configs(connection, topic_id, configs or {})
            return await _load_topic(connection, name)

    @to_its_end
    async def delete_topic(self, name: str) -> None:
        """Delete a topic, leaving a tombstone of its id.

        Raises:
            UnknownTopic: There is none.
        """
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            topic_id = await _topic_id(connection, name)
            for table in (tables.topic_configs, tables.partitions, tables.topics):
                await connection.execute(delete(table).where(table.c.topic_id == topic_id))
            await connection.execute(
                insert(tables.deleted_topics).values(topic_id=topic_id, deleted_at_ms=_now_ms())
            )

    @to_its_end
    async def add_partitions(
        self, name: str, total: int, *, replicas: Sequence[Sequence[int]] | None = None
    ) -> TopicMetadata:
        """Raise a topic's number of partitions to a total.

        Args:
            name: The topic.
            total: How many it is to have.
            replicas: Those of each new one; the brokers in turn if None.

        Raises:
            UnknownTopic: There is none.
            InvalidPartitionCount: The total is not larger than today's number.
        """
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            topic = await _load_topic(connection, name)
            present = len(topic.partitions)
            if total <= present:
                raise InvalidPartitionCount(
                    f"Topic '{name}' has {present} partitions; {total} is not more"
                )
            added = replicas
            if added is None:
                nodes = await _node_ids(connection)
                added = _assign(nodes, total - present, topic.replication_factor, first=present)
            assert len(added) == total - present, "each new partition has its replicas"
            await _insert_partitions(connection, topic.topic_id, present, added)
            return await _load_topic(connection, name)

    @to_its_end
    async def alter_configs(
        self, name: str, *, set_configs: Mapping[str, str], delete: Collection[str] = ()
    ) -> TopicMetadata:
        """Set and remove configs of a topic, all or none.

        Raises:
            UnknownTopic: There is none.
        """
        table = tables.topic_configs
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            topic_id = await _topic_id(connection, name)
            gone = [*set_configs, *delete]
            await connection.execute(
                table.delete().where(table.c.topic_id == topic_id, table.c.name.in_(gone))
            )
            await _insert_configs(connection, topic_id, set_configs)
            return await _load_topic(connection, name)

    @staticmethod
    def check_name_is_free(image: MetadataImage, name: str) -> None:
        """Refuse a name that is taken in an image; what a create would find, without one.

        Raises:
            TopicExists: It is taken, or collides.
        """
        for taken in image.topics:
            if collision_key(taken) == collision_key(name):
                raise TopicExists(f"Topic '{name}' already exists or collides with '{taken}'.")

    @to_its_end
    async def take_producer_ids(self, count: int) -> int:
        """Take ids that no other node gets; return the first of them."""
        table = tables.cluster
        raised = update(table).values(next_producer_id=table.c.next_producer_id + count)
        async with transaction(self._engine, writes=True) as connection:
            end = await connection.execute(raised.returning(table.c.next_producer_id))
            return int(end.scalar_one()) - count

    @to_its_end
    async def secret(self, name: str) -> bytes:
        """Return what all nodes sign with for a purpose, made up when the first of them asks."""
        table = tables.secrets
        async with transaction(self._engine, writes=True) as connection:
            known = select(table.c.value).where(table.c.name == name)
            value = (await connection.execute(known)).scalar_one_or_none()
            if value is None:
                # Raised first, for that is what puts changes in an order on PostgreSQL.
                await _raise_version(connection)
                value = (await connection.execute(known)).scalar_one_or_none()
            if value is None:
                value = secrets.token_hex(SECRET_BYTES)
                made = insert(table).values(name=name, value=value, created_at_ms=_now_ms())
                await connection.execute(made)
            return bytes.fromhex(value)

    @to_its_end
    async def deleted_topic_ids(self) -> set[str]:
        """Return the ids of topics that were deleted."""
        async with transaction(self._engine, writes=False) as connection:
            rows = await connection.execute(select(tables.deleted_topics.c.topic_id))
            return {str(row[0]) for row in rows}

    @to_its_end
    async def load_image(self) -> MetadataImage:
        """Read everything, in one transaction."""
        async with transaction(self._engine, writes=False) as connection:
            cluster = (await connection.execute(select(tables.cluster))).one()
            brokers = (await connection.execute(select(tables.brokers))).all()
            topics = await _load_topics(connection, None)
        registered = {
            row.node_id: BrokerRegistration(
                node_id=row.node_id,
                host=row.host,
                http_port=row.http_port,
                kafka_port=row.kafka_port,
                rack=row.rack,
                broker_epoch=row.broker_epoch,
            )
            for row in brokers
        }
        return MetadataImage(
            version=cluster.metadata_version,
            cluster_id=cluster.cluster_id,
            controller_id=min(registered, default=None),
            brokers=registered,
            topics={topic.name: topic for topic in topics},
        )

    async def _ensure_cluster(self) -> None:
        async with transaction(self._engine, writes=True) as connection:
            if (await connection.execute(select(tables.cluster.c.id))).first() is None:
                await connection.execute(
                    insert(tables.cluster).values(
                        id=1, cluster_id=new_id(), metadata_version=0, created_at_ms=_now_ms()
                    )
                )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _raise_version(connection: AsyncConnection) -> int:
    table = tables.cluster
    raised = update(table).values(metadata_version=table.c.metadata_version + 1)
    result = await connection.execute(raised.returning(table.c.metadata_version))
    return int(result.scalar_one())


async def _check_name(connection: AsyncConnection, name: str) -> None:
    table = tables.topics
    key = table.c.collision_key == collision_key(name)
    taken = (await connection.execute(select(table.c.name).where(key))).scalar_one_or_none()
    if taken == name:
        raise TopicExists(f"Topic '{name}' already exists.")
    if taken is not None:
        raise TopicExists(f"Topic '{name}' collides with existing topic '{taken}'.")


async def _topic_id(connection: AsyncConnection, name: str) -> str:
    table = tables.topics
    found = await connection.execute(select(table.c.topic_id).where(table.c.name == name))
    topic_id = found.scalar_one_or_none()
    if topic_id is None:
        raise UnknownTopic(f"This server does not host topic '{name}'.")
    return str(topic_id)


async def _node_ids(connection: AsyncConnection) -> list[int]:
    rows = await connection.execute(select(tables.brokers.c.node_id))
    return sorted(int(row[0]) for row in rows)


def _assign(
    nodes: Sequence[int], count: int, replication_factor: int, *, first: int
) -> list[tuple[int, ...]]:
    """Give each partition its replicas, round robin over the nodes."""
    if count < 1:
        raise InvalidPartitionCount(f"{count} partitions are not possible")
    if not 1 <= replication_factor <= len(nodes):
        raise InvalidReplicationFactor(
            f"Replication factor {replication_factor} with {len(nodes)} brokers is not possible"
        )
    return [
        tuple(nodes[(first + number + more) % len(nodes)] for more in range(replication_factor))
        for number in range(count)
    ]


async def _insert_partitions(
    connection: AsyncConnection, topic_id: str, first: int, assigned: Sequence[Sequence[int]]
) -> None:
    rows = [
        {
            "topic_id": topic_id,
            "partition": first + number,
            "leader": replicas[0],
            "leader_epoch": 0,
            "partition_epoch": 0,
            "replicas": list(replicas),
            "isr": list(replicas),
        }
        for number, replicas in enumerate(assigned)
    ]
    for start in range(0, len(rows), INSERT_ROWS_MAX):
        await connection.execute(insert(tables.partitions), rows[start : start + INSERT_ROWS_MAX])


async def _insert_configs(
    connection: AsyncConnection, topic_id: str, configs: Mapping[str, str]
) -> None:
    if configs:
        rows = [
            {"topic_id": topic_id, "name": name, "value": value} for name, value in configs.items()
        ]
        await connection.execute(insert(tables.topic_configs), rows)


async def _load_topic(connection: AsyncConnection, name: str) -> TopicMetadata:
    found = await _load_topics(connection, name)
    if not found:
        raise UnknownTopic(f"This server does not host topic '{name}'.")
    return found[0]


async def _load_topics(connection: AsyncConnection, name: str | None) -> list[TopicMetadata]:
    topics, partitions, configs = tables.topics, tables.partitions, tables.topic_configs
    wanted = select(topics)
    held = select(partitions).order_by(partitions.c.topic_id, partitions.c.partition)
    set_on = select(configs)
    if name is not None:
        wanted = wanted.where(topics.c.name == name)
        ids = select(topics.c.topic_id).where(topics.c.name == name)
        held = held.where(partitions.c.topic_id.in_(ids))
        set_on = set_on.where(configs.c.topic_id.in_(ids))
    rows = (await connection.execute(wanted)).all()
    names = {row.topic_id: row.name for row in rows}
    by_topic: dict[str, list[PartitionMetadata]] = {row.topic_id: [] for row in rows}
    for row in await connection.execute(held):
        by_topic[row.topic_id].append(
            PartitionMetadata(
                topic_id=row.topic_id,
                topic_name=names[row.topic_id],
                partition=row.partition,
                leader=row.leader,
                leader_epoch=row.leader_epoch,
                replicas=tuple(row.replicas),
                isr=tuple(row.isr),
            )
        )
    overrides: dict[str, dict[str, str]] = {row.topic_id: {} for row in rows}
    for row in await connection.execute(set_on):
        overrides[row.topic_id][row.name] = row.value
    return [
        TopicMetadata(
            topic_id=row.topic_id,
            name=row.name,
            is_internal=row.is_internal,
            partitions=tuple(by_topic[row.topic_id]),
            configs=overrides[row.topic_id],
        )
        for row in rows
    ]
