"""Cluster metadata: cluster, brokers, topics, partitions, configs, tombstones.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cluster",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.String(22), nullable=False),
        sa.Column("metadata_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_cluster_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_cluster"),
    )
    op.create_table(
        "brokers",
        sa.Column("node_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("http_port", sa.Integer(), nullable=False),
        sa.Column("kafka_port", sa.Integer(), nullable=False),
        sa.Column("rack", sa.String(255)),
        sa.Column("broker_epoch", sa.BigInteger(), nullable=False),
        sa.Column("registered_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node_id", name="pk_brokers"),
    )
    op.create_table(
        "topics",
        sa.Column("topic_id", sa.String(22), nullable=False),
        sa.Column("name", sa.String(249), nullable=False),
        sa.Column("collision_key", sa.String(249), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic_id", name="pk_topics"),
        sa.UniqueConstraint("name", name="uq_topics_name"),
        sa.UniqueConstraint("collision_key", name="uq_topics_collision_key"),
    )
    op.create_table(
        "partitions",
        sa.Column("topic_id", sa.String(22), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("leader", sa.Integer(), nullable=False),
        sa.Column("leader_epoch", sa.Integer(), nullable=False),
        sa.Column("partition_epoch", sa.Integer(), nullable=False),
        sa.Column("replicas", sa.JSON(), nullable=False),
        sa.Column("isr", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.topic_id"], name="fk_partitions_topic_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("topic_id", "partition", name="pk_partitions"),
    )
    op.create_table(
        "topic_configs",
        sa.Column("topic_id", sa.String(22), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.topic_id"], name="fk_topic_configs_topic_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("topic_id", "name", name="pk_topic_configs"),
    )
    op.create_table(
        "deleted_topics",
        sa.Column("topic_id", sa.String(22), nullable=False),
        sa.Column("deleted_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic_id", name="pk_deleted_topics"),
    )


def downgrade() -> None:
    for name in ("deleted_topics", "topic_configs", "partitions", "topics", "brokers", "cluster"):
        op.drop_table(name)
