"""Lock the staff's screens: since when one is covered, and a short PIN that reopens it.

Revision: 0006
Before: 0005
"""

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


# Without a batch: SQLite's copy of `auth_session` would cascade the refresh tokens away.
def upgrade() -> None:
    op.add_column("auth_session", sa.Column("locked_at", UtcDateTime(), nullable=True))
    op.add_column("staff", sa.Column("pin_hash", AsciiKey(255), nullable=True))


def downgrade() -> None:
    op.drop_column("staff", "pin_hash")
    op.drop_column("auth_session", "locked_at")
