"""How studies stand with their analysis."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.core.db import db
from app.imaging.models import Study
from app.imaging.states import StudyState

WAITING = (StudyState.RECEIVED, StudyState.ANALYSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A study as whoever analyses it finds it; `since`: when its last picture came."""

    state: StudyState
    since: datetime
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many studies stand where, and since when the one that waits longest has waited."""

    states: dict[StudyState, int]
    oldest: datetime | None


def awaited(study_id: UUID) -> Awaited | None:
    """Return how a study stands; 1 statement."""
    row = db.session.execute(
        select(Study.state, Study.last_received_at, Study.seq).where(Study.public_id == study_id)
    ).one_or_none()
    return (
        None if row is None else Awaited(state=StudyState(row.state), since=row.last_received_at, seq=row.seq)
    )


def counted() -> Counted:
    """Return how all studies stand; 1 statement, by the index of states."""
    rows = db.session.execute(
        select(Study.state, func.count().label("amount"), func.min(Study.last_received_at).label("oldest"))
        .group_by(Study.state)
        .order_by(Study.state)
    ).all()
    found = {StudyState(row.state): row for row in rows}
    return Counted(
        states={state: found[state].amount if state in found else 0 for state in StudyState},
        oldest=min((found[state].oldest for state in WAITING if state in found), default=None),
    )
