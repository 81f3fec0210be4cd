"""What the patient is told of a command: number and place, once, in the same transaction as the deed."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.core.transaction import command_id, transactional
from app.emr import services as emr
from app.journey.models import Visit
from app.journey.services.scene import Scene
from app.journey.states import Command
from app.notices import queries as noticed
from app.notices import services as notices
from app.notices.rules import MOST_PEOPLE_AHEAD, Kind
from app.queues import services as queues
from app.wayfinding import queries as wayfinding

KINDS: Mapping[Command, Kind] = {
    Command.CALL: Kind.CALLED,
    Command.RECALL: Kind.CALLED,
    Command.MISS: Kind.MISSED,
    Command.TRANSFER: Kind.TRANSFERRED,
}
LEADS_ON = frozenset({Command.COMPLETE, Command.WAIVE, Command.REVOKE, Command.ADD_STEP})


def inform(scene: Scene, command: Command, *, has_joined: bool, call_id: UUID | None, by: Actor) -> None:
    """Tell the patient what this command means, where it is news to somebody who does not look at the page."""
    kind = KINDS.get(command) or (Kind.NEXT_STEP if has_joined and command in LEADS_ON else None)
    if kind is None:
        return
    notices.notify(
        scene.visit.public_id,
        kind,
        occasion=str(call_id or command_id()),
        params=_number(scene) | _place(scene),
        patient_id=emr.public_id_of(scene.visit.patient_id),
        by=by,
    )


@transactional
def tell_whose_turn_is_near(*, by: Actor = SYSTEM) -> int:
    """Tell those who asked for it that so few are ahead; return how many. Each line's stay is told of once."""
    near = queues.nearest(MOST_PEOPLE_AHEAD)
    visits = _ids({one.visit_id for one in near})
    wanted = noticed.near_turn_of([visit_id for visit_id, _ in visits.values()])
    told = 0
    for one in near:
        visit_id, patient = visits[one.visit_id]
        if one.ahead <= wanted.get(visit_id, -1):
            told += bool(
                notices.notify(
                    visit_id,
                    Kind.NEAR_TURN,
                    occasion=str(one.entry_id),
                    params={"number": one.number, "people": one.ahead},
                    patient_id=emr.public_id_of(patient),
                    by=by,
                )
            )
    return told


def _number(scene: Scene) -> dict[str, str | int]:
    return {} if scene.visit.day_number is None else {"number": scene.visit.day_number}


def _place(scene: Scene) -> dict[str, str | int]:
    """Return where to go: a room by its name, else the floor, as a department's name is nobody else's business."""
    if scene.entry is None:
        return {}
    room = queues.room_names(scene.entry)
    if room is not None:
        return {"place_ko": room[0], "place_en": room[1]}
    try:
        floor = wayfinding.place_of(scene.queue().place, site_code=scene.visit.site).floor
    except NotFoundError:
        return {}
    return {"place_ko": floor.name.ko, "place_en": floor.name.en}


def _ids(visit_ids: set[int]) -> dict[int, tuple[UUID, int]]:
    """Return each visit's public id and the row of its patient."""
    rows = db.session.execute(
        select(Visit.id, Visit.public_id, Visit.patient_id).where(Visit.id.in_(visit_ids))
    )
    return {row.id: (row.public_id, row.patient_id) for row in rows}
