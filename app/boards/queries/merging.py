"""Two records before they become one: side by side, in what they differ, and what will follow whom."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import aliased

from app.accounts.roles import Permission, require
from app.boards.queries.staff import services_of
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.emr.models import (
    Appointment,
    EncounterNote,
    Patient,
    PatientAllergy,
    PatientContact,
    PatientFlag,
    PatientIdentifier,
)
from app.emr.rules import unlike
from app.journey.models import Visit
from app.journey.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVisit:
    """A visit that is not over: one in the house stays under its record."""

    day: date
    state: State
    number: int | None
    services_ko: str
    services_en: str

    @property
    def follows(self) -> bool:
        """Whether it goes over: somebody who is expected, and has not come."""
        return self.state is State.UNREGISTERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two records."""

    id: UUID
    mrn: str
    name: str
    birth_date: date
    gender: str | None
    phone_last4: str
    numbers: tuple[tuple[str, str, str], ...]  # kind, system, value
    visits: tuple[OpenVisit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """The duplicate and the record that stays; `unlike` names what two people would differ in."""

    old: Side
    new: Side
    unlike: tuple[str, ...]
    following: dict[str, int]  # how many rows of which kind go over

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return (self.old.id, self.new.id)


def merge_preview(patient_id: UUID, mrn: str, *, by: Actor) -> MergePreview:
    """Return both records of a merge; 6 statements. Raise NotFoundError, InvalidError for a number of no other record.

    A number of a duplicate means the record that lives on for it.
    """
    require(by, Permission.MERGE_PATIENTS)
    old = db.session.execute(select(Patient).where(Patient.public_id == patient_id)).scalar_one_or_none()
    if old is None:
        raise NotFoundError(kind="patient")
    named = aliased(Patient)
    new = db.session.execute(
        select(Patient)
        .join(named, func.coalesce(named.replaced_by_id, named.id) == Patient.id)
        .where(named.mrn == mrn.strip())
    ).scalar_one_or_none()
    if new is None:
        raise InvalidError(field="mrn", why="unknown_record")
    if new.id == old.id:
        raise InvalidError(field="mrn", why="circle")
    rows = (old.id, new.id)
    numbers, visits = _numbers(rows), _open_visits(rows)
    return MergePreview(
        old=_side(old, numbers, visits),
        new=_side(new, numbers, visits),
        unlike=unlike(old.name, old.birth_date, new.name, new.birth_date),
        following=_following(old.id),
    )


def _side(
    row: Patient, numbers: dict[int, list[tuple[str, str, str]]], visits: dict[int, list[OpenVisit]]
) -> Side:
    return Side(
        id=row.public_id,
        mrn=row.mrn,
        name=row.name,
        birth_date=row.birth_date,
        gender=row.gender,
        phone_last4=row.phone_last4 or "",
        numbers=tuple(numbers.get(row.id, ())),
        visits=tuple(visits.get(row.id, ())),
    )


def _numbers(owners: Collection[int]) -> dict[int, list[tuple[str, str, str]]]:
    rows = db.session.execute(
        select(PatientIdentifier)
        .where(PatientIdentifier.patient_id.in_(owners), PatientIdentifier.open_slot == 1)
        .order_by(PatientIdentifier.kind, PatientIdentifier.system, PatientIdentifier.value)
    ).scalars()
    found: dict[int, list[tuple[str, str, str]]] = {}
    for row in rows:
        found.setdefault(row.patient_id, []).append((row.kind, row.system, row.value))
    return found


def _open_visits(owners: Collection[int]) -> dict[int, list[OpenVisit]]:
    rows = (
        db.session.execute(
            select(Visit)
            .where(Visit.patient_id.in_(owners), Visit.open_slot == 1)
            .order_by(Visit.business_date, Visit.id)
        )
        .scalars()
        .all()
    )
    services = services_of([row.id for row in rows])
    found: dict[int, list[OpenVisit]] = {}
    for row in rows:
        names = services.get(row.id, [])
        found.setdefault(row.patient_id, []).append(
            OpenVisit(
                day=row.business_date,
                state=State(row.state),
                number=row.day_number,
                services_ko=" → ".join(ko for ko, _ in names),
                services_en=" → ".join(en for _, en in names),
            )
        )
    return found


def _following(owner: int) -> dict[str, int]:
    """Return how many rows of each kind go over, those that are shown; 1 statement."""
    counted = (
        ("number", PatientIdentifier, PatientIdentifier.open_slot == 1),
        ("contact", PatientContact, PatientContact.removed_at.is_(None)),
        ("allergy", PatientAllergy, PatientAllergy.status != "entered-in-error"),
        ("flag", PatientFlag, PatientFlag.removed_at.is_(None)),
        ("note", EncounterNote, EncounterNote.removed_at.is_(None)),
        (
            "booking",
            Appointment,
            (Appointment.status == "booked") & (Appointment.business_date >= clock.today()),
        ),
    )
    every = union_all(
        *(
            select(literal(kind).label("kind"), func.count().label("amount"))
            .select_from(model)
            .where(model.patient_id == owner, holds)
            for kind, model, holds in counted
        )
    )
    return {row.kind: row.amount for row in db.session.execute(every) if row.amount}
