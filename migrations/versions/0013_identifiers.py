"""Say what kind of number a further identifier is, and let one end: its number may then be somebody's again.

Revision: 0013
Before: 0012
"""

from hashlib import sha256
from urllib.parse import quote

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

LONGEST_SYSTEM = 128
WHOLE = "uq_patient_identifier_system_value"
OPEN = "uq_patient_identifier_system_value_open_slot"


def upgrade() -> None:
    with op.batch_alter_table("patient_identifier") as table:
        table.add_column(sa.Column("kind", AsciiKey(12), server_default="other", nullable=False))
        table.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        table.add_column(sa.Column("open_slot", sa.SmallInteger(), server_default="1", nullable=True))
        table.add_column(sa.Column("ended_at", UtcDateTime(), nullable=True))
        table.alter_column(
            "system", existing_type=AsciiKey(128), type_=sa.String(length=128), existing_nullable=False
        )
        table.drop_constraint(WHOLE, type_="unique")
        table.create_unique_constraint(OPEN, ["system", "value", "open_slot"])
        table.create_index("ix_patient_identifier_value", ["value"], unique=False)
        table.create_check_constraint(
            op.f("ck_patient_identifier_kind"), "kind IN ('hospital','insurance','previous','other')"
        )
        table.create_check_constraint(
            op.f("ck_patient_identifier_open_slot"), "open_slot IS NULL OR open_slot = 1"
        )
        table.create_check_constraint(
            op.f("ck_patient_identifier_ended_frees_slot"), "(open_slot IS NULL) = (ended_at IS NOT NULL)"
        )


def downgrade() -> None:
    # The release before knows no end: what has ended would be shown as if it held, and stand in the way of others.
    op.execute("DELETE FROM patient_identifier WHERE ended_at IS NOT NULL")
    spell_in_ascii()
    with op.batch_alter_table("patient_identifier") as table:
        for name in ("kind", "open_slot", "ended_frees_slot"):
            table.drop_constraint(op.f(f"ck_patient_identifier_{name}"), type_="check")
        table.drop_index("ix_patient_identifier_value")
        table.drop_constraint(OPEN, type_="unique")
        table.create_unique_constraint(WHOLE, ["system", "value"])
        table.alter_column(
            "system", existing_type=sa.String(length=128), type_=AsciiKey(128), existing_nullable=False
        )
        for name in ("ended_at", "open_slot", "version", "kind"):
            table.drop_column(name)


def spell_in_ascii() -> None:
    """Spell issuers that have Korean names as an address spells them: the release before keeps ASCII alone."""
    connection = op.get_bind()
    row = sa.table("patient_identifier", sa.column("id"), sa.column("system"))
    for found in connection.execute(sa.select(row)).all():
        if found.system.isascii():
            continue
        spelt = quote(found.system, safe="")
        if len(spelt) > LONGEST_SYSTEM:
            spelt = sha256(found.system.encode()).hexdigest()
        connection.execute(sa.update(row).where(row.c.id == found.id).values(system=spelt))
