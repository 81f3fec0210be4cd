"""Looks at studies and at what was refused: frozen values, each for one screen or answer."""

from app.imaging.queries.analysing import Awaited, Counted, awaited, counted
from app.imaging.queries.matching import Whose, of_order, whose
from app.imaging.queries.refusals import (
    Refusal,
    Refusals,
    quarantine,
    quarantine_bytes,
    quarantine_page,
    refusal,
)
from app.imaging.queries.studies import (
    KeptFile,
    Pictures,
    Status,
    StudyRow,
    frames_kept,
    keeps,
    kept_files,
    known_instances,
    pictures_of,
    seen_until,
    status,
    study_id_of,
    study_uids,
    unmatched_studies,
)

__all__ = [
    "Awaited",
    "Counted",
    "KeptFile",
    "Pictures",
    "Refusal",
    "Refusals",
    "Status",
    "StudyRow",
    "Whose",
    "awaited",
    "counted",
    "frames_kept",
    "keeps",
    "kept_files",
    "known_instances",
    "of_order",
    "pictures_of",
    "quarantine",
    "quarantine_bytes",
    "quarantine_page",
    "refusal",
    "seen_until",
    "status",
    "study_id_of",
    "study_uids",
    "unmatched_studies",
    "whose",
]
