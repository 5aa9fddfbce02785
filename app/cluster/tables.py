"""The tables of the cluster metadata.

Every change raises ``cluster.metadata_version`` in its own transaction: that one row is what
nodes watch, and the lock that puts changes in an order.
Migrations live in ``migrations/``; a test holds the two against each other.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

TOPIC_NAME_CHARS = 249
TOPIC_ID_CHARS = 22

cluster = Table(
    "cluster",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("cluster_id", String(TOPIC_ID_CHARS), nullable=False),
    Column("metadata_version", BigInteger, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("next_producer_id", BigInteger, nullable=False, server_default="0"),
    Column("security_version", BigInteger, nullable=False, server_default="0"),
)

brokers = Table(
    "brokers",
    metadata,
    Column("node_id", Integer, primary_key=True, autoincrement=False),
    Column("host", String(255), nullable=False),
    Column("http_port", Integer, nullable=False),
    Column("kafka_port", Integer, nullable=False),
    Column("rack", String(255)),
    Column("broker_epoch", BigInteger, nullable=False),
    Column("registered_at_ms", BigInteger, nullable=False),
)

topics = Table(
    "topics",
    metadata,
    Column("topic_id", String(TOPIC_ID_CHARS), primary_key=True),
    Column("name", String(TOPIC_NAME_CHARS), nullable=False, unique=True),
    Column("collision_key", String(TOPIC_NAME_CHARS), nullable=False, unique=True),
    Column("is_internal", Boolean, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)

partitions = Table(
    "partitions",
    metadata,
    Column("topic_id", ForeignKey("topics.topic_id", ondelete="CASCADE"), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("leader", Integer, nullable=False),
    Column("leader_epoch", Integer, nullable=False),
    Column("partition_epoch", Integer, nullable=False),
    Column("replicas", JSON, nullable=False),
    Column("isr", JSON, nullable=False),
)

topic_configs = Table(
    "topic_configs",
    metadata,
    Column("topic_id", ForeignKey("topics.topic_id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("value", Text, nullable=False),
)

deleted_topics = Table(
    "deleted_topics",
    metadata,
    Column("topic_id", String(TOPIC_ID_CHARS), primary_key=True),
    Column("deleted_at_ms", BigInteger, nullable=False),
)
"""Tombstones: logs of these ids found on a disk are to be deleted (T17)."""

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(64), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)
"""What all nodes of the cluster sign with, in hexadecimal digits."""
