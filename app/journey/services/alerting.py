"""What staff must know of a command at once: an urgent patient has gone, a patient stands in no line."""

from functools import partial

from sqlalchemy import exists, select

from app.alerts import queries as alerted
from app.alerts import services as alerts
from app.alerts.rules import Kind
from app.alerts.services import About
from app.core.actor import Actor
from app.core.db import db
from app.journey.models import Visit
from app.journey.queries import is_in_no_line
from app.journey.services.permitting import is_on_the_patients_word
from app.journey.services.scene import Scene
from app.journey.states import Command, State
from app.queues.states import PriorityClass


def alert(scene: Scene, command: Command, *, by: Actor) -> None:
    """Raise what a settled command gives reason for, and end what it has taken the reason from.

    In the deed's own transaction; no statement more for a command that does neither.
    """
    was, now = State(scene.before["visit"]["state"]), State(scene.visit.state)
    if command is Command.LEAVE or (command is Command.CANCEL and is_on_the_patients_word(command, by=by)):
        _tell_who_has_left(scene, by=by)
    elif was is State.FINISHED and now is not State.FINISHED:
        alerts.clear(_left(scene), by=by)
    was_in_no_line = was is State.WAITING and scene.before["entry"] is None
    if now is State.WAITING and scene.entry is None:
        if not was_in_no_line:
            alerts.raise_alert(
                Kind.NO_NEXT_STEP,
                _no_line(scene),
                About(visit_id=scene.visit.id, number=scene.visit.day_number),
                by=by,
            )
    elif was_in_no_line:
        has_joined = scene.entry is not None and by.kind == "staff"
        alerts.clear(_no_line(scene), is_action=has_joined, unless=partial(_are_others, scene.visit), by=by)


def _tell_who_has_left(scene: Scene, *, by: Actor) -> None:
    """Tell the ward of the last line, where staff had given a class above normal; a wait that grew long is none."""
    line = alerted.last_line(scene.visit.id)
    if line is None or line.priority_class <= PriorityClass.NORMAL:
        return
    alerts.raise_alert(
        Kind.URGENT_LEFT,
        _left(scene),
        About(
            unit=line.unit,
            queue_id=line.queue_id,
            visit_id=scene.visit.id,
            number=scene.visit.day_number,
        ),
        by=by,
    )


def _left(scene: Scene) -> str:
    return f"{Kind.URGENT_LEFT}:{scene.visit.public_id}"


def _no_line(scene: Scene) -> str:
    """Return one cause for the house: a closed queue strands many, and its desk is told once."""
    return f"{Kind.NO_NEXT_STEP}:{scene.visit.site}"


def _are_others(visit: Visit) -> bool:
    """Whether somebody else of this site still stands in no line."""
    others = exists().where(Visit.site == visit.site, Visit.id != visit.id, is_in_no_line())
    return bool(db.session.execute(select(others)).scalar())
