"""Build the house: every table of the first release.

Revision: 0001
Before: nothing
"""

import sqlalchemy as sa
from alembic import op

from app.core.audit import append_only
from app.core.db import AsciiKey, BigId, MediumText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_kind", AsciiKey(16), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("role", AsciiKey(24), nullable=False),
        sa.Column("session_id", AsciiKey(64), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("ip", AsciiKey(45), nullable=True),
        sa.Column("action", AsciiKey(64), nullable=False),
        sa.Column("patient", sa.Uuid(), nullable=True),
        sa.Column("patients", sa.Integer(), nullable=False),
        sa.Column("patients_hash", AsciiKey(64), nullable=True),
        sa.Column("object", AsciiKey(96), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("outcome", AsciiKey(16), nullable=False),
        sa.Column("request_id", AsciiKey(64), nullable=True),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_patient", "audit", ["patient", "at"], unique=False)
    op.create_table(
        "audit_seal",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("prev_hash", AsciiKey(64), nullable=False),
        sa.Column("hash", AsciiKey(64), nullable=False),
        sa.Column("hmac", AsciiKey(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("to_id", name=op.f("uq_audit_seal_to_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "counter",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("site", AsciiKey(32), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("series", AsciiKey(16), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter")),
        sa.UniqueConstraint(
            "site", "business_date", "series", name=op.f("uq_counter_site_business_date_series")
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "device",
        sa.Column("kind", AsciiKey(8), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("place", AsciiKey(64), nullable=True),
        sa.Column("queue_id", sa.Uuid(), nullable=True),
        sa.Column("pairing_digest", AsciiKey(64), nullable=True),
        sa.Column("pairing_expires_at", UtcDateTime(), nullable=True),
        sa.Column("secret_digest", AsciiKey(64), nullable=True),
        sa.Column("rotated_at", UtcDateTime(), nullable=True),
        sa.Column("paired_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("pairing_digest", name=op.f("uq_device_pairing_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_device_public_id")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_device_secret_digest")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "duty",
        sa.Column("name", AsciiKey(32), nullable=False),
        sa.Column("last_done", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duty")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "idempotency_key",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("scope", AsciiKey(64), nullable=False),
        sa.Column("key", AsciiKey(255), nullable=False),
        sa.Column("fingerprint", AsciiKey(64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint("scope", "key", name=op.f("uq_idempotency_key_scope_key")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_idempotency_key_at", "idempotency_key", ["at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("consumer", AsciiKey(64), nullable=False),
        sa.Column("kind", AsciiKey(32), nullable=False),
        sa.Column("aggregate_id", AsciiKey(36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("status", AsciiKey(16), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("lease_token", AsciiKey(36), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "consumer", "kind", "aggregate_id", "seq", name=op.f("uq_outbox_consumer_kind_aggregate_id_seq")
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_outbox_claim", "outbox", ["status", "next_attempt_at", "id"], unique=False)
    op.create_index(
        "ix_outbox_head", "outbox", ["consumer", "kind", "aggregate_id", "status", "seq"], unique=False
    )
    op.create_table(
        "patient",
        sa.Column("mrn", AsciiKey(32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("phone_hash", AsciiKey(64), nullable=True),
        sa.Column("phone_last4", AsciiKey(4), nullable=False),
        sa.Column("sees_desk_first", sa.Boolean(), nullable=False),
        sa.Column("is_demo_reserved", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(phone_last4) = 4", name=op.f("ck_patient_phone_last4_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("mrn", name=op.f("uq_patient_mrn")),
        sa.UniqueConstraint("public_id", name=op.f("uq_patient_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_patient_identity", "patient", ["phone_last4", "birth_date"], unique=False)
    op.create_table(
        "service",
        sa.Column("code", AsciiKey(32), nullable=False),
        sa.Column("name_ko", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("preparation_ko", sa.Text(), nullable=False),
        sa.Column("preparation_en", sa.Text(), nullable=False),
        sa.Column("after_care_ko", sa.Text(), nullable=False),
        sa.Column("after_care_en", sa.Text(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("code", name=op.f("uq_service_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_service_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", AsciiKey(16), nullable=False),
        sa.Column("identity", AsciiKey(64), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("net", AsciiKey(45), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_sign_in_failure_client", "sign_in_failure", ["client_id", "kind", "at"], unique=False)
    op.create_index(
        "ix_sign_in_failure_identity", "sign_in_failure", ["identity", "kind", "at"], unique=False
    )
    op.create_index("ix_sign_in_failure_kind", "sign_in_failure", ["kind", "at"], unique=False)
    op.create_index("ix_sign_in_failure_net", "sign_in_failure", ["net", "kind", "at"], unique=False)
    op.create_table(
        "site",
        sa.Column("code", AsciiKey(32), nullable=False),
        sa.Column("name_ko", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("timezone", AsciiKey(40), nullable=False),
        sa.Column("revision", sa.Uuid(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("code", name=op.f("uq_site_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_site_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "socket_ticket",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("digest", AsciiKey(64), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_socket_ticket")),
        sa.UniqueConstraint("digest", name=op.f("uq_socket_ticket_digest")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_socket_ticket_expires_at"), "socket_ticket", ["expires_at"], unique=False)
    op.create_table(
        "staff",
        sa.Column("username", AsciiKey(40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", AsciiKey(24), nullable=False),
        sa.Column("password_hash", AsciiKey(255), nullable=False),
        sa.Column("password_changed_at", UtcDateTime(), nullable=False),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("public_id", name=op.f("uq_staff_public_id")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_username")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "topic_event",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("topic", AsciiKey(64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("event_ids", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_event")),
        sa.UniqueConstraint("topic", "seq", name=op.f("uq_topic_event_topic_seq")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_topic_event_at", "topic_event", ["at"], unique=False)
    op.create_table(
        "unit",
        sa.Column("code", AsciiKey(32), nullable=False),
        sa.Column("name_ko", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_unit_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "appointment",
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("planned", sa.JSON(), nullable=False),
        sa.Column("status", AsciiKey(16), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('booked','arrived','checked-in','fulfilled','cancelled','noshow')",
            name=op.f("ck_appointment_status"),
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_appointment_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_appointment_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_appointment_day", "appointment", ["business_date", "starts_at"], unique=False)
    op.create_index(op.f("ix_appointment_patient_id"), "appointment", ["patient_id"], unique=False)
    op.create_table(
        "auth_session",
        sa.Column("sid_digest", AsciiKey(64), nullable=False),
        sa.Column("kind", AsciiKey(8), nullable=False),
        sa.Column("channel", AsciiKey(8), nullable=False),
        sa.Column("role", AsciiKey(24), nullable=False),
        sa.Column("staff_id", BigId, nullable=True),
        sa.Column("device_id", BigId, nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("ip", AsciiKey(45), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("idle_seconds", sa.Integer(), nullable=False),
        sa.Column("idle_end", UtcDateTime(), nullable=False),
        sa.Column("absolute_end", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_reason", AsciiKey(32), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_auth_session_device_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_auth_session_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_session")),
        sa.UniqueConstraint("public_id", name=op.f("uq_auth_session_public_id")),
        sa.UniqueConstraint("sid_digest", name=op.f("uq_auth_session_sid_digest")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_auth_session_absolute_end", "auth_session", ["absolute_end"], unique=False)
    op.create_index("ix_auth_session_device", "auth_session", ["device_id", "revoked_at"], unique=False)
    op.create_index("ix_auth_session_staff", "auth_session", ["staff_id", "revoked_at"], unique=False)
    op.create_index("ix_auth_session_visit", "auth_session", ["visit_id", "revoked_at"], unique=False)
    op.create_table(
        "map_floor",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name_ko", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("svg", MediumText(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_map_floor_view_box")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_map_floor_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_map_floor")),
        sa.UniqueConstraint("public_id", name=op.f("uq_map_floor_public_id")),
        sa.UniqueConstraint("site_id", "ordinal", name=op.f("uq_map_floor_site_id_ordinal")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "queue",
        sa.Column("site", AsciiKey(32), nullable=False),
        sa.Column("unit", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("code", AsciiKey(32), nullable=False),
        sa.Column("name_ko", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("place", AsciiKey(48), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_queue_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue")),
        sa.UniqueConstraint("code", name=op.f("uq_queue_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_queue_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_queue_service_id"), "queue", ["service_id"], unique=False)
    op.create_index(op.f("ix_queue_unit"), "queue", ["unit"], unique=False)
    op.create_table(
        "staff_unit",
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("unit_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_unit_staff_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_staff_unit_unit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "unit_id", name=op.f("pk_staff_unit")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_staff_unit_unit_id"), "staff_unit", ["unit_id"], unique=False)
    op.create_table(
        "map_node",
        sa.Column("site_id", BigId, nullable=False),
        sa.Column("floor_id", BigId, nullable=False),
        sa.Column("code", AsciiKey(64), nullable=False),
        sa.Column("kind", AsciiKey(16), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("name_ko", sa.String(length=80), nullable=True),
        sa.Column("name_en", sa.String(length=80), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind = 'corridor' OR (name_ko IS NOT NULL AND name_en IS NOT NULL)",
            name=op.f("ck_map_node_named"),
        ),
        sa.CheckConstraint(
            "kind IN ('entrance', 'desk', 'cashier', 'room', 'waiting', 'corridor', 'lift', 'stairs', 'escalator', 'restroom', 'exit', 'tag')",
            name=op.f("ck_map_node_kind"),
        ),
        sa.ForeignKeyConstraint(["floor_id"], ["map_floor.id"], name=op.f("fk_map_node_floor_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_map_node_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_map_node")),
        sa.UniqueConstraint("public_id", name=op.f("uq_map_node_public_id")),
        sa.UniqueConstraint("site_id", "code", name=op.f("uq_map_node_site_id_code")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_map_node_floor_id", "map_node", ["floor_id"], unique=False)
    op.create_table(
        "queue_policy",
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("early_tolerance_seconds", sa.Integer(), nullable=False),
        sa.Column("check_in_before_seconds", sa.Integer(), nullable=False),
        sa.Column("check_in_after_seconds", sa.Integer(), nullable=False),
        sa.Column("call_expiry_seconds", sa.Integer(), nullable=False),
        sa.Column("max_calls", sa.Integer(), nullable=False),
        sa.Column("recall_gap_seconds", sa.Integer(), nullable=False),
        sa.Column("calls_ahead", sa.Integer(), nullable=False),
        sa.Column("least_service_seconds", sa.Integer(), nullable=False),
        sa.Column("shows_masked_name", sa.Boolean(), nullable=False),
        sa.Column("takes_walk_ins", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("calls_ahead >= 1", name=op.f("ck_queue_policy_calls_ahead")),
        sa.CheckConstraint("max_calls >= 1", name=op.f("ck_queue_policy_max_calls")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_queue_policy_queue_id")),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_queue_policy")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "refresh_token",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("digest", AsciiKey(64), nullable=False),
        sa.Column("family", sa.Uuid(), nullable=False),
        sa.Column("session_id", BigId, nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["auth_session.id"], name=op.f("fk_refresh_token_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_refresh_token_digest")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_refresh_token_expires_at"), "refresh_token", ["expires_at"], unique=False)
    op.create_index(op.f("ix_refresh_token_family"), "refresh_token", ["family"], unique=False)
    op.create_index(op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False)
    op.create_table(
        "service_point",
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("name_ko", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("place", AsciiKey(48), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("status", AsciiKey(8), nullable=False),
        sa.Column("status_reason", sa.String(length=120), nullable=True),
        sa.Column("paused_until", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('open','paused','closed')", name=op.f("ck_service_point_status")),
        sa.CheckConstraint("capacity >= 1", name=op.f("ck_service_point_capacity")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_service_point_queue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_point")),
        sa.UniqueConstraint("public_id", name=op.f("uq_service_point_public_id")),
        sa.UniqueConstraint("queue_id", "name_ko", name=op.f("uq_service_point_queue_id_name_ko")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "visit",
        sa.Column("site", AsciiKey(32), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("appointment_key", sa.BigInteger(), nullable=False),
        sa.Column("open_slot", sa.SmallInteger(), nullable=True),
        sa.Column("state", AsciiKey(16), nullable=False),
        sa.Column("day_number", sa.Integer(), nullable=True),
        sa.Column("disposition", AsciiKey(24), nullable=True),
        sa.Column("expected_at", UtcDateTime(), nullable=True),
        sa.Column("arrived_at", UtcDateTime(), nullable=True),
        sa.Column("arrived_place", AsciiKey(48), nullable=True),
        sa.Column("registered_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("previous_visit_id", sa.BigInteger(), nullable=True),
        sa.Column("history_length", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'FINISHED') = (disposition IS NOT NULL)", name=op.f("ck_visit_finished_has_disposition")
        ),
        sa.CheckConstraint("open_slot IS NULL OR open_slot = 1", name=op.f("ck_visit_open_slot")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_visit_appointment_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_visit_patient_id")),
        sa.ForeignKeyConstraint(["previous_visit_id"], ["visit.id"], name=op.f("fk_visit_previous_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint(
            "patient_id",
            "business_date",
            "appointment_key",
            "open_slot",
            name=op.f("uq_visit_patient_id_business_date_appointment_key_open_slot"),
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_visit_public_id")),
        sa.UniqueConstraint(
            "site", "business_date", "day_number", name=op.f("uq_visit_site_business_date_day_number")
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_visit_day", "visit", ["business_date", "state"], unique=False)
    op.create_table(
        "map_edge",
        sa.Column("a_id", BigId, nullable=False),
        sa.Column("b_id", BigId, nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("kind", AsciiKey(16), nullable=False),
        sa.Column("width_cm", sa.Integer(), nullable=True),
        sa.Column("is_one_way", sa.Boolean(), nullable=False),
        sa.Column("closed_from", UtcDateTime(), nullable=True),
        sa.Column("closed_until", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('corridor', 'lift', 'stairs', 'escalator', 'door', 'ramp')",
            name=op.f("ck_map_edge_kind"),
        ),
        sa.CheckConstraint("a_id <> b_id", name=op.f("ck_map_edge_two_ends")),
        sa.CheckConstraint("closed_until > closed_from", name=op.f("ck_map_edge_closed")),
        sa.CheckConstraint("seconds > 0", name=op.f("ck_map_edge_seconds")),
        sa.CheckConstraint("width_cm > 0", name=op.f("ck_map_edge_width")),
        sa.ForeignKeyConstraint(["a_id"], ["map_node.id"], name=op.f("fk_map_edge_a_id")),
        sa.ForeignKeyConstraint(["b_id"], ["map_node.id"], name=op.f("fk_map_edge_b_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_map_edge")),
        sa.UniqueConstraint("a_id", "b_id", "kind", name=op.f("uq_map_edge_a_id_b_id_kind")),
        sa.UniqueConstraint("public_id", name=op.f("uq_map_edge_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_map_edge_b_id", "map_edge", ["b_id"], unique=False)
    op.create_table(
        "touchpoint",
        sa.Column("token_id", AsciiKey(12), nullable=False),
        sa.Column("kind", AsciiKey(16), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False),
        sa.Column("place", AsciiKey(64), nullable=False),
        sa.Column("name_ko", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('entrance', 'desk', 'cashier', 'room', 'lift', 'kiosk')",
            name=op.f("ck_touchpoint_kind"),
        ),
        sa.CheckConstraint("is_active = (revoked_at IS NULL)", name=op.f("ck_touchpoint_revoked")),
        sa.CheckConstraint("key_version >= 1", name=op.f("ck_touchpoint_key_version")),
        sa.ForeignKeyConstraint(["node_id"], ["map_node.id"], name=op.f("fk_touchpoint_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touchpoint")),
        sa.UniqueConstraint("public_id", name=op.f("uq_touchpoint_public_id")),
        sa.UniqueConstraint("token_id", name=op.f("uq_touchpoint_token_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_touchpoint_node_id"), "touchpoint", ["node_id"], unique=False)
    op.create_table(
        "visit_link",
        sa.Column("digest", AsciiKey(64), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_link_visit_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_visit_link")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_visit_link_visit_id"), "visit_link", ["visit_id"], unique=False)
    op.create_table(
        "visit_step",
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("service_code", AsciiKey(32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), nullable=False),
        sa.Column("status", AsciiKey(12), nullable=False),
        sa.Column("order_ref", sa.Uuid(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_visit_step_service_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_step_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_step")),
        sa.UniqueConstraint("public_id", name=op.f("uq_visit_step_public_id")),
        sa.UniqueConstraint("visit_id", "ordinal", name=op.f("uq_visit_step_visit_id_ordinal")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "queue_entry",
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=False),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("service_point_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", AsciiKey(20), nullable=False),
        sa.Column("priority_class", sa.SmallInteger(), nullable=False),
        sa.Column("eligible_at", UtcDateTime(), nullable=False),
        sa.Column("previous_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("origin_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("call_count", sa.Integer(), nullable=False),
        sa.Column("ended_reason", AsciiKey(32), nullable=True),
        sa.Column("active_slot", sa.SmallInteger(), nullable=True),
        sa.Column("engaged_slot", sa.SmallInteger(), nullable=True),
        sa.Column("serving_slot", sa.SmallInteger(), nullable=True),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("called_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("active_slot IS NULL OR active_slot = 1", name=op.f("ck_queue_entry_active_slot")),
        sa.CheckConstraint(
            "engaged_slot IS NULL OR engaged_slot = 1", name=op.f("ck_queue_entry_engaged_slot")
        ),
        sa.ForeignKeyConstraint(
            ["origin_entry_id"], ["queue_entry.id"], name=op.f("fk_queue_entry_origin_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["previous_entry_id"], ["queue_entry.id"], name=op.f("fk_queue_entry_previous_entry_id")
        ),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_queue_entry_queue_id")),
        sa.ForeignKeyConstraint(
            ["service_point_id"], ["service_point.id"], name=op.f("fk_queue_entry_service_point_id")
        ),
        sa.ForeignKeyConstraint(["step_id"], ["visit_step.id"], name=op.f("fk_queue_entry_step_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_queue_entry_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entry")),
        sa.UniqueConstraint("public_id", name=op.f("uq_queue_entry_public_id")),
        sa.UniqueConstraint(
            "service_point_id", "serving_slot", name=op.f("uq_queue_entry_service_point_id_serving_slot")
        ),
        sa.UniqueConstraint("visit_id", "active_slot", name=op.f("uq_queue_entry_visit_id_active_slot")),
        sa.UniqueConstraint("visit_id", "engaged_slot", name=op.f("uq_queue_entry_visit_id_engaged_slot")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ix_queue_entry_line",
        "queue_entry",
        ["queue_id", "status", "priority_class", "eligible_at", "id"],
        unique=False,
    )
    op.create_index("ix_queue_entry_room", "queue_entry", ["service_point_id", "status"], unique=False)
    op.create_index(op.f("ix_queue_entry_step_id"), "queue_entry", ["step_id"], unique=False)
    op.create_table(
        "tap",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("touchpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_kind", AsciiKey(16), nullable=False),
        sa.Column("session_id", AsciiKey(64), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["touchpoint_id"], ["touchpoint.id"], name=op.f("fk_tap_touchpoint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tap")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_tap_touchpoint_id_at", "tap", ["touchpoint_id", "at"], unique=False)
    op.create_index("ix_tap_visit_id_at", "tap", ["visit_id", "at"], unique=False)
    op.create_table(
        "flow_event",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("command", AsciiKey(16), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("from_state", AsciiKey(16), nullable=False),
        sa.Column("to_state", AsciiKey(16), nullable=False),
        sa.Column("entry_from", AsciiKey(20), nullable=True),
        sa.Column("entry_to", AsciiKey(20), nullable=True),
        sa.Column("actor_kind", AsciiKey(16), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", AsciiKey(24), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["queue_entry.id"], name=op.f("fk_flow_event_entry_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_flow_event_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_event")),
        sa.UniqueConstraint("visit_id", "seq", name=op.f("uq_flow_event_visit_id_seq")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_flow_event_command", "flow_event", ["visit_id", "command_id"], unique=False)
    op.create_table(
        "queue_call",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("service_point_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("live_slot", sa.SmallInteger(), nullable=True),
        sa.Column("called_by", sa.Uuid(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["queue_entry.id"], name=op.f("fk_queue_call_entry_id")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_queue_call_queue_id")),
        sa.ForeignKeyConstraint(
            ["service_point_id"], ["service_point.id"], name=op.f("fk_queue_call_service_point_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_call")),
        sa.UniqueConstraint(
            "entry_id", "attempt", "live_slot", name=op.f("uq_queue_call_entry_id_attempt_live_slot")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_queue_call_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_queue_call_recent", "queue_call", ["queue_id", "at"], unique=False)
    for statement in append_only(
        "sqlite" if op.get_bind().dialect.name == "sqlite" else "mysql", ("audit", "audit_seal")
    ):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("queue_call")
    op.drop_table("flow_event")
    op.drop_table("tap")
    op.drop_table("queue_entry")
    op.drop_table("visit_step")
    op.drop_table("visit_link")
    op.drop_table("touchpoint")
    op.drop_table("map_edge")
    op.drop_table("visit")
    op.drop_table("service_point")
    op.drop_table("refresh_token")
    op.drop_table("queue_policy")
    op.drop_table("map_node")
    op.drop_table("staff_unit")
    op.drop_table("queue")
    op.drop_table("map_floor")
    op.drop_table("auth_session")
    op.drop_table("appointment")
    op.drop_table("unit")
    op.drop_table("topic_event")
    op.drop_table("staff")
    op.drop_table("socket_ticket")
    op.drop_table("site")
    op.drop_table("sign_in_failure")
    op.drop_table("service")
    op.drop_table("patient")
    op.drop_table("outbox")
    op.drop_table("idempotency_key")
    op.drop_table("duty")
    op.drop_table("device")
    op.drop_table("counter")
    op.drop_table("audit_seal")
    op.drop_table("audit")
