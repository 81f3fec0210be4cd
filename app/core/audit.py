"""Audit: who did or saw what, written in the same transaction as the deed, never changed afterwards."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Table, Uuid
from sqlalchemy.orm import Mapped, mapped_column
from structlog.contextvars import get_contextvars

from app.core import clock
from app.core.actor import Actor
from app.core.db import AsciiKey, BigId, Model, db
from app.core.transaction import unit

# What a table's `info` says where the database itself refuses every change of its rows.
ONLY_GROWS = {"only_grows": True}


class AuditRow(Model):
    """One deed or one look at patient data; INSERT and SELECT only (triggers refuse the rest)."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "at"),
        Index("ix_audit_patient", "patient", "at"),  # "who saw me"
        {**Model.__table_args__, "info": ONLY_GROWS},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(AsciiKey(16))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid())
    role: Mapped[str] = mapped_column(AsciiKey(24))
    session_id: Mapped[str | None] = mapped_column(AsciiKey(64))
    device_id: Mapped[UUID | None] = mapped_column(Uuid())
    ip: Mapped[str | None] = mapped_column(AsciiKey(45))
    action: Mapped[str] = mapped_column(AsciiKey(64))
    patient: Mapped[UUID | None] = mapped_column(Uuid())
    patients: Mapped[int] = mapped_column(Integer, default=0)
    patients_hash: Mapped[str | None] = mapped_column(AsciiKey(64))
    object: Mapped[str | None] = mapped_column(AsciiKey(96))
    reason: Mapped[str | None] = mapped_column(String(300))
    outcome: Mapped[str] = mapped_column(AsciiKey(16))
    request_id: Mapped[str | None] = mapped_column(AsciiKey(64))
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class AuditSeal(Model):
    """A link of the chain over audit rows `from_id`…`to_id`; made by the clock, off the hot path."""

    __tablename__ = "audit_seal"
    __table_args__ = ({**Model.__table_args__, "info": ONLY_GROWS},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    from_id: Mapped[int] = mapped_column(BigInteger)
    to_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    count: Mapped[int] = mapped_column(Integer)
    prev_hash: Mapped[str] = mapped_column(AsciiKey(64))
    hash: Mapped[str] = mapped_column(AsciiKey(64))
    hmac: Mapped[str] = mapped_column(AsciiKey(64))
    at: Mapped[datetime]


# Nobody ever holds a row that was just written, so it passes the session by: as an object of the ORM it cost four
# times as much, with every look at a picture. `inline`: its number is not asked for either.
_WRITE: Final = cast("Table", AuditRow.__table__).insert().inline()

APPEND_ONLY = {
    "sqlite": "CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "mysql": "CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} FOR EACH ROW "
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{table} is append-only'",
}


def append_only(dialect: str, tables: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the statements that let the database itself refuse every change of what was recorded.

    Without names: of all tables that only grow. A migration names its own.
    """
    growing = (one.name for one in Model.metadata.sorted_tables if one.info.get("only_grows"))
    return tuple(
        APPEND_ONLY[dialect].format(table=table, verb=verb)
        for table in (growing if tables is None else tables)
        for verb in ("UPDATE", "DELETE")
    )


def record(
    action: str,
    *,
    by: Actor,
    patients: Iterable[UUID] = (),
    object_: str | None = None,
    reason: str | None = None,
    outcome: str = "ok",
    details: dict[str, Any] | None = None,
) -> None:
    """Write one audit row inside the unit of work; of many patients it keeps the count and a hash of the ids."""
    _write(
        [
            _row(
                action,
                by=by,
                patients=patients,
                object_=object_,
                reason=reason,
                outcome=outcome,
                details=details,
            )
        ]
    )


def record_each(action: str, *, by: Actor, patients: Iterable[UUID], object_: str) -> None:
    """Write one audit row for each of these patients; one statement."""
    _write([_row(action, by=by, patients=[patient], object_=object_) for patient in patients])


def fingerprint(secret: str) -> str:
    """Return a short, one-way name for a session, so that the audit never holds a usable cookie."""
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


def _row(
    action: str,
    *,
    by: Actor,
    patients: Iterable[UUID],
    object_: str | None,
    reason: str | None = None,
    outcome: str = "ok",
    details: dict[str, Any] | None = None,
) -> dict[str, Any]:
    shown = sorted({str(one) for one in patients})
    return {
        "at": clock.utcnow(),
        "actor_kind": by.kind,
        "actor_id": by.id,
        "role": by.role,
        "session_id": fingerprint(by.session_id) if by.session_id else None,
        "device_id": by.device_id,
        "ip": by.ip,
        "action": action,
        "patient": UUID(shown[0]) if len(shown) == 1 else None,
        "patients": len(shown),
        "patients_hash": hashlib.sha256("\n".join(shown).encode()).hexdigest() if shown else None,
        "object": object_,
        "reason": reason,
        "outcome": outcome,
        "request_id": get_contextvars().get("request_id"),
        "details": details,
    }


def _write(rows: list[dict[str, Any]]) -> None:
    """Write rows at once. Raise WriteOutsideUnitError, and what the database refuses them with."""
    unit()
    if rows:
        db.session.connection().execute(_WRITE, rows)
