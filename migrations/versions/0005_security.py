"""Users and what they log in with, access control lists, quotas.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _user() -> sa.ForeignKey:
    return sa.ForeignKey("users.name", ondelete="CASCADE")


def upgrade() -> None:
    op.add_column(
        "cluster",
        sa.Column("security_version", sa.BigInteger(), nullable=False, server_default="0"),
    )
    create_users()
    create_tokens()
    create_rules()


def create_users() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "scram_credentials",
        sa.Column("user_name", sa.String(255), _user(), primary_key=True),
        sa.Column("mechanism", sa.String(32), primary_key=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("iterations", sa.Integer(), nullable=False),
        sa.Column("stored_key", sa.LargeBinary(), nullable=False),
        sa.Column("server_key", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(32), primary_key=True),
        sa.Column("user_name", sa.String(255), _user(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.JSON()),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger()),
        sa.Column("last_used_at_ms", sa.BigInteger()),
    )


def create_tokens() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("family", sa.String(64), nullable=False),
        sa.Column("user_name", sa.String(255), _user(), nullable=False),
        sa.Column("scopes", sa.JSON()),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger()),
    )
    op.create_index("ix_refresh_tokens_family", "refresh_tokens", ["family"])
    op.create_table(
        "revoked_tokens",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "delegation_tokens",
        sa.Column("token_id", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("requester", sa.String(255), nullable=False),
        sa.Column("renewers", sa.JSON(), nullable=False),
        sa.Column("hmac", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("max_at_ms", sa.BigInteger(), nullable=False),
    )


def create_rules() -> None:
    op.create_table(
        "acls",
        sa.Column("resource_type", sa.String(32), primary_key=True),
        sa.Column("pattern_type", sa.String(16), primary_key=True),
        sa.Column("resource_name", sa.String(255), primary_key=True),
        sa.Column("principal", sa.String(255), primary_key=True),
        sa.Column("host", sa.String(64), primary_key=True),
        sa.Column("operation", sa.String(32), primary_key=True),
        sa.Column("permission", sa.String(8), primary_key=True),
    )
    op.create_table(
        "quotas",
        sa.Column("user_name", sa.String(255), primary_key=True),
        sa.Column("client_id", sa.String(255), primary_key=True),
        sa.Column("ip", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    for table in (
        "quotas",
        "acls",
        "delegation_tokens",
        "revoked_tokens",
        "refresh_tokens",
        "api_keys",
        "scram_credentials",
        "users",
    ):
        op.drop_table(table)
    with op.batch_alter_table("cluster") as cluster:
        cluster.drop_column("security_version")
