"""Numbers under which somebody else knows a patient: noted and ended, by hand and as the EMR says; one owner each."""

import unicodedata
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.idempotency import command
from app.core.locking import hold
from app.core.transaction import RerunError, now_or_never, promise, savepoint, transactional
from app.emr.models import Patient, PatientIdentifier, PatientMerge, RecordVersion
from app.emr.rules import number_of
from app.emr.services.clinical import Written, checked_text, hold_own, one_of
from app.emr.services.versions import check, keep

KINDS = ("hospital", "insurance", "previous", "other")
# There is one health insurance, and one house whose earlier numbers these are; of others the issuer must be named.
HAS_ONE_ISSUER = frozenset({"insurance", "previous"})
LONGEST_SYSTEM, LONGEST_REASON = 128, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidIdentifier:
    """A further number of a person as the EMR knows it."""

    kind: str
    system: str
    value: str


@command
def add_identifier(patient_id: UUID, *, kind: str, value: str, system: str = "", by: Actor) -> Written:
    """Note under which number somebody else knows the patient.

    Raise InvalidError where it is noted already, here or in somebody else's record (which is not named).
    """
    patient = hold_own(patient_id, Permission.EDIT_DEMOGRAPHICS, by=by)
    which = one_of(kind, "kind", KINDS)
    issuer = unicodedata.normalize("NFKC", system)
    named = checked_text(issuer, "system", LONGEST_SYSTEM, may_be_empty=which in HAS_ONE_ISSUER) or which
    row = _entered(patient, SaidIdentifier(kind=which, system=named, value=number_of(value)), by=by)
    promise(patient, "patient.edited")
    return Written(id=row.public_id, version=row.version)


@command
def end_identifier(
    patient_id: UUID, identifier_id: UUID, *, version: int | None, reason: str, by: Actor
) -> Written:
    """Let a number hold no longer, for a reason; it stays in the history, and may be noted for somebody again."""
    patient = hold_own(patient_id, Permission.EDIT_DEMOGRAPHICS, by=by)
    row = hold(PatientIdentifier, identifier_id)
    if row.patient_id != patient.id:
        raise NotFoundError(kind="record")
    check(row, version, is_gone=row.ended_at is not None)
    _end(row, patient, reason=checked_text(reason, "reason", LONGEST_REASON), by=by)
    promise(patient, "patient.edited")
    return Written(id=row.public_id, version=row.version)


@transactional
def follow_identifiers(patient_id: UUID, said: Collection[SaidIdentifier], *, by: Actor) -> bool:
    """Keep the further numbers that the EMR says, and end those that it had said and says no more; False: no news.

    What the desk noted stays, and what came with a duplicate. A number that is another record's here, or that nobody
    may keep, is passed over: the person is taken over all the same. A duplicate's numbers are the survivor's.
    """
    require(by, Permission.EDIT_DEMOGRAPHICS)
    patient = hold(Patient, patient_id)
    if patient.replaced_by_id is not None:
        return False
    wanted: dict[tuple[str, str], SaidIdentifier] = {}
    for one in said:
        with suppress(InvalidError):
            number = number_of(one.value)
            wanted[one.system, number] = replace(one, value=number)
    rows = db.session.execute(
        select(PatientIdentifier).where(
            PatientIdentifier.patient_id == patient.id, PatientIdentifier.open_slot == 1
        )
    ).scalars()
    ours = {(row.system, row.value): row for row in rows}
    news = False
    for key, one in wanted.items():
        if key in ours:
            continue
        with suppress(InvalidError):
            _entered(patient, one, by=by)
            news = True
    for row in _said_before([row for key, row in ours.items() if key not in wanted], patient, by):
        _end(row, patient, reason="", by=by)
        news = True
    if news:
        promise(patient, "patient.edited")
    return news


def _entered(patient: Patient, said: SaidIdentifier, *, by: Actor) -> PatientIdentifier:
    """Enter a number under the patient's lock; who meets another one at the same moment looks again."""
    owner = db.session.execute(
        select(PatientIdentifier.patient_id).where(
            PatientIdentifier.system == said.system,
            PatientIdentifier.value == said.value,
            PatientIdentifier.open_slot == 1,
        )
    ).scalar_one_or_none()
    if owner is not None:
        raise InvalidError(field="value", why="noted" if owner == patient.id else "elsewhere")
    row = PatientIdentifier(
        patient_id=patient.id,
        kind=said.kind,
        system=said.system,
        value=said.value,
        created_at=clock.utcnow(),
    )
    try:
        with savepoint():
            db.session.add(row)
    except IntegrityError as error:
        now_or_never(error, "patient_identifier")
        raise RerunError from error
    _told(row, patient, "emr:identifier:add", by=by)
    return row


def _end(row: PatientIdentifier, patient: Patient, *, reason: str, by: Actor) -> None:
    row.ended_at, row.open_slot = clock.utcnow(), None
    row.version += 1
    _told(row, patient, "emr:identifier:end", reason=reason, by=by)


def _told(row: PatientIdentifier, patient: Patient, action: str, *, reason: str = "", by: Actor) -> None:
    keep(row, by=by)
    audit.record(
        action,
        by=by,
        patients=[patient.public_id],
        object_=f"{row.__tablename__}:{row.public_id}",
        reason=reason or None,
    )


def _said_before(rows: Sequence[PatientIdentifier], patient: Patient, by: Actor) -> list[PatientIdentifier]:
    """Return those of the rows that this kind of actor had said of this very record; no statement for no row."""
    if not rows:
        return []
    entered = db.session.execute(
        select(RecordVersion.aggregate).where(
            RecordVersion.aggregate.in_([row.public_id for row in rows]),
            RecordVersion.version == 1,
            RecordVersion.by_kind == by.kind,
        )
    ).scalars()
    trails = db.session.execute(
        select(PatientMerge.moved).where(PatientMerge.into_id == patient.id, PatientMerge.undone_at.is_(None))
    ).scalars()
    came_along = {one for moved in trails for one in moved.get(PatientIdentifier.__tablename__, ())}
    ids = set(entered)
    return [row for row in rows if row.public_id in ids and str(row.public_id) not in came_along]
