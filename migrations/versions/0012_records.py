"""Keep what is known of a patient: contacts, allergies, flags, notes, the trail of merges, and every version.

Revision: 0012
Before: 0011
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, BigId, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
PIECE_ROWS = 500


def upgrade() -> None:
    op.create_table(
        "record_version",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("kind", AsciiKey(12), nullable=False),
        sa.Column("aggregate", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("by_kind", AsciiKey(16), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_version")),
        sa.UniqueConstraint("aggregate", "version", name=op.f("uq_record_version_aggregate_version")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "emergency_access",
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_emergency_access_reason")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_emergency_access_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_access")),
        sa.UniqueConstraint("public_id", name=op.f("uq_emergency_access_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_emergency_access_patient_id"), "emergency_access", ["patient_id"], unique=False)
    op.create_index(
        "ix_emergency_access_staff", "emergency_access", ["staff_id", "patient_id", "until"], unique=False
    )

    op.create_table(
        "encounter_note",
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", AsciiKey(8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('medical','nursing')", name=op.f("ck_encounter_note_kind")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_encounter_note_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounter_note")),
        sa.UniqueConstraint("public_id", name=op.f("uq_encounter_note_public_id")),
        sa.UniqueConstraint("visit_id", "kind", name=op.f("uq_encounter_note_visit_id_kind")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_encounter_note_patient", "encounter_note", ["patient_id", "updated_at"], unique=False)

    op.create_table(
        "patient_allergy",
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("substance", sa.String(length=120), nullable=False),
        sa.Column("reaction", sa.String(length=300), nullable=False),
        sa.Column("criticality", AsciiKey(16), nullable=False),
        sa.Column("status", AsciiKey(16), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "criticality IN ('low','high','unable-to-assess')", name=op.f("ck_patient_allergy_criticality")
        ),
        sa.CheckConstraint(
            "status IN ('active','inactive','entered-in-error')", name=op.f("ck_patient_allergy_status")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_allergy_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_allergy")),
        sa.UniqueConstraint("public_id", name=op.f("uq_patient_allergy_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_patient_allergy_patient_id"), "patient_allergy", ["patient_id"], unique=False)

    op.create_table(
        "patient_contact",
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("relation", AsciiKey(12), nullable=False),
        sa.Column("phone", AsciiKey(20), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "relation IN ('spouse','parent','child','sibling','guardian','friend','other')",
            name=op.f("ck_patient_contact_relation"),
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_contact_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_contact")),
        sa.UniqueConstraint("public_id", name=op.f("uq_patient_contact_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_patient_contact_patient_id"), "patient_contact", ["patient_id"], unique=False)

    op.create_table(
        "patient_flag",
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", AsciiKey(12), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('fall-risk','infection','language','hearing','other')",
            name=op.f("ck_patient_flag_kind"),
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_flag_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_flag")),
        sa.UniqueConstraint("public_id", name=op.f("uq_patient_flag_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_patient_flag_patient_id"), "patient_flag", ["patient_id"], unique=False)

    op.create_table(
        "patient_identifier",
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("system", AsciiKey(128), nullable=False),
        sa.Column("value", AsciiKey(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_patient_identifier_patient_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_identifier")),
        sa.UniqueConstraint("public_id", name=op.f("uq_patient_identifier_public_id")),
        sa.UniqueConstraint("system", "value", name=op.f("uq_patient_identifier_system_value")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_patient_identifier_patient_id"), "patient_identifier", ["patient_id"], unique=False
    )

    op.create_table(
        "patient_merge",
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("into_id", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("by_kind", AsciiKey(16), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["into_id"], ["patient.id"], name=op.f("fk_patient_merge_into_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_merge_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_merge")),
        sa.UniqueConstraint("public_id", name=op.f("uq_patient_merge_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_patient_merge_into_id"), "patient_merge", ["into_id"], unique=False)
    op.create_index(op.f("ix_patient_merge_patient_id"), "patient_merge", ["patient_id"], unique=False)

    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("name_initials", sa.String(length=100), server_default="", nullable=False)
        )
        batch_op.create_index("ix_patient_birth", ["birth_date", "name"], unique=False)
        batch_op.create_index("ix_patient_initials", ["name_initials"], unique=False)
        batch_op.create_index("ix_patient_name", ["name"], unique=False)
    fill()


def fill() -> None:
    """Give each patient the initials of the name, and the base that forms of the present version have seen."""
    connection, last = op.get_bind(), 0
    patient = sa.table(
        "patient",
        *(sa.column(name) for name in ("id", "version", "name", "name_initials", "gender", "phone_last4")),
        sa.column("public_id", sa.Uuid()),
        sa.column("birth_date", sa.Date()),
        sa.column("created_at", UtcDateTime()),
    )
    record_version = sa.table(
        "record_version",
        *(sa.column(name) for name in ("kind", "version", "by_kind", "by_name")),
        sa.column("aggregate", sa.Uuid()),
        sa.column("fields", sa.JSON()),
        sa.column("at", UtcDateTime()),
    )
    while rows := connection.execute(
        sa.select(patient).where(patient.c.id > last).order_by(patient.c.id).limit(PIECE_ROWS)
    ).all():
        last = rows[-1].id
        connection.execute(
            sa.update(patient)
            .where(patient.c.id == sa.bindparam("row_id"))
            .values(name_initials=sa.bindparam("initials")),
            [{"row_id": row.id, "initials": initials_of(row.name)} for row in rows],
        )
        connection.execute(
            sa.insert(record_version),
            [
                {
                    "kind": "patient",
                    "aggregate": row.public_id,
                    "version": row.version,
                    "fields": {
                        "name": row.name,
                        "birth_date": row.birth_date.isoformat(),
                        "gender": row.gender or "",
                        "phone": f"****-{row.phone_last4}" if row.phone_last4 else "",
                    },
                    "by_kind": "system",
                    "by_name": "",
                    "at": row.created_at,
                }
                for row in rows
            ],
        )


def initials_of(name: str) -> str:
    """Return a name's initial consonants as they were reckoned by this release."""
    return "".join(
        INITIALS[(ord(letter) - 0xAC00) // 588] if "가" <= letter <= "힣" else letter.lower()
        for letter in unicodedata.normalize("NFC", name)
        if not letter.isspace()
    )


def downgrade() -> None:
    with op.batch_alter_table("patient") as table:
        for name in ("ix_patient_name", "ix_patient_initials", "ix_patient_birth"):
            table.drop_index(name)
        table.drop_column("name_initials")
    for name in (
        "patient_merge",
        "patient_identifier",
        "patient_flag",
        "patient_contact",
        "patient_allergy",
        "encounter_note",
        "emergency_access",
        "record_version",
    ):
        op.drop_table(name)
