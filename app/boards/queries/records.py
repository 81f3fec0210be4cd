"""A patient's record as a page: what is known, what was noted in which visit, and everything in the order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select, union_all

from app.accounts.roles import Permission, Role, may
from app.boards.queries.order_cards import OrderCard
from app.boards.queries.orders import patient_orders
from app.boards.queries.staff import services_of
from app.boards.queries.study_lists import PatientStudy, patient_studies
from app.core.actor import Actor
from app.core.db import db
from app.emr import queries as emr
from app.emr.models import EncounterNote, Patient, PatientAllergy
from app.emr.queries import Note, PatientRecord
from app.emr.rules import WRITERS, NoteKind
from app.journey.models import Visit
from app.journey.states import Disposition, State

VISITS, HAPPENINGS = 5, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitNotes:
    """A visit with its two texts; None for who may not read them."""

    id: UUID
    day: date
    state: State
    number: int | None
    services_ko: str
    services_en: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of a record's time: a visit, a note, an allergy."""

    at: datetime
    kind: str
    what: str
    text: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """A record, one page of its visits with their notes, and one page of its time."""

    record: PatientRecord
    visits: tuple[VisitNotes, ...]
    visits_page: int
    visits_pages: int
    timeline: tuple[Happening, ...]
    page: int
    pages: int
    writes: frozenset[NoteKind]
    orders: tuple[OrderCard, ...]
    orders_total: int
    studies: tuple[PatientStudy, ...] | None  # None for who may not see pictures

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return self.record.discloses


def record_page(patient_id: UUID, *, page: int = 1, visits_page: int = 1, by: Actor) -> RecordPage:
    """Return a record; 10 statements at the desk, 18 in a unit, 2 more where something was ordered.

    Raise NotFoundError for somebody else's. Visits of duplicates stand in the survivor's record too: they stayed where
    they were.
    """
    record = emr.patient_record(patient_id, by=by)
    own = _own_rows(patient_id)
    is_clinical = may(by, Permission.SEE_CLINICAL)
    total = db.session.execute(select(func.count(Visit.id)).where(_stands(own))).scalar_one()
    visits_page, visits_pages = _page_of(visits_page, total, VISITS)
    found = db.session.execute(
        select(Visit)
        .where(_stands(own))
        .order_by(Visit.business_date.desc(), Visit.id.desc())
        .limit(VISITS)
        .offset((visits_page - 1) * VISITS)
    ).scalars()
    placed, orders_total = patient_orders(patient_id, by=by)
    timeline, page, pages = _timeline(own, page, is_clinical=is_clinical)
    return RecordPage(
        record=record,
        visits=_with_notes(found.all(), is_clinical=is_clinical),
        visits_page=visits_page,
        visits_pages=visits_pages,
        timeline=timeline,
        page=page,
        pages=pages,
        writes=frozenset(kind for kind in NoteKind if Role(by.role) in WRITERS[kind]),
        orders=placed,
        orders_total=orders_total,
        studies=patient_studies(patient_id, by=by),
    )


def _own_rows(patient_id: UUID) -> list[int]:
    """Return the rows of this person: the record and its duplicates; 1 statement."""
    this = select(Patient.id).where(Patient.public_id == patient_id).scalar_subquery()
    rows = select(Patient.id).where((Patient.id == this) | (Patient.replaced_by_id == this))
    return [*db.session.execute(rows).scalars()]


def _stands(own: Sequence[int]) -> ColumnElement[bool]:
    """Return what a visit must be to stand in the record: not one entered in error."""
    return Visit.patient_id.in_(own) & Visit.disposition.is_distinct_from(Disposition.ENTERED_IN_ERROR)


def _with_notes(visits: Sequence[Visit], *, is_clinical: bool) -> tuple[VisitNotes, ...]:
    services = services_of([visit.id for visit in visits])
    notes = emr.notes_of([visit.public_id for visit in visits]) if is_clinical else {}
    return tuple(
        VisitNotes(
            id=visit.public_id,
            day=visit.business_date,
            state=State(visit.state),
            number=visit.day_number,
            services_ko=" → ".join(ko for ko, _ in services.get(visit.id, [])),
            services_en=" → ".join(en for _, en in services.get(visit.id, [])),
            notes=tuple(
                notes.get((visit.public_id, kind), Note(visit_id=visit.public_id, kind=kind))
                for kind in NoteKind
            )
            if is_clinical
            else (),
        )
        for visit in visits
    )


def _timeline(own: Sequence[int], page: int, *, is_clinical: bool) -> tuple[tuple[Happening, ...], int, int]:
    """Return a page of what happened, the newest first; 2 statements however many kinds there are."""
    parts: list[Any] = [
        select(
            func.coalesce(Visit.arrived_at, Visit.expected_at, Visit.registered_at).label("at"),
            literal("visit").label("kind"),
            func.coalesce(Visit.disposition, Visit.state).label("what"),
            literal("").label("text"),
            literal("").label("who"),
        ).where(
            _stands(own), func.coalesce(Visit.arrived_at, Visit.expected_at, Visit.registered_at).is_not(None)
        )
    ]
    if is_clinical:
        parts.append(
            select(
                EncounterNote.updated_at,
                literal("note"),
                EncounterNote.kind,
                EncounterNote.text,
                EncounterNote.author_name,
            ).where(EncounterNote.patient_id.in_(own), EncounterNote.removed_at.is_(None))
        )
        parts.append(
            select(
                PatientAllergy.recorded_at,
                literal("allergy"),
                PatientAllergy.criticality,
                PatientAllergy.substance,
                literal(""),
            ).where(PatientAllergy.patient_id.in_(own), PatientAllergy.status != "entered-in-error")
        )
    every = union_all(*parts).subquery()
    total = db.session.execute(select(func.count()).select_from(every)).scalar_one()
    page, pages = _page_of(page, total, HAPPENINGS)
    rows = db.session.execute(
        select(every)
        .order_by(every.c.at.desc(), every.c.kind, every.c.text)
        .limit(HAPPENINGS)
        .offset((page - 1) * HAPPENINGS)
    )
    return (
        tuple(Happening(at=row.at, kind=row.kind, what=row.what, text=row.text, who=row.who) for row in rows),
        page,
        pages,
    )


def _page_of(page: int, total: int, rows: int) -> tuple[int, int]:
    pages = max(1, -(-total // rows))
    return min(max(1, page), pages), pages
