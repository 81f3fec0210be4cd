"""Keep what was found in studies, and every text that was signed.

Revision: 0016
Before: 0015
"""

import sqlalchemy as sa
from alembic import op

from app.core.audit import append_only
from app.core.db import AsciiKey, BigId, UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imaging_report",
        sa.Column("study_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", AsciiKey(12), nullable=False),
        sa.Column("author", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.String(length=100), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("signed_by_name", sa.String(length=100), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'preliminary') = (signed_at IS NULL)", name=op.f("ck_imaging_report_signed")
        ),
        sa.CheckConstraint("length(text) > 0", name=op.f("ck_imaging_report_text")),
        sa.CheckConstraint(
            "status IN ('preliminary','final','amended')", name=op.f("ck_imaging_report_status")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["imaging_study.id"], name=op.f("fk_imaging_report_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imaging_report")),
        sa.UniqueConstraint("public_id", name=op.f("uq_imaging_report_public_id")),
        sa.UniqueConstraint("study_id", name=op.f("uq_imaging_report_study_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_imaging_report_signed", "imaging_report", ["signed_at"], unique=False)

    op.create_table(
        "imaging_report_text",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", AsciiKey(12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("signed_by_name", sa.String(length=100), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(number = 1) = (status = 'final')", name=op.f("ck_imaging_report_text_first_is_final")
        ),
        sa.CheckConstraint(
            "(reason IS NOT NULL) = (status = 'amended')",
            name=op.f("ck_imaging_report_text_amended_has_reason"),
        ),
        sa.CheckConstraint("status IN ('final','amended')", name=op.f("ck_imaging_report_text_status")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["imaging_report.id"], name=op.f("fk_imaging_report_text_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imaging_report_text")),
        sa.UniqueConstraint("report_id", "number", name=op.f("uq_imaging_report_text_report_id_number")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.add_column("imaging_study", sa.Column("reported_at", UtcDateTime(), nullable=True))
    op.create_index(
        "ix_imaging_study_reported", "imaging_study", ["reported_at", "received_at"], unique=False
    )
    dialect = "sqlite" if op.get_bind().dialect.name == "sqlite" else "mysql"
    for statement in append_only(dialect, ("imaging_report_text",)):
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_imaging_study_reported", table_name="imaging_study")
    op.drop_column("imaging_study", "reported_at")
    op.drop_table("imaging_report_text")
    op.drop_table("imaging_report")
