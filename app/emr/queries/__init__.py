"""What may be read of patients and appointments."""

from app.emr.queries.cautions import Cautions, cautions
from app.emr.queries.notes import (
    EncounterRecord,
    Note,
    NoteHistory,
    NoteVersion,
    encounter_record,
    note_history,
    notes_of,
)
from app.emr.queries.patients import (
    PatientCard,
    PatientsFound,
    booked_without_visit,
    find_patients,
    patient_card,
    patients_by_mrn,
    with_identity,
)
from app.emr.queries.record import (
    Allergy,
    Contact,
    Duplicate,
    Flag,
    Identifier,
    PatientRecord,
    patient_record,
)
from app.emr.queries.relations import (
    check_reach,
    check_record,
    is_record_open,
    is_treating,
    is_within_reach,
)
from app.emr.queries.search import RecordRow, RecordsFound, search_records
from app.emr.queries.versions import Snapshot

__all__ = [
    "Allergy",
    "Cautions",
    "Contact",
    "Duplicate",
    "EncounterRecord",
    "Flag",
    "Identifier",
    "Note",
    "NoteHistory",
    "NoteVersion",
    "PatientCard",
    "PatientRecord",
    "PatientsFound",
    "RecordRow",
    "RecordsFound",
    "Snapshot",
    "booked_without_visit",
    "cautions",
    "check_reach",
    "check_record",
    "encounter_record",
    "find_patients",
    "is_record_open",
    "is_treating",
    "is_within_reach",
    "note_history",
    "notes_of",
    "patient_card",
    "patient_record",
    "patients_by_mrn",
    "search_records",
    "with_identity",
]
