"""Find the pictures of a visit, for the ward's rows.

Revision: 0018
Before: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_imaging_study_visit", "imaging_study", ["visit_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_imaging_study_visit", table_name="imaging_study")
