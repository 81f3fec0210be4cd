"""Change stated rules while people wait: who was put behind others is known; services are edited by version.

Revision: 0004
Before: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With defaults, as the release before does not write these columns.
    with op.batch_alter_table("queue_entry") as table:
        table.add_column(sa.Column("is_placed", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("service") as table:
        table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    with op.batch_alter_table("service") as table:
        table.drop_column("version")
    with op.batch_alter_table("queue_entry") as table:
        table.drop_column("is_placed")
