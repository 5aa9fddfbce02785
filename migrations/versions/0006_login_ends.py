"""When a login ends, however often its refresh tokens are used.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "refresh_tokens",
        sa.Column("login_ends_at_ms", sa.BigInteger(), nullable=False, server_default="0"),
    )
    # when they began is not known: those that are there end when they are not used
    op.execute("UPDATE refresh_tokens SET login_ends_at_ms = expires_at_ms")


def downgrade() -> None:
    with op.batch_alter_table("refresh_tokens") as refresh_tokens:
        refresh_tokens.drop_column("login_ends_at_ms")
