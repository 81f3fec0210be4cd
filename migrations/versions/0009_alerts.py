"""Tell staff what they must do now: alerts, one open per cause, and the posts where they are answered.

Revision: 0009
Before: 0008
"""

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, BigId, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_post",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_post")),
        sa.UniqueConstraint("public_id", name=op.f("uq_alert_post_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "alert",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", AsciiKey(24), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("cause", AsciiKey(96), nullable=False),
        sa.Column("open_slot", sa.SmallInteger(), nullable=True),
        sa.Column("owner", AsciiKey(8), nullable=False),
        sa.Column("unit", sa.Uuid(), nullable=True),
        sa.Column("queue_id", sa.BigInteger(), nullable=True),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("snoozed_until", UtcDateTime(), nullable=True),
        sa.Column("snoozed_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("escalated_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", AsciiKey(12), nullable=True),
        sa.Column("reason", sa.String(length=120), nullable=True),
        sa.CheckConstraint("priority BETWEEN 1 AND 3", name=op.f("ck_alert_priority")),
        sa.CheckConstraint("owner IN ('ward','desk')", name=op.f("ck_alert_owner")),
        sa.CheckConstraint("open_slot IS NULL OR open_slot = 1", name=op.f("ck_alert_open_slot")),
        sa.CheckConstraint(
            "(open_slot IS NULL) = (ended_at IS NOT NULL)", name=op.f("ck_alert_ended_has_no_slot")
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_alert_ended_has_outcome")),
        sa.CheckConstraint(
            "outcome IN ('done','dismissed','lapsed','cleared')", name=op.f("ck_alert_outcome")
        ),
        sa.CheckConstraint("snoozed_minutes BETWEEN 0 AND 15", name=op.f("ck_alert_snoozed_minutes")),
        sa.CheckConstraint("occurrences >= 1", name=op.f("ck_alert_occurrences")),
        sa.ForeignKeyConstraint(["post_id"], ["alert_post.id"], name=op.f("fk_alert_post_id")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_alert_queue_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_alert_visit_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_alert_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("public_id", name=op.f("uq_alert_public_id")),
        sa.UniqueConstraint("cause", "open_slot", name=op.f("uq_alert_cause_open_slot")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_alert_post", "alert", ["post_id", "open_slot"], unique=False)
    op.create_index("ix_alert_escalated", "alert", ["open_slot", "escalated_at"], unique=False)
    op.create_index("ix_alert_raised", "alert", ["raised_at"], unique=False)
    op.create_index("ix_alert_ended", "alert", ["ended_at"], unique=False)


def downgrade() -> None:
    op.drop_table("alert")
    op.drop_table("alert_post")
