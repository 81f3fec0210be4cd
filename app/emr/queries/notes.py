"""What was noted in visits: one text of each kind."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.roles import Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.emr.models import EncounterNote, RecordVersion
from app.emr.queries.relations import check_record, patient_of_visit
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
    check_record(patient_id, by=by)
    found = notes_of((visit_id,))
    medical, nursing = (found.get((visit_id, kind), Note(visit_id=visit_id, kind=kind)) for kind in NoteKind)
    return EncounterRecord(
        id=visit_id,
        patient_id=patient_id,
        version=medical.version + nursing.version,
        medical=medical,
        nursing=nursing,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteVersion:
    """What a text of a visit said in one version, and who had written it; empty where it was taken away."""

    kind: NoteKind
    version: int
    text: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteHistory:
    """A page of every version of a visit's texts, the newest first."""

    patient_id: UUID
    versions: tuple[NoteVersion, ...]
    total: int
    page: int
    pages: int

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient that this value shows."""
        return (self.patient_id,)


def note_history(visit_id: UUID, *, page: int = 1, per_page: int = 50, by: Actor) -> NoteHistory:
    """Return what was ever noted in a visit; 4 statements. Raise NotFoundError for somebody else's."""
    require(by, Permission.SEE_CLINICAL)
    _, patient_id = patient_of_visit(visit_id)
    check_record(patient_id, by=by)
    kept = (
        select(EncounterNote.kind, RecordVersion)
        .join(RecordVersion, RecordVersion.aggregate == EncounterNote.public_id)
        .where(EncounterNote.visit_id == visit_id)
    )
    total = db.session.execute(select(func.count()).select_from(kept.subquery())).scalar_one()
    rows = db.session.execute(
        kept.order_by(RecordVersion.id.desc()).limit(per_page).offset((page - 1) * per_page)
    )
    return NoteHistory(
        patient_id=patient_id,
        versions=tuple(
            NoteVersion(
                kind=NoteKind(kind),
                version=row.version,
                text=row.fields.get("text", ""),
                by_name=row.by_name,
                at=row.at,
            )
            for kind, row in rows
        ),
        total=total,
        page=page,
        pages=max(1, -(-total // per_page)),
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
