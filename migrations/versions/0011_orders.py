"""Order, keep and bill: the catalogue, orders with their lines, shelves with their movements, bills.

Revision: 0011
Before: 0010
"""

import sqlalchemy as sa
from alembic import op

from app.core.audit import append_only
from app.core.db import AsciiKey, BigId, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalogue_item",
        sa.Column("code", AsciiKey(32), nullable=False),
        sa.Column("category", AsciiKey(12), nullable=False),
        sa.Column("name_ko", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("service_code", AsciiKey(32), nullable=True),
        sa.Column("preparation_ko", sa.Text(), nullable=False),
        sa.Column("preparation_en", sa.Text(), nullable=False),
        sa.Column("after_care_ko", sa.Text(), nullable=False),
        sa.Column("after_care_en", sa.Text(), nullable=False),
        sa.Column("price_won", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "category IN ('lab','imaging','procedure','medication','supply')",
            name=op.f("ck_catalogue_item_category"),
        ),
        sa.CheckConstraint("price_won >= 0", name=op.f("ck_catalogue_item_price_won")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_item")),
        sa.UniqueConstraint("code", name=op.f("uq_catalogue_item_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_catalogue_item_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "order_counter",
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_order_counter")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "order_set",
        sa.Column("code", AsciiKey(32), nullable=False),
        sa.Column("name_ko", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_set")),
        sa.UniqueConstraint("code", name=op.f("uq_order_set_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_order_set_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "service_order",
        sa.Column("order_no", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("status", AsciiKey(12), nullable=False),
        sa.Column("priority", AsciiKey(8), nullable=False),
        sa.Column("ordered_by", sa.Uuid(), nullable=True),
        sa.Column("unit", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("revoked_reason", sa.String(length=300), nullable=True),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('completed','revoked')) = (closed_at IS NOT NULL)",
            name=op.f("ck_service_order_closed_at"),
        ),
        sa.CheckConstraint(
            "priority IN ('routine','urgent','asap','stat')", name=op.f("ck_service_order_priority")
        ),
        sa.CheckConstraint(
            "status IN ('draft','active','on-hold','completed','revoked')",
            name=op.f("ck_service_order_status"),
        ),
        sa.CheckConstraint(
            "visit_id IS NOT NULL OR status IN ('draft','revoked')",
            name=op.f("ck_service_order_active_has_visit"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_order")),
        sa.UniqueConstraint("public_id", name=op.f("uq_service_order_public_id")),
        sa.UniqueConstraint("visit_id", "order_no", name=op.f("uq_service_order_visit_id_order_no")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_service_order_patient", "service_order", ["patient_id", "created_at"], unique=False)
    op.create_index("ix_service_order_status", "service_order", ["status", "created_at"], unique=False)
    op.create_table(
        "order_set_item",
        sa.Column("set_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_set_item_quantity")),
        sa.ForeignKeyConstraint(["item_id"], ["catalogue_item.id"], name=op.f("fk_order_set_item_item_id")),
        sa.ForeignKeyConstraint(["set_id"], ["order_set.id"], name=op.f("fk_order_set_item_set_id")),
        sa.PrimaryKeyConstraint("set_id", "item_id", name=op.f("pk_order_set_item")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "stock",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("location", AsciiKey(48), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("reorder_point", sa.Integer(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_stock_on_hand")),
        sa.CheckConstraint("reorder_point >= 0", name=op.f("ck_stock_reorder_point")),
        sa.CheckConstraint("reserved <= on_hand", name=op.f("ck_stock_reserved_lies_there")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_stock_reserved")),
        sa.ForeignKeyConstraint(["item_id"], ["catalogue_item.id"], name=op.f("fk_stock_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock")),
        sa.UniqueConstraint("item_id", "location", name=op.f("uq_stock_item_id_location")),
        sa.UniqueConstraint("public_id", name=op.f("uq_stock_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "order_line",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_won", sa.BigInteger(), nullable=False),
        sa.Column("status", AsciiKey(12), nullable=False),
        sa.Column("step_ref", sa.Uuid(), nullable=True),
        sa.Column("stock_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_command", sa.Uuid(), nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status = 'active') = (closed_command IS NULL)", name=op.f("ck_order_line_closed_by_a_command")
        ),
        sa.CheckConstraint("status IN ('active','completed','revoked')", name=op.f("ck_order_line_status")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_line_quantity")),
        sa.CheckConstraint("unit_price_won >= 0", name=op.f("ck_order_line_unit_price_won")),
        sa.ForeignKeyConstraint(["item_id"], ["catalogue_item.id"], name=op.f("fk_order_line_item_id")),
        sa.ForeignKeyConstraint(["order_id"], ["service_order.id"], name=op.f("fk_order_line_order_id")),
        sa.ForeignKeyConstraint(["stock_id"], ["stock.id"], name=op.f("fk_order_line_stock_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
        sa.UniqueConstraint("order_id", "item_id", name=op.f("uq_order_line_order_id_item_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_order_line_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_order_line_shelf", "order_line", ["stock_id", "status"], unique=False)
    op.create_index("ix_order_line_step", "order_line", ["step_ref"], unique=False)
    op.create_table(
        "bill_entry",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", AsciiKey(8), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("part", sa.Integer(), nullable=True),
        sa.Column("amount_won", sa.BigInteger(), nullable=False),
        sa.Column("method", AsciiKey(12), nullable=True),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", AsciiKey(24), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(method IS NOT NULL) = (kind = 'payment')", name=op.f("ck_bill_entry_payment_has_method")
        ),
        sa.CheckConstraint("amount_won >= 0 OR kind = 'payment'", name=op.f("ck_bill_entry_amount_won")),
        sa.CheckConstraint("kind IN ('charge','refund','payment')", name=op.f("ck_bill_entry_kind")),
        sa.CheckConstraint("(line_id IS NULL) = (part IS NULL)", name=op.f("ck_bill_entry_line_has_part")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_bill_entry_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_entry")),
        sa.UniqueConstraint("line_id", "kind", "part", name=op.f("uq_bill_entry_line_id_kind_part")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_bill_entry_visit", "bill_entry", ["visit_id", "id"], unique=False)
    op.create_table(
        "stock_movement",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", AsciiKey(8), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", AsciiKey(24), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('receive','reserve','release','issue','adjust','count')",
            name=op.f("ck_stock_movement_kind"),
        ),
        sa.CheckConstraint(
            "quantity > 0 OR kind IN ('adjust','count')", name=op.f("ck_stock_movement_quantity")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_stock_movement_line_id")),
        sa.ForeignKeyConstraint(["stock_id"], ["stock.id"], name=op.f("fk_stock_movement_stock_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movement")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_stock_movement_stock", "stock_movement", ["stock_id", "id"], unique=False)
    for statement in append_only(
        "sqlite" if op.get_bind().dialect.name == "sqlite" else "mysql", ("bill_entry", "stock_movement")
    ):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("stock_movement")
    op.drop_table("bill_entry")
    op.drop_table("order_line")
    op.drop_table("stock")
    op.drop_table("order_set_item")
    op.drop_table("service_order")
    op.drop_table("order_set")
    op.drop_table("order_counter")
    op.drop_table("catalogue_item")
