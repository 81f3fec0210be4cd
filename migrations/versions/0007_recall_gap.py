"""The gap between two calls, which nobody had obeyed: as long as a call was open, so that no turn is lost sooner.

Until now the clock called again when a call was over, whatever the gap said (its default was 15 s); from here on it
goes by the gap, and 0 means by hand only.

Revision: 0007
Before: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE queue_policy SET recall_gap_seconds ="
        " CASE WHEN call_expiry_seconds > 0 THEN call_expiry_seconds ELSE 1 END"
    )


def downgrade() -> None:
    """Leave the gaps: the release before does not read them."""
