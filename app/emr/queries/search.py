"""Finding a record: by number, name, 초성, birth date or the phone's last digits; each finds the own patients."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from app.accounts.roles import DRIVERS, Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError
from app.emr.models import Patient, PatientIdentifier
from app.emr.queries.relations import is_record_open
from app.emr.rules import FOUR_LETTERS, INITIALS, LONGEST_NUMBER, birth_date_of, number_of

PAGE_ROWS = 20
HAS_DIGIT = re.compile(r"[0-9]")
ONLY_INITIALS = re.compile(f"[{INITIALS}]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A record that a search fits, with what tells two people of one name apart."""

    id: UUID
    mrn: str
    name: str
    birth_date: date
    gender: str | None
    phone_last4: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsFound:
    """One page of the records that a search fits."""

    search: str
    rows: tuple[RecordRow, ...]
    total: int
    page: int
    pages: int

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(row.id for row in self.rows)


def search_records(typed: str, *, page: int = 1, by: Actor) -> RecordsFound:
    """Return a page of the records that fit, the living ones first; 2 statements, 3 for a number, none for nothing.

    Whoever works in a unit finds the unit's patients, the reception everybody's.
    """
    require(by, Permission.SEE_PATIENT)
    text = " ".join(typed.split())
    if not text:
        return RecordsFound(search="", rows=(), total=0, page=1, pages=1)
    which = [_fits(text)]
    if by.role in DRIVERS:
        which.append(is_record_open(by))
    total = db.session.execute(select(func.count()).select_from(Patient).where(*which)).scalar_one()
    pages = max(1, -(-total // PAGE_ROWS))
    page = min(max(1, page), pages)
    rows = db.session.execute(
        select(
            Patient.public_id.label("id"),
            Patient.mrn,
            Patient.name,
            Patient.birth_date,
            Patient.gender,
            func.coalesce(Patient.phone_last4, "").label("phone_last4"),
            Patient.is_active,
        )
        .where(*which)
        .order_by(Patient.is_active.desc(), Patient.name, Patient.birth_date, Patient.id)
        .limit(PAGE_ROWS)
        .offset((page - 1) * PAGE_ROWS)
    )
    return RecordsFound(
        search=text,
        rows=tuple(RecordRow(**row._mapping) for row in rows),  # noqa: SLF001 - SQLAlchemy's public way
        total=total,
        page=page,
        pages=pages,
    )


def _fits(text: str) -> ColumnElement[bool]:
    """Return what a text may mean: each way has its index."""
    fits = Patient.name.startswith(text, autoescape=True) | (Patient.mrn == text[:LONGEST_NUMBER])
    if owners := _known_elsewhere_as(text):
        fits |= Patient.id.in_(owners)
    if ONLY_INITIALS.fullmatch(letters := text.replace(" ", "")):
        fits |= Patient.name_initials.startswith(letters, autoescape=True)
    if text.isascii() and text.isdecimal() and len(text) == FOUR_LETTERS:
        fits |= Patient.phone_last4 == text
    with suppress(InvalidError):
        fits |= Patient.birth_date == birth_date_of(text)
    return fits


def _known_elsewhere_as(text: str) -> list[int]:
    """Return the rows of who has this number elsewhere; 1 statement, none for what holds no digit.

    Asked first: as a condition beside the others it would keep the planner from all of their indexes.
    """
    if not HAS_DIGIT.search(text):
        return []
    try:
        number = number_of(text)
    except InvalidError:
        return []
    rows = select(PatientIdentifier.patient_id).where(
        PatientIdentifier.value == number, PatientIdentifier.open_slot == 1
    )
    return [*db.session.execute(rows).scalars()]
