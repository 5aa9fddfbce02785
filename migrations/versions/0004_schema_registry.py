"""Schema registry: subjects, versions, schemas, settings, associations.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CONTEXT = sa.String(255)
SUBJECT = sa.String(512)


def upgrade() -> None:
    create_state()
    create_schemas()
    create_versions()
    create_settings()


def create_state() -> None:
    state = op.create_table(
        "registry_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_registry_state_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_registry_state"),
    )
    op.bulk_insert(state, [{"id": 1, "revision": 0}])
    op.create_table(
        "registry_contexts",
        sa.Column("context", CONTEXT, nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("context", name="pk_registry_contexts"),
    )


def create_schemas() -> None:
    op.create_table(
        "registry_schemas",
        sa.Column("context", CONTEXT, nullable=False),
        sa.Column("schema_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guid", sa.String(36), nullable=False),
        sa.Column("schema_type", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("context", "schema_id", name="pk_registry_schemas"),
    )
    op.create_index("ix_registry_schemas_guid", "registry_schemas", ["guid"])
    op.create_table(
        "registry_references",
        sa.Column("context", CONTEXT, nullable=False),
        sa.Column("schema_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_context", CONTEXT, nullable=False),
        sa.Column("to_subject", SUBJECT, nullable=False),
        sa.Column("to_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["context", "schema_id"],
            ["registry_schemas.context", "registry_schemas.schema_id"],
            name="fk_registry_references_context",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            *("context", "schema_id", "to_context", "to_subject", "to_version"),
            name="pk_registry_references",
        ),
    )
    op.create_index(
        "ix_registry_references_to_subject", "registry_references", ["to_subject", "to_context"]
    )


def create_versions() -> None:
    op.create_table(
        "registry_versions",
        sa.Column("context", CONTEXT, nullable=False),
        sa.Column("subject", SUBJECT, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("schema_id", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("registered_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["context", "schema_id"],
            ["registry_schemas.context", "registry_schemas.schema_id"],
            name="fk_registry_versions_context",
        ),
        sa.PrimaryKeyConstraint("context", "subject", "version", name="pk_registry_versions"),
    )
    op.create_index(
        "ix_registry_versions_schema_id", "registry_versions", ["schema_id", "context"]
    )
    op.create_index("ix_registry_versions_subject", "registry_versions", ["subject"])


def create_settings() -> None:
    op.create_table(
        "registry_settings",
        sa.Column("context", CONTEXT, nullable=False),
        sa.Column("subject", SUBJECT, nullable=False),
        sa.Column("config", sa.JSON()),
        sa.Column("mode", sa.String(32)),
        sa.PrimaryKeyConstraint("context", "subject", name="pk_registry_settings"),
    )
    op.create_table(
        "registry_associations",
        sa.Column("resource_id", SUBJECT, nullable=False),
        sa.Column("resource_type", sa.String(64), nullable=False),
        sa.Column("association_type", sa.String(64), nullable=False),
        sa.Column("resource_name", SUBJECT, nullable=False),
        sa.Column("resource_namespace", SUBJECT, nullable=False),
        sa.Column("context", CONTEXT, nullable=False),
        sa.Column("subject", SUBJECT, nullable=False),
        sa.Column("lifecycle", sa.String(16), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "resource_id", "resource_type", "association_type", name="pk_registry_associations"
        ),
    )
    op.create_index(
        "ix_registry_associations_subject", "registry_associations", ["subject", "context"]
    )


def downgrade() -> None:
    for name in (
        "registry_associations",
        "registry_settings",
        "registry_versions",
        "registry_references",
        "registry_schemas",
        "registry_contexts",
        "registry_state",
    ):
        op.drop_table(name)
