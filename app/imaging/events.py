"""What happens to studies, told after the commit; ids only."""

from dataclasses import dataclass
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyReceived(Event):
    """A picture was added to a study; the study has not been looked at since."""

    study_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisStarted(Event):
    """A study stands still, and somebody has begun to analyse it."""

    study_id: UUID
    visit_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyAnalysed(Event):
    """A study has its answer: measured, not analysable, or failed."""

    study_id: UUID
    visit_id: UUID | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuarantined(Event):
    """A file could not be taken over and waits for a person."""

    file_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSaved(Event):
    """A draft of a study's report was kept; it is its writers' own."""

    study_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSigned(Event):
    """A study's report was signed, for the first time or amended."""

    study_id: UUID
    report_id: UUID
