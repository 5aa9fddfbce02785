"""The registry's tables.

One row, ``registry_state``, is locked by every change: it puts changes in an order, and its
revision is what caches look at. Migrations live in ``migrations/``; a test holds the two against
each other.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from schema_registry.subjects import CONTEXT_CHARS_MAX, SUBJECT_CHARS_MAX

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

state = Table(
    "registry_state",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

contexts = Table(
    "registry_contexts",
    metadata,
    Column("context", String(CONTEXT_CHARS_MAX), primary_key=True),
    Column("last_id", BigInteger, nullable=False),
)

schemas = Table(
    "registry_schemas",
    metadata,
    Column("context", String(CONTEXT_CHARS_MAX), primary_key=True),
    Column("schema_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guid", String(36), nullable=False),
    Column("schema_type", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Index("ix_registry_schemas_guid", "guid"),
)
"""``content`` holds references, metadata and rule set, where there are any."""

schema_references = Table(
    "registry_references",
    metadata,
    Column("context", String(CONTEXT_CHARS_MAX), primary_key=True),
    Column("schema_id", BigInteger, primary_key=True, autoincrement=False),
    Column("to_context", String(CONTEXT_CHARS_MAX), primary_key=True),
    Column("to_subject", String(SUBJECT_CHARS_MAX), primary_key=True),
    Column("to_version", Integer, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(
        ["context", "schema_id"],
        ["registry_schemas.context", "registry_schemas.schema_id"],
        ondelete="CASCADE",
    ),
    Index("ix_registry_references_to_subject", "to_subject", "to_context"),
)

versions = Table(
    "registry_versions",
    metadata,
    Column("context", String(CONTEXT_CHARS_MAX), primary_key=True),
    Column("subject", String(SUBJECT_CHARS_MAX), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("schema_id", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("registered_at_ms", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["context", "schema_id"],
        ["registry_schemas.context", "registry_schemas.schema_id"],
    ),
    Index("ix_registry_versions_schema_id", "schema_id", "context"),
    Index("ix_registry_versions_subject", "subject"),
)

settings = Table(
    "registry_settings",
    metadata,
    Column("context", String(CONTEXT_CHARS_MAX), primary_key=True),
    Column("subject", String(SUBJECT_CHARS_MAX), primary_key=True),
    Column("config", JSON(none_as_null=True)),
    Column("mode", String(32)),
)
"""Of a subject, or with an empty name of a context."""

associations = Table(
    "registry_associations",
    metadata,
    Column("resource_id", String(SUBJECT_CHARS_MAX), primary_key=True),
    Column("resource_type", String(64), primary_key=True),
    Column("association_type", String(64), primary_key=True),
    Column("resource_name", String(SUBJECT_CHARS_MAX), nullable=False),
    Column("resource_namespace", String(SUBJECT_CHARS_MAX), nullable=False),
    Column("context", String(CONTEXT_CHARS_MAX), nullable=False),
    Column("subject", String(SUBJECT_CHARS_MAX), nullable=False),
    Column("lifecycle", String(16), nullable=False),
    Column("frozen", Boolean, nullable=False),
    Index("ix_registry_associations_subject", "subject", "context"),
)
