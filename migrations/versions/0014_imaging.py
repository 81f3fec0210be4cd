"""Keep studies, series, instances, what was set aside, and how far an archive was followed.

Revision: 0014
Before: 0012
"""

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, BigId, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imaging_feed",
        sa.Column("name", AsciiKey(16), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_imaging_feed")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "imaging_quarantine",
        sa.Column("sha256", AsciiKey(64), nullable=False),
        sa.Column("reason", AsciiKey(24), nullable=False),
        sa.Column("sentence", sa.String(length=300), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("source", AsciiKey(16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("sop_instance_uid", AsciiKey(64), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("length(sentence) > 0", name=op.f("ck_imaging_quarantine_sentence")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imaging_quarantine")),
        sa.UniqueConstraint("public_id", name=op.f("uq_imaging_quarantine_public_id")),
        sa.UniqueConstraint("sha256", name=op.f("uq_imaging_quarantine_sha256")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_imaging_quarantine_at", "imaging_quarantine", ["at"], unique=False)

    op.create_table(
        "imaging_study",
        sa.Column("study_instance_uid", AsciiKey(64), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("unmatched", AsciiKey(16), nullable=True),
        sa.Column("said_patient_id", sa.String(length=64), nullable=False),
        sa.Column("said_issuer", sa.String(length=64), nullable=False),
        sa.Column("accession_number", sa.String(length=64), nullable=False),
        sa.Column("modality", AsciiKey(16), nullable=False),
        sa.Column("body_part", sa.String(length=32), nullable=False),
        sa.Column("description", sa.String(length=64), nullable=False),
        sa.Column("study_date", sa.Date(), nullable=True),
        sa.Column("state", AsciiKey(16), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("progress", sa.Integer(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("last_received_at", UtcDateTime(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(progress IS NOT NULL) = (state = 'analysing')",
            name=op.f("ck_imaging_study_progress_while_analysing"),
        ),
        sa.CheckConstraint(
            "(reason IS NOT NULL) = (state IN ('not_analysable','failed'))",
            name=op.f("ck_imaging_study_refused_has_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('received','analysing','measured','not_analysable','failed')",
            name=op.f("ck_imaging_study_state"),
        ),
        sa.CheckConstraint(
            "(patient_id IS NULL) = (unmatched IS NOT NULL)",
            name=op.f("ck_imaging_study_unmatched_has_reason"),
        ),
        sa.CheckConstraint(
            "order_id IS NULL OR patient_id IS NOT NULL", name=op.f("ck_imaging_study_order_has_patient")
        ),
        sa.CheckConstraint(
            "progress IS NULL OR progress BETWEEN 0 AND 100", name=op.f("ck_imaging_study_progress")
        ),
        sa.CheckConstraint(
            "visit_id IS NULL OR patient_id IS NOT NULL", name=op.f("ck_imaging_study_visit_has_patient")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imaging_study")),
        sa.UniqueConstraint("public_id", name=op.f("uq_imaging_study_public_id")),
        sa.UniqueConstraint("study_instance_uid", name=op.f("uq_imaging_study_study_instance_uid")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_imaging_study_order", "imaging_study", ["order_id"], unique=False)
    op.create_index("ix_imaging_study_patient", "imaging_study", ["patient_id", "received_at"], unique=False)
    op.create_index("ix_imaging_study_state", "imaging_study", ["state", "last_received_at"], unique=False)

    op.create_table(
        "imaging_series",
        sa.Column("study_id", sa.BigInteger(), nullable=False),
        sa.Column("series_instance_uid", AsciiKey(64), nullable=False),
        sa.Column("modality", AsciiKey(16), nullable=False),
        sa.Column("body_part", sa.String(length=32), nullable=False),
        sa.Column("description", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["imaging_study.id"], name=op.f("fk_imaging_series_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imaging_series")),
        sa.UniqueConstraint("public_id", name=op.f("uq_imaging_series_public_id")),
        sa.UniqueConstraint("series_instance_uid", name=op.f("uq_imaging_series_series_instance_uid")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_imaging_series_study_id"), "imaging_series", ["study_id"], unique=False)

    op.create_table(
        "imaging_instance",
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("sop_instance_uid", AsciiKey(64), nullable=False),
        sa.Column("sop_class_uid", AsciiKey(64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("sha256", AsciiKey(64), nullable=False),
        sa.Column("pixel_sha256", AsciiKey(64), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("transfer_syntax", AsciiKey(64), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("pixel_rows", sa.Integer(), nullable=False),
        sa.Column("pixel_columns", sa.Integer(), nullable=False),
        sa.Column("stored_in", AsciiKey(16), nullable=False),
        sa.Column("source", AsciiKey(16), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(frames = 0) = (pixel_sha256 IS NULL)", name=op.f("ck_imaging_instance_frames_have_pixels")
        ),
        sa.CheckConstraint(
            "frames >= 0 AND pixel_rows >= 0 AND pixel_columns >= 0", name=op.f("ck_imaging_instance_shape")
        ),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_imaging_instance_size_bytes")),
        sa.ForeignKeyConstraint(
            ["series_id"], ["imaging_series.id"], name=op.f("fk_imaging_instance_series_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imaging_instance")),
        sa.UniqueConstraint("public_id", name=op.f("uq_imaging_instance_public_id")),
        sa.UniqueConstraint("sha256", name=op.f("uq_imaging_instance_sha256")),
        sa.UniqueConstraint("sop_instance_uid", name=op.f("uq_imaging_instance_sop_instance_uid")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_imaging_instance_series_id"), "imaging_instance", ["series_id"], unique=False)


def downgrade() -> None:
    for name in (
        "imaging_instance",
        "imaging_series",
        "imaging_study",
        "imaging_quarantine",
        "imaging_feed",
    ):
        op.drop_table(name)
