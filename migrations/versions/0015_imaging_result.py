"""Keep what models say of a series.

Revision: 0015
Before: 0014
"""

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, BigId, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imaging_result",
        sa.Column("study_id", sa.BigInteger(), nullable=False),
        sa.Column("series_instance_uid", AsciiKey(64), nullable=False),
        sa.Column("idempotency_key", AsciiKey(64), nullable=False),
        sa.Column("model_id", AsciiKey(64), nullable=False),
        sa.Column("model_version", AsciiKey(64), nullable=False),
        sa.Column("model_sha256", AsciiKey(64), nullable=False),
        sa.Column("is_shadow", sa.Boolean(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.Column("refusal", AsciiKey(32), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("input_sha256", AsciiKey(64), nullable=True),
        sa.Column("result_sha256", AsciiKey(64), nullable=False),
        sa.Column("seg_sop_uid", AsciiKey(64), nullable=True),
        sa.Column("sr_sop_uid", AsciiKey(64), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "seg_sop_uid IS NULL OR refusal IS NULL", name=op.f("ck_imaging_result_refusal_has_no_seg")
        ),
        sa.CheckConstraint(
            "sr_sop_uid IS NULL OR refusal IS NULL", name=op.f("ck_imaging_result_refusal_has_no_sr")
        ),
        sa.CheckConstraint(
            "input_sha256 IS NOT NULL OR refusal IS NOT NULL",
            name=op.f("ck_imaging_result_measured_has_input"),
        ),
        sa.ForeignKeyConstraint(["study_id"], ["imaging_study.id"], name=op.f("fk_imaging_result_study_id")),
        sa.ForeignKeyConstraint(
            ["series_instance_uid"],
            ["imaging_series.series_instance_uid"],
            name=op.f("fk_imaging_result_series_instance_uid"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imaging_result")),
        sa.UniqueConstraint("public_id", name=op.f("uq_imaging_result_public_id")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_imaging_result_idempotency_key")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_imaging_result_study", "imaging_result", ["study_id", "is_current"], unique=False)
    op.create_index(
        op.f("ix_imaging_result_series_instance_uid"),
        "imaging_result",
        ["series_instance_uid"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("imaging_result")
