"""What is noted in a visit is written here: one text per kind, by several hands, none of whose words are lost."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.roles import Permission, Role, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import (
    InvalidError,
    NotAllowedError,
    NotFoundError,
    VersionMissingError,
    VersionStaleError,
)
from app.core.idempotency import command
from app.core.locking import hold
from app.core.transaction import RerunError, now_or_never, savepoint
from app.emr.models import EncounterNote, Patient
from app.emr.queries.relations import check_reach, patient_of_visit
from app.emr.rules import WRITERS, NoteKind, as_text
from app.emr.services.clinical import Written
from app.emr.services.versions import check, keep


@command
def write_note(visit_id: UUID, kind: NoteKind, *, version: int | None, text: str, by: Actor) -> Written:
    """Write the whole text of a visit's note; version 0 where nobody had written yet.

    Raise VersionStaleError, or GoneError where it was taken away since: both know what stands there now.
    """
    patient_id = _own(visit_id, kind, by=by)
    said = as_text(text)
    if not said:
        raise InvalidError(field="text", why="missing")
    row = _hold_note(visit_id, kind)
    if row is None:
        return _begin(visit_id, kind, version=version, text=said, patient_id=patient_id, by=by)
    check(row, version, is_gone=row.removed_at is not None and version != row.version)
    row.text, row.removed_at = said, None
    return _changed(row, "emr:note:write", patient_id, by=by)


@command
def remove_note(visit_id: UUID, kind: NoteKind, *, version: int | None, by: Actor) -> Written:
    """Take a note away that should not have been written; its versions are kept."""
    patient_id = _own(visit_id, kind, by=by)
    row = _hold_note(visit_id, kind)
    if row is None:
        raise NotFoundError(kind="note")
    check(row, version, is_gone=row.removed_at is not None)
    row.text, row.removed_at = "", clock.utcnow()
    return _changed(row, "emr:note:remove", patient_id, by=by)


@command
def change_encounter(visit_id: UUID, *, version: int | None, texts: dict[str, str], by: Actor) -> Written:
    """Write the texts given of a visit, as one change; `version` is that of the whole record. For the API."""
    kinds = [NoteKind(kind) for kind in sorted(texts)]
    if version is None:
        raise VersionMissingError
    for kind in kinds:
        _own(visit_id, kind, by=by)
    _, patient_id = patient_of_visit(visit_id)
    hold(Patient, patient_id)
    found = {kind: row for kind in sorted(NoteKind) if (row := _hold_note(visit_id, kind)) is not None}
    now = sum(row.version for row in found.values())
    if version != now:
        raise VersionStaleError(version=now, seen=version)
    for kind in kinds:
        row = found.get(kind)
        write_note(visit_id, kind, version=row.version if row else 0, text=texts[kind], by=by)
    return Written(id=visit_id, version=now + len(kinds))


def _own(visit_id: UUID, kind: NoteKind, *, by: Actor) -> UUID:
    """Return whose visit it is. Raise NotAllowedError for another profession's text, NotFoundError."""
    require(by, Permission.WRITE_CLINICAL)
    _, patient_id = patient_of_visit(visit_id)
    check_reach(patient_id, by=by)
    if Role(by.role) not in WRITERS[kind]:
        raise NotAllowedError(permission=str(Permission.WRITE_CLINICAL), why=f"note_{kind}")
    return patient_id


def _hold_note(visit_id: UUID, kind: NoteKind) -> EncounterNote | None:
    return db.session.execute(
        select(EncounterNote)
        .where(EncounterNote.visit_id == visit_id, EncounterNote.kind == kind)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def _begin(
    visit_id: UUID, kind: NoteKind, *, version: int | None, text: str, patient_id: UUID, by: Actor
) -> Written:
    if version is None:
        raise VersionMissingError(version=0)
    if version != 0:
        raise NotFoundError(kind="note")
    now = clock.utcnow()
    patient = hold(Patient, patient_id)
    row = EncounterNote(
        patient_id=patient.replaced_by_id or patient.id,
        visit_id=visit_id,
        kind=kind,
        text=text,
        author=by.id,
        author_name=by.name,
        created_at=now,
        updated_at=now,
        version=1,
    )
    try:
        with savepoint():
            db.session.add(row)
    except IntegrityError as error:  # a colleague began it at the same moment: look again, and meet
        now_or_never(error, "encounter_note")
        raise RerunError from error
    keep(row, by=by)
    audit.record("emr:note:write", by=by, patients=[patient_id], object_=f"encounter_note:{row.public_id}")
    return Written(id=row.public_id, version=row.version)


def _changed(row: EncounterNote, action: str, patient_id: UUID, *, by: Actor) -> Written:
    row.author, row.author_name, row.updated_at = by.id, by.name, clock.utcnow()
    row.version += 1
    keep(row, by=by)
    audit.record(action, by=by, patients=[patient_id], object_=f"encounter_note:{row.public_id}")
    return Written(id=row.public_id, version=row.version)
