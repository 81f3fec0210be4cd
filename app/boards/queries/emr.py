"""As of when this house knows what the EMR knows; nothing where no EMR is read."""

from dataclasses import dataclass
from datetime import datetime

from app.fhir.queries import sync


@dataclass(frozen=True, slots=True, kw_only=True)
class EmrAsOf:
    """When the EMR was last read whole (None: not yet), and whether that is too long ago to rely on."""

    at: datetime | None
    is_old: bool


def emr_as_of() -> EmrAsOf | None:
    """Return as of when the EMR is known, None where none is read; 1 statement at most every 5 s in a process."""
    found = sync.standing()
    return None if found is None else EmrAsOf(at=found.at, is_old=found.is_old)
