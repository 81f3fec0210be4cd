"""Tell the EMR: what leaves the house counts its changes; who is known there, what is taken, how far we have read.

Revision: 0008
Before: 0007
"""

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, BigId, MediumText, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COUNTED = ("appointment", "queue_entry", "service_point", "visit_step")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    for table_name in COUNTED:
        _add(table_name, "seq", sa.BigInteger(), "0")
    _add("patient", "is_active", sa.Boolean(), sa.true())
    with op.batch_alter_table("patient") as table:
        table.add_column(sa.Column("gender", AsciiKey(8), nullable=True))
        table.add_column(sa.Column("replaced_by_id", sa.BigInteger(), nullable=True))
        table.create_check_constraint(
            op.f("ck_patient_gender"), "gender IN ('male','female','other','unknown')"
        )
        table.create_check_constraint(op.f("ck_patient_replaced"), "replaced_by_id IS NULL OR NOT is_active")
        table.create_foreign_key(op.f("fk_patient_replaced_by_id"), "patient", ["replaced_by_id"], ["id"])
    with op.batch_alter_table("outbox") as table:
        table.alter_column("payload", existing_type=sa.Text(), type_=MediumText(), existing_nullable=True)
    op.create_table(
        "fhir_link",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("target", AsciiKey(32), nullable=False),
        sa.Column("kind", AsciiKey(32), nullable=False),
        sa.Column("aggregate_id", AsciiKey(36), nullable=False),
        sa.Column("resource_type", AsciiKey(32), nullable=False),
        sa.Column("remote_id", AsciiKey(64), nullable=False),
        sa.Column("etag", AsciiKey(128), nullable=True),
        sa.Column("is_theirs", sa.Boolean(), nullable=False),
        sa.Column("delivered_seq", sa.BigInteger(), nullable=False),
        sa.Column("payload_hash", AsciiKey(64), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fhir_link")),
        sa.UniqueConstraint(
            "target", "kind", "aggregate_id", name=op.f("uq_fhir_link_target_kind_aggregate_id")
        ),
        sa.UniqueConstraint(
            "target", "resource_type", "remote_id", name=op.f("uq_fhir_link_target_resource_type_remote_id")
        ),
        **OPTIONS,
    )
    op.create_table(
        "fhir_conflict",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("target", AsciiKey(32), nullable=False),
        sa.Column("kind", AsciiKey(32), nullable=False),
        sa.Column("aggregate_id", AsciiKey(36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("ours", MediumText(), nullable=False),
        sa.Column("theirs", MediumText(), nullable=False),
        sa.Column("their_version", AsciiKey(128), nullable=False),
        sa.Column("outcome", AsciiKey(16), nullable=False),
        sa.CheckConstraint("outcome IN ('ours_written','given_up')", name=op.f("ck_fhir_conflict_outcome")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fhir_conflict")),
        sa.UniqueConstraint("public_id", name=op.f("uq_fhir_conflict_public_id")),
        **OPTIONS,
    )
    op.create_index("ix_fhir_conflict_at", "fhir_conflict", ["at"], unique=False)
    op.create_table(
        "fhir_capability",
        sa.Column("target", AsciiKey(32), nullable=False),
        sa.Column("resource_type", AsciiKey(32), nullable=False),
        sa.Column("is_taken", sa.Boolean(), nullable=False),
        sa.Column("allows_our_ids", sa.Boolean(), nullable=True),
        sa.Column("decided_by", AsciiKey(16), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "decided_by IN ('metadata','answer','admin')", name=op.f("ck_fhir_capability_decided_by")
        ),
        sa.PrimaryKeyConstraint("target", "resource_type", name=op.f("pk_fhir_capability")),
        **OPTIONS,
    )
    op.create_table(
        "fhir_sync",
        sa.Column("target", AsciiKey(32), nullable=False),
        sa.Column("resource_type", AsciiKey(32), nullable=False),
        sa.Column("watermark", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("succeeded_at", UtcDateTime(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("echoes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("target", "resource_type", name=op.f("pk_fhir_sync")),
        **OPTIONS,
    )
    op.create_table(
        "fhir_unmatched",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("target", AsciiKey(32), nullable=False),
        sa.Column("resource_type", AsciiKey(32), nullable=False),
        sa.Column("remote_id", AsciiKey(64), nullable=False),
        sa.Column("version_id", AsciiKey(128), nullable=True),
        sa.Column("reason", AsciiKey(48), nullable=False),
        sa.Column("detail", sa.String(length=120), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fhir_unmatched")),
        sa.UniqueConstraint(
            "target",
            "resource_type",
            "remote_id",
            name=op.f("uq_fhir_unmatched_target_resource_type_remote_id"),
        ),
        **OPTIONS,
    )


def downgrade() -> None:
    for table_name in ("fhir_unmatched", "fhir_sync", "fhir_capability", "fhir_conflict", "fhir_link"):
        op.drop_table(table_name)
    with op.batch_alter_table("outbox") as table:
        table.alter_column("payload", existing_type=MediumText(), type_=sa.Text(), existing_nullable=True)
    with op.batch_alter_table("patient") as table:
        table.drop_constraint(op.f("fk_patient_replaced_by_id"), type_="foreignkey")
        table.drop_constraint(op.f("ck_patient_replaced"), type_="check")
        table.drop_constraint(op.f("ck_patient_gender"), type_="check")
        for name in ("replaced_by_id", "gender", "is_active"):
            table.drop_column(name)
    for table_name in COUNTED:
        with op.batch_alter_table(table_name) as table:
            table.drop_column("seq")


def _add(table_name: str, name: str, type_: sa.types.TypeEngine, value: object) -> None:
    """Add a column that must have a value, filled for the rows that stand there; the default goes again."""
    with op.batch_alter_table(table_name) as table:
        table.add_column(sa.Column(name, type_, nullable=False, server_default=value))
    with op.batch_alter_table(table_name) as table:
        table.alter_column(name, existing_type=type_, server_default=None)
