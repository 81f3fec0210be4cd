"""What was noted in visits: one text of each kind."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.emr.models import EncounterNote
from app.emr.queries.relations import check_reach, patient_of_visit
from app.emr.rules import NoteKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The text of one kind of a visit; `version` 0 and no text where nobody has written yet."""

    visit_id: UUID
    kind: NoteKind
    version: int = 0
    text: str = ""
    author_name: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EncounterRecord:
    """Both texts of a visit; `version` rises by one with every change of either."""

    id: UUID
    patient_id: UUID
    version: int
    medical: Note
    nursing: Note

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient that this value shows."""
        return (self.patient_id,)


def encounter_record(visit_id: UUID, *, by: Actor) -> EncounterRecord:
    """Return what was noted in a visit; 3 statements. Raise NotFoundError for somebody else's."""
    require(by, Permission.SEE_CLINICAL)
    _, patient_id = patient_of_visit(visit_id)
    check_reach(patient_id, by=by)
    found = notes_of((visit_id,))
    medical, nursing = (found.get((visit_id, kind), Note(visit_id=visit_id, kind=kind)) for kind in NoteKind)
    return EncounterRecord(
        id=visit_id,
        patient_id=patient_id,
        version=medical.version + nursing.version,
        medical=medical,
        nursing=nursing,
    )


def notes_of(visits: Collection[UUID]) -> dict[tuple[UUID, NoteKind], Note]:
    """Return the texts of these visits; 1 statement. The caller has looked whose they are."""
    rows = db.session.execute(select(EncounterNote).where(EncounterNote.visit_id.in_(visits))).scalars()
    return {
        (row.visit_id, NoteKind(row.kind)): Note(
            visit_id=row.visit_id,
            kind=NoteKind(row.kind),
            version=row.version,
            text=row.text,
            author_name=row.author_name,
            updated_at=row.updated_at,
        )
        for row in rows
    }
