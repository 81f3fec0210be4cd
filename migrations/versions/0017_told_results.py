"""Count what partners were told of a result; forget the digest of what they were sent, which nobody has read.

Revision: 0017
Before: 0016
"""

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("imaging_result") as table:
        table.add_column(sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False))
    with op.batch_alter_table("imaging_result") as table:
        table.alter_column("seq", existing_type=sa.BigInteger(), existing_nullable=False, server_default=None)
    with op.batch_alter_table("fhir_link") as table:
        table.drop_column("payload_hash")


def downgrade() -> None:
    with op.batch_alter_table("fhir_link") as table:
        table.add_column(sa.Column("payload_hash", AsciiKey(64), nullable=True))
    with op.batch_alter_table("imaging_result") as table:
        table.drop_column("seq")
