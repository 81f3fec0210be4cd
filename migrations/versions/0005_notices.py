"""Tell patients: notices, browsers that are told, what is wanted; the outbox gets its breaker.

Revision: 0005
Before: 0004
"""

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, BigId, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("kind", AsciiKey(16), nullable=False),
        sa.Column("occasion", AsciiKey(64), nullable=False),
        sa.Column("channel", AsciiKey(8), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("lang", AsciiKey(8), nullable=False),
        sa.Column("status", AsciiKey(8), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("channel IN ('page','push','sms')", name=op.f("ck_notice_channel")),
        sa.CheckConstraint("status IN ('pending','sent','skipped','failed')", name=op.f("ck_notice_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("public_id", name=op.f("uq_notice_public_id")),
        sa.UniqueConstraint(
            "visit_id", "kind", "occasion", "channel", name=op.f("uq_notice_visit_id_kind_occasion_channel")
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_notice_created", "notice", ["created_at"], unique=False)
    op.create_table(
        "push_subscription",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("endpoint_hash", AsciiKey(64), nullable=False),
        sa.Column("p256dh", AsciiKey(100), nullable=False),
        sa.Column("auth", AsciiKey(32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscription")),
        sa.UniqueConstraint("public_id", name=op.f("uq_push_subscription_public_id")),
        sa.UniqueConstraint(
            "visit_id", "endpoint_hash", name=op.f("uq_push_subscription_visit_id_endpoint_hash")
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_push_subscription_created", "push_subscription", ["created_at"], unique=False)
    op.create_table(
        "notice_preference",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("near_turn_people", sa.SmallInteger(), nullable=True),
        sa.Column("wants_sms", sa.Boolean(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "near_turn_people BETWEEN 1 AND 10", name=op.f("ck_notice_preference_near_turn_people")
        ),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_notice_preference")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_notice_preference_changed", "notice_preference", ["changed_at"], unique=False)
    op.create_table(
        "outbox_breaker",
        sa.Column("consumer", AsciiKey(64), nullable=False),
        sa.Column("recent", AsciiKey(32), nullable=False),
        sa.Column("open_until", UtcDateTime(), nullable=True),
        sa.Column("pause_seconds", sa.Float(), nullable=False),
        sa.Column("probe_token", AsciiKey(36), nullable=True),
        sa.Column("probe_until", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("consumer", name=op.f("pk_outbox_breaker")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("outbox") as table:
        table.add_column(sa.Column("rendered_seq", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("outcome", AsciiKey(16), nullable=True))
    op.drop_index("ix_outbox_claim", table_name="outbox")
    op.create_index(
        "ix_outbox_claim", "outbox", ["consumer", "status", "next_attempt_at", "id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_claim", table_name="outbox")
    op.create_index("ix_outbox_claim", "outbox", ["status", "next_attempt_at", "id"], unique=False)
    with op.batch_alter_table("outbox") as table:
        table.drop_column("outcome")
        table.drop_column("rendered_seq")
    op.drop_table("outbox_breaker")
    op.drop_table("notice_preference")
    op.drop_table("push_subscription")
    op.drop_table("notice")
