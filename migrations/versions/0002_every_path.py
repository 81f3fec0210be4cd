"""Every path of a real day: rules of the line, rounds of calls, holds, pins and precedence.

Revision: 0002
Before: 0001
"""

import sqlalchemy as sa
from alembic import op

from app.core.db import AsciiKey, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RULES = {
    "merge_rule": (AsciiKey(16), "slot"),
    "head_start_seconds": (sa.Integer(), "1200"),
    "grace_seconds": (sa.Integer(), "900"),
    "ageing_seconds": (sa.Integer(), "3600"),
    "max_overtaken": (sa.Integer(), "5"),
    "re_entry_places": (sa.Integer(), "2"),
    "max_re_entries": (sa.Integer(), "2"),
    "max_own_holds": (sa.Integer(), "1"),
    "own_hold_seconds": (sa.Integer(), "900"),
    "recalls_by_itself": (sa.Boolean(), sa.true()),
    "keeps_credit": (sa.Boolean(), sa.true()),
    "is_overnight": (sa.Boolean(), sa.false()),
}
COUNTED = {
    "rank_class": (sa.SmallInteger(), "0"),
    "overtaken": (sa.Integer(), "0"),
    "round": (sa.SmallInteger(), "1"),
    "re_entries": (sa.SmallInteger(), "0"),
    "own_holds": (sa.SmallInteger(), "0"),
    "served_seconds": (sa.Integer(), "0"),
}
CHECKS = {
    "max_overtaken": "max_overtaken >= 1",
    "merge_rule": "merge_rule IN ('arrival','slot','head-start')",
}


def upgrade() -> None:
    _add("queue_policy", RULES)
    with op.batch_alter_table("queue_policy") as table:
        for name, words in CHECKS.items():
            table.create_check_constraint(op.f(f"ck_queue_policy_{name}"), words)
    _add("service", {"is_any_order": (sa.Boolean(), sa.false())})
    with op.batch_alter_table("service") as table:
        table.add_column(sa.Column("follows", sa.JSON(), nullable=True))
    op.execute("UPDATE service SET follows = '[]'")
    with op.batch_alter_table("service") as table:
        table.alter_column("follows", existing_type=sa.JSON(), nullable=False)
    _add("queue_entry", COUNTED)
    with op.batch_alter_table("queue_entry") as table:
        table.add_column(sa.Column("since", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("booked_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("held_until", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("held_reason", sa.String(length=120), nullable=True))
        table.add_column(sa.Column("pinned_point_id", sa.BigInteger(), nullable=True))
    op.execute("UPDATE queue_entry SET rank_class = priority_class, since = joined_at")
    with op.batch_alter_table("queue_entry") as table:
        table.alter_column("since", existing_type=UtcDateTime(), nullable=False)
        table.create_foreign_key(
            op.f("fk_queue_entry_pinned_point_id"), "service_point", ["pinned_point_id"], ["id"]
        )
    # The new index first: the queue's foreign key leans on one of them.
    op.create_index(
        "ix_queue_entry_rank", "queue_entry", ["queue_id", "status", "rank_class", "eligible_at", "id"]
    )
    op.drop_index("ix_queue_entry_line", table_name="queue_entry")
    op.create_index("ix_queue_entry_held", "queue_entry", ["status", "held_until"])
    _add("queue_call", {"round": (sa.SmallInteger(), "1")})
    _number_calls(with_rounds=True)


def downgrade() -> None:
    _number_calls(with_rounds=False)
    _drop("queue_call", ["round"])
    op.drop_index("ix_queue_entry_held", table_name="queue_entry")
    op.create_index(
        "ix_queue_entry_line", "queue_entry", ["queue_id", "status", "priority_class", "eligible_at", "id"]
    )
    op.drop_index("ix_queue_entry_rank", table_name="queue_entry")
    with op.batch_alter_table("queue_entry") as table:
        table.drop_constraint(op.f("fk_queue_entry_pinned_point_id"), type_="foreignkey")
    if op.get_context().dialect.name != "sqlite":
        op.drop_index("fk_queue_entry_pinned_point_id", table_name="queue_entry")
    _drop(
        "queue_entry",
        [*COUNTED, "since", "booked_at", "held_until", "held_reason", "pinned_point_id"],
    )
    _drop("service", ["follows", "is_any_order"])
    with op.batch_alter_table("queue_policy") as table:
        for name in CHECKS:
            table.drop_constraint(op.f(f"ck_queue_policy_{name}"), type_="check")
    _drop("queue_policy", list(RULES))


def _add(table_name: str, columns: dict[str, tuple[sa.types.TypeEngine, object]]) -> None:
    """Add columns that must not be empty: with a value for the rows that are there, then without a default."""
    with op.batch_alter_table(table_name) as table:
        for name, (kind, value) in columns.items():
            table.add_column(sa.Column(name, kind, nullable=False, server_default=value))
    with op.batch_alter_table(table_name) as table:
        for name, (kind, _value) in columns.items():
            table.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def _drop(table_name: str, columns: list[str]) -> None:
    with op.batch_alter_table(table_name) as table:
        for name in columns:
            table.drop_column(name)


def _number_calls(*, with_rounds: bool) -> None:
    """Let attempts count within a round of calls; the foreign key of the entry needs an index all the while."""
    old, new = "entry_id_attempt_live_slot", "entry_id_round_attempt_live_slot"
    if not with_rounds:
        op.execute("UPDATE queue_call SET live_slot = NULL")  # attempts of several rounds would collide
    gone, come = (old, new) if with_rounds else (new, old)
    columns = ["entry_id", "round", "attempt", "live_slot"]
    with op.batch_alter_table("queue_call") as table:
        table.create_unique_constraint(
            op.f(f"uq_queue_call_{come}"), [one for one in columns if with_rounds or one != "round"]
        )
        table.drop_constraint(op.f(f"uq_queue_call_{gone}"), type_="unique")
