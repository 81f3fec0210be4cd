"""The visit and its open entry as partners read them; what every command answers."""

from flask import Response

from app.boards import queries as boards
from app.boards.queries import MyVisit
from app.boards.queries.line import MyEntry
from app.core import idempotency
from app.door import actor
from app.door.language import named
from app.journey.services import Outcome
from app.journey.states import Disposition
from app.waits.queries import Forecast
from app.web.api.bodies import tell
from app.web.api.shapes.visits import (
    Answer,
    CallShape,
    Entry,
    HistoryShape,
    PatientShape,
    StepShape,
    Visit,
    WaitShape,
)


def moved(outcome: Outcome, *, status: int = 200) -> Response:
    """Answer a command with what stands now.

    The command has decided that its giver may; a repeat decides nothing, so whoever repeats must still see the visit.
    """
    by = actor() if idempotency.was_replayed() else None
    return told(boards.my_visit(outcome.visit_id, by=by), status=status)


def told(visit: MyVisit, *, status: int = 200) -> Response:
    """Answer with a visit and its open entry."""
    return tell(Answer(visit=shape_of(visit), entry=entry_of(visit)), patients=visit.discloses, status=status)


def shape_of(visit: MyVisit) -> Visit:
    """Return a visit as partners read it."""
    return Visit(
        id=visit.id,
        seq=visit.seq,
        state=visit.state,
        version=visit.version,
        day_number=visit.day_number,
        disposition=Disposition(visit.disposition) if visit.disposition else None,
        expected_at=visit.expected_at,
        arrived_at=visit.arrived_at,
        steps=[
            StepShape(
                id=step.id,
                service=step.service,
                name=named(step),
                state=step.status,
                mandatory=step.is_mandatory,
            )
            for step in visit.steps
        ],
        patient=PatientShape(masked_name=visit.masked_name),
        history=[
            HistoryShape(
                seq=line.seq, from_=line.from_state, to=line.to_state, command=line.command, at=line.at
            )
            for line in visit.history
        ],
    )


def entry_of(visit: MyVisit) -> Entry | None:
    """Return the entry that is open now."""
    entry: MyEntry | None = visit.entry
    if entry is None:
        return None
    ahead = entry.people_ahead
    return Entry(
        id=entry.id,
        visit_id=visit.id,
        queue_id=entry.queue_id,
        status=entry.status,
        version=entry.version,
        number=entry.number,
        position=None if ahead is None else ahead + 1,
        people_ahead=ahead,
        wait=wait_of(entry.forecast),
        service_point_id=entry.service_point_id,
        call=CallShape(id=entry.call.id, attempt=entry.call.attempt, expires_at=entry.call.expires_at)
        if entry.call
        else None,
    )


def wait_of(forecast: Forecast | None) -> WaitShape | None:
    """Return a forecast's range, or None where none is told (paused, closed, too wide)."""
    if forecast is None or forecast.range is None:
        return None
    return WaitShape(low_minutes=forecast.range.low_minutes, high_minutes=forecast.range.high_minutes)
