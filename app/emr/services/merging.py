"""Two records of one person become one, with a trail by which it is undone: which rows went over, by whom, why."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select

from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import ConfirmationNeededError, InvalidError, TransitionRefusedError
from app.core.locking import hold
from app.core.transaction import promise, transactional
from app.emr.models import (
    Appointment,
    EncounterNote,
    OfPatient,
    Patient,
    PatientAllergy,
    PatientContact,
    PatientFlag,
    PatientIdentifier,
    PatientMerge,
)
from app.emr.rules import unlike
from app.emr.services.versions import keep

# What goes over with a merge; bookings and visits follow by `journey`, which knows which of them may.
MOVING: tuple[type[OfPatient], ...] = (
    PatientIdentifier,
    PatientContact,
    PatientAllergy,
    PatientFlag,
    EncounterNote,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A merge that was undone: both records, and what had gone over by kind of row."""

    patient_id: UUID
    into: UUID
    moved: Mapping[str, tuple[UUID, ...]]


@transactional
def check_alike(patient_id: UUID, *, into: UUID, confirm: Collection[str]) -> UUID:
    """Ask again before two records become one that differ in name or birth date; return who lives on, both held.

    A duplicate means the record that lives on for it. Raise ConfirmationNeededError.
    """
    held = {one: hold(Patient, one) for one in sorted({patient_id, into})}
    patient, named = held[patient_id], held[into]
    survivor = named if named.replaced_by_id is None else hold(Patient, named.replaced_by_id)
    open_words = [
        word
        for word in unlike(patient.name, patient.birth_date, survivor.name, survivor.birth_date)
        if word not in confirm
    ]
    if open_words and survivor.id not in {patient.id, patient.replaced_by_id}:
        raise ConfirmationNeededError(confirm=open_words)
    return survivor.public_id


@transactional
def merge_patient(patient_id: UUID, *, into: UUID, reason: str = "", by: Actor) -> bool:
    """Mark a record as a duplicate of another one, which lives on; False where it is so already.

    What is known of the person goes over, and the trail names each row. Whoever was merged into the duplicate
    before now leads to the survivor too, so that no chain grows. Open visits stay where they are: staff see a hint.
    Raise InvalidError where the survivor is a duplicate of this very record, or is no living record.
    """
    require(by, Permission.MERGE_PATIENTS)
    held = {one: hold(Patient, one) for one in sorted({patient_id, into})}
    patient, survivor = held[patient_id], held[into]
    target_id = survivor.replaced_by_id or survivor.id
    if target_id == patient.id:
        raise InvalidError(field="link", why="circle")
    if patient.replaced_by_id == target_id and not patient.is_active:
        return False
    earlier = db.session.execute(select(Patient).where(Patient.replaced_by_id == patient.id)).scalars()
    for one in (patient, *earlier):
        one.is_active, one.replaced_by_id = False, target_id
        one.version += 1
        promise(one, "patient.merged")
        keep(one, by=by)
    moved = _move(patient.id, target_id)
    if PatientIdentifier.__tablename__ in moved:  # further numbers stand in what partners know of a person
        promise(hold(Patient, target_id), "patient.edited")
    db.session.add(
        PatientMerge(
            patient_id=patient.id,
            into_id=target_id,
            moved=moved,
            reason=" ".join(reason.split())[:300],
            by_kind=by.kind,
            by_id=by.id,
            by_name=by.name,
            at=clock.utcnow(),
        )
    )
    audit.record("emr:patient:merge", by=by, patients=[patient_id, into], reason=reason or None)
    return True


@transactional
def hold_living(patient_id: UUID) -> UUID:
    """Hold a record and return who lives on for it, so that no merge comes in between. Raise NotFoundError."""
    patient = hold(Patient, patient_id)
    if patient.replaced_by_id is None:
        return patient.public_id
    return hold(Patient, patient.replaced_by_id).public_id


@transactional
def note_in_trail(patient_id: UUID, kind: str, ids: tuple[UUID, ...]) -> None:
    """Add to the newest trail of a duplicate what a higher storey handed over with it."""
    if not ids:
        return
    trail = _newest(Patient.public_id == patient_id)
    if trail is not None:
        trail.moved = {**trail.moved, kind: [*trail.moved.get(kind, []), *map(str, ids)]}


@transactional
def undo_merge(merge_id: UUID, *, reason: str, by: Actor) -> Trail:
    """Let a duplicate be a record of its own again, with every row that went over and is still there.

    What was written into the surviving record since stays there. Raise TransitionRefusedError where it was undone
    before, InvalidError without a reason.
    """
    require(by, Permission.MERGE_PATIENTS)
    if not reason.strip():
        raise InvalidError(field="reason", why="missing")
    trail = hold(PatientMerge, merge_id)
    if trail.undone_at is not None:
        raise TransitionRefusedError(why="already_undone")
    return part(trail, reason=reason, by=by)


def part(trail: PatientMerge, *, reason: str, takes_bookings: bool = True, by: Actor) -> Trail:
    """Bring the rows of a trail back, inside the caller's unit."""
    held = {one: hold(Patient, one) for one in sorted((trail.patient_id, trail.into_id))}
    patient, survivor = held[trail.patient_id], held[trail.into_id]
    moved = {kind: tuple(UUID(one) for one in ids) for kind, ids in trail.moved.items()}
    for model in MOVING:
        for row in _rows_of(model, trail.into_id, moved.get(model.__tablename__, ())):
            row.patient_id = patient.id
    bookings = select(Appointment).where(
        Appointment.public_id.in_(moved.get(Appointment.__tablename__, ()) if takes_bookings else ()),
        Appointment.patient_id == trail.into_id,
    )
    for booking in db.session.execute(bookings.with_for_update()).scalars():
        booking.patient_id = patient.id
        booking.version += 1
    patient.is_active, patient.replaced_by_id = True, None
    patient.version += 1
    promise(patient, "patient.edited")
    if moved.get(PatientIdentifier.__tablename__):
        promise(survivor, "patient.edited")
    keep(patient, by=by)
    trail.undone_at, trail.undone_by = clock.utcnow(), by.id
    both = (patient.public_id, survivor.public_id)
    audit.record("emr:patient:part", by=by, patients=both, reason=reason or None)
    return Trail(patient_id=both[0], into=both[1], moved=moved)


def open_trail(patient_row: int) -> PatientMerge | None:
    """Return the trail by which a record is a duplicate now, held; 1 statement."""
    return _newest(Patient.id == patient_row)


def _newest(which: ColumnElement[bool]) -> PatientMerge | None:
    return db.session.execute(
        select(PatientMerge)
        .join(Patient, Patient.id == PatientMerge.patient_id)
        .where(which, PatientMerge.undone_at.is_(None))
        .order_by(PatientMerge.id.desc())
        .limit(1)
        .with_for_update(of=PatientMerge)
    ).scalar_one_or_none()


def _move(old_id: int, new_id: int) -> dict[str, list[str]]:
    """Let the rows of one record belong to the other; return by table which they were."""
    moved: dict[str, list[str]] = {}
    for model in MOVING:
        rows = db.session.execute(
            select(model).where(model.patient_id == old_id).order_by(model.id).with_for_update()
        ).scalars()
        for row in rows:
            row.patient_id = new_id
            moved.setdefault(model.__tablename__, []).append(str(row.public_id))
    return moved


def _rows_of(model: type[OfPatient], owner_id: int, ids: tuple[UUID, ...]) -> Iterable[OfPatient]:
    """Return those rows that still belong to the survivor: what moved on since is not brought back."""
    if not ids:
        return ()
    return db.session.execute(
        select(model).where(model.public_id.in_(ids), model.patient_id == owner_id).with_for_update()
    ).scalars()
