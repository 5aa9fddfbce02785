"""Producer ids: the next one that no node has.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "cluster",
        sa.Column("next_producer_id", sa.BigInteger(), nullable=False, server_default="0"),
    )


def downgrade() -> None:
    with op.batch_alter_table("cluster") as cluster:
        cluster.drop_column("next_producer_id")
