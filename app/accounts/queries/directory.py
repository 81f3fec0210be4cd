"""Lists of staff, devices and units: a page at a time, no digest and no hash among the columns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, select

from app.accounts import rules
from app.accounts.models import Device, Staff, Unit, staff_unit
from app.core import clock
from app.core.db import db
from app.core.errors import NotFoundError

T = TypeVar("T")
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRow:
    """One member of staff in a list."""

    id: UUID
    username: str
    name: str
    role: str
    units: tuple[str, ...]
    has_second_factor: bool
    is_disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One kiosk or board in a list; `state` is waiting, expired, paired or revoked."""

    id: UUID
    kind: str
    name: str
    place: str | None
    queue_id: UUID | None
    state: str
    paired_at: datetime | None
    renew_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """A ward or department."""

    id: UUID
    code: str
    name_ko: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list; `has_more` says whether another one follows."""

    rows: tuple[T, ...]
    number: int
    has_more: bool


def staff_named(username: str) -> StaffRow | None:
    """Return one member of staff; two statements."""
    found = _staff(Staff.username == rules.username(username), number=1)
    return found.rows[0] if found.rows else None


def staff_member(staff_id: UUID) -> StaffRow:
    """Return one member of staff by id; two statements. Raise NotFoundError."""
    found = _staff(Staff.public_id == staff_id, number=1)
    if not found.rows:
        raise NotFoundError(kind="staff")
    return found.rows[0]


def staff_list(number: int = 1) -> Page[StaffRow]:
    """Return a page of staff by user name; two statements."""
    return _staff(number=number)


def _staff(*matching: ColumnElement[bool], number: int) -> Page[StaffRow]:
    staff = db.session.execute(
        select(
            Staff.id,
            Staff.public_id,
            Staff.username,
            Staff.name,
            Staff.role,
            Staff.totp_secret.is_not(None).label("has_second_factor"),
            Staff.disabled_at.is_not(None).label("is_disabled"),
        )
        .where(*matching)
        .order_by(Staff.username)
        .limit(PAGE_SIZE + 1)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    codes: dict[int, list[str]] = {}
    for staff_id, code in db.session.execute(
        select(staff_unit.c.staff_id, Unit.code)
        .join(Unit, Unit.id == staff_unit.c.unit_id)
        .where(staff_unit.c.staff_id.in_([row.id for row in staff]))
        .order_by(Unit.code)
    ):
        codes.setdefault(staff_id, []).append(code)
    rows = [
        StaffRow(
            id=row.public_id,
            username=row.username,
            name=row.name,
            role=row.role,
            units=tuple(codes.get(row.id, ())),
            has_second_factor=bool(row.has_second_factor),
            is_disabled=bool(row.is_disabled),
        )
        for row in staff
    ]
    return Page(rows=tuple(rows[:PAGE_SIZE]), number=number, has_more=len(rows) > PAGE_SIZE)


def devices(number: int = 1) -> Page[DeviceRow]:
    """Return a page of devices by name; one statement."""
    now = clock.utcnow()
    rows = db.session.execute(
        select(
            Device.public_id.label("id"),
            Device.kind,
            Device.name,
            Device.place,
            Device.queue_id,
            Device.paired_at,
            Device.pairing_expires_at,
            Device.rotated_at,
            Device.revoked_at,
        )
        .order_by(Device.name, Device.id)
        .limit(PAGE_SIZE + 1)
        .offset((number - 1) * PAGE_SIZE)
    )
    shown = tuple(
        DeviceRow(
            id=row.id,
            kind=row.kind,
            name=row.name,
            place=row.place,
            queue_id=row.queue_id,
            state=rules.device_state(
                now, row.paired_at, row.pairing_expires_at, row.rotated_at, row.revoked_at
            ),
            paired_at=row.paired_at,
            renew_by=row.rotated_at and row.rotated_at + rules.DEVICE_SECRET_LIFE,
        )
        for row in rows
    )
    return Page(rows=shown[:PAGE_SIZE], number=number, has_more=len(shown) > PAGE_SIZE)


def units() -> tuple[UnitRow, ...]:
    """Return all wards and departments by code; one statement."""
    rows = db.session.execute(
        select(Unit.public_id.label("id"), Unit.code, Unit.name_ko, Unit.name_en).order_by(Unit.code)
    )
    return tuple(UnitRow(**row._asdict()) for row in rows)
