"""Forecast waits: the plan of staff, the pace of service, what was told, how far off it was.

Revision: 0003
Before: 0002
"""

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, BigId, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = {"mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "shift_plan",
        sa.Column("queue_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_shift_plan_queue_id")),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_shift_plan")),
        **TABLE,
    )
    op.create_table(
        "shift",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.Column("begins", sa.SmallInteger(), nullable=False),
        sa.Column("ends", sa.SmallInteger(), nullable=False),
        sa.Column("staff", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("(weekday IS NULL) <> (on_date IS NULL)", name=op.f("ck_shift_day")),
        sa.CheckConstraint("begins >= 0 AND ends > begins AND staff >= 0", name=op.f("ck_shift_times")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_shift_queue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
        **TABLE,
    )
    op.create_index("ix_shift_queue", "shift", ["queue_id"])
    op.create_table(
        "service_time",
        sa.Column("queue_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("long_seconds", sa.Double(), nullable=False),
        sa.Column("long_count", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("day_seconds", sa.Double(), nullable=False),
        sa.Column("day_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_service_time_queue_id")),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_service_time")),
        **TABLE,
    )
    op.create_table(
        "wait_forecast",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_version", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("occasion", AsciiKey(8), nullable=False),
        sa.Column("model", AsciiKey(16), nullable=False),
        sa.Column("eta_seconds", sa.Double(), nullable=True),
        sa.Column("low_minutes", sa.Integer(), nullable=True),
        sa.Column("high_minutes", sa.Integer(), nullable=True),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("called_at", UtcDateTime(), nullable=True),
        sa.Column("is_clean", sa.Boolean(), nullable=False),
        sa.CheckConstraint("occasion IN ('join','call','change')", name=op.f("ck_wait_forecast_occasion")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait_forecast")),
        **TABLE,
    )
    op.create_index("ix_wait_forecast_queue", "wait_forecast", ["queue_id", "made_at"])
    op.create_index("ix_wait_forecast_entry", "wait_forecast", ["entry_id"])
    op.create_index("ix_wait_forecast_made", "wait_forecast", ["made_at"])
    op.create_table(
        "wait_calibration",
        sa.Column("queue_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("mid", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_wait_calibration_queue_id")),
        sa.PrimaryKeyConstraint("queue_id", "bucket", name=op.f("pk_wait_calibration")),
        **TABLE,
    )


def downgrade() -> None:
    for table in ("wait_calibration", "wait_forecast", "service_time", "shift", "shift_plan"):
        op.drop_table(table)
