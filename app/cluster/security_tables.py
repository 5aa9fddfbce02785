"""The tables of who may log in, and who may do what.

Every change of what nodes must know raises ``cluster.security_version`` in its own transaction; it
is another number than ``metadata_version``, so that ten thousand access control lists are not read
again because a topic was made.
No secret is kept that could be used as it is: passwords, keys and tokens are hashes, SCRAM's are
what a server needs to check a proof.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from app.cluster.tables import metadata

USER_NAME_CHARS = 255
HASH_BYTES = 32

users = Table(
    "users",
    metadata,
    Column("name", String(USER_NAME_CHARS), primary_key=True),
    Column("password_hash", String(255)),
    Column("generation", BigInteger, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)

scram_credentials = Table(
    "scram_credentials",
    metadata,
    Column("user_name", ForeignKey("users.name", ondelete="CASCADE"), primary_key=True),
    Column("mechanism", String(32), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("iterations", Integer, nullable=False),
    Column("stored_key", LargeBinary, nullable=False),
    Column("server_key", LargeBinary, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String(32), primary_key=True),
    Column("user_name", ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("scopes", JSON(none_as_null=True)),
    Column("description", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("last_used_at_ms", BigInteger),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("family", String(64), nullable=False, index=True),
    Column("user_name", ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("scopes", JSON(none_as_null=True)),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("used_at_ms", BigInteger),
    Column("login_ends_at_ms", BigInteger, nullable=False, server_default="0"),
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("expires_at_ms", BigInteger, nullable=False),
)

delegation_tokens = Table(
    "delegation_tokens",
    metadata,
    Column("token_id", String(64), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("requester", String(255), nullable=False),
    Column("renewers", JSON, nullable=False),
    Column("hmac", LargeBinary, nullable=False),
    Column("issued_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("max_at_ms", BigInteger, nullable=False),
)

acls = Table(
    "acls",
    metadata,
    Column("resource_type", String(32), primary_key=True),
    Column("pattern_type", String(16), primary_key=True),
    Column("resource_name", String(255), primary_key=True),
    Column("principal", String(255), primary_key=True),
    Column("host", String(64), primary_key=True),
    Column("operation", String(32), primary_key=True),
    Column("permission", String(8), primary_key=True),
)

quotas = Table(
    "quotas",
    metadata,
    Column("user_name", String(255), primary_key=True),
    Column("client_id", String(255), primary_key=True),
    Column("ip", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", Float, nullable=False),
)
"""An entity's part that it does not name is empty; ``<default>`` is everyone's."""
