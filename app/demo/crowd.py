"""A crowd for load tests and talks: so many people waiting in one queue, and so many rooms for them."""

from dataclasses import dataclass
from random import Random
from uuid import UUID

from app import settings
from app.core import clock, transaction
from app.core.actor import SYSTEM, Actor
from app.core.ids import short_id
from app.demo import hospital, staff
from app.demo.guard import DemoRefusedError, refuse_outside_demo
from app.demo.loading import ADMIN
from app.demo.people import TOWNSPEOPLE, Kind, person
from app.emr import services as emr
from app.journey import queries as journey_queries
from app.journey import services as journey
from app.queues import queries as queues_queries
from app.queues import services as queues
from app.queues.queries import QueueHead
from app.queues.states import EntryStatus

DESK, MOST = "demo-desk", 1000
MRN_PREFIX = "CROWD-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """A queue as the crowd left it; the waiting entries in the order of service."""

    queue: UUID
    name_ko: str
    name_en: str
    visits: tuple[UUID, ...]
    entries: tuple[UUID, ...]
    service_points: tuple[UUID, ...]


def gather(queue_id: UUID, *, waiting: int, rooms: int) -> Crowd:
    """Fill a queue until so many wait, and add rooms until there are so many; nobody is sent away.

    Raise DemoRefusedError for too many, NotFoundError for an unknown queue.
    """
    refuse_outside_demo()
    if max(waiting, rooms) > MOST:
        raise DemoRefusedError(
            f"{MOST}명, {MOST}실까지 만들 수 있습니다.  At most {MOST} people and {MOST} rooms."
        )
    queue = queues_queries.head(queue_id)
    cast = staff.cast()
    if not {ADMIN, DESK} <= cast.keys():
        raise DemoRefusedError(
            "시연 병원이 없습니다. 먼저 flask demo load를 실행해 주세요.  Run `flask demo load` first."
        )
    _add_rooms(queue, rooms, by=cast[ADMIN])
    luck = Random(short_id())  # noqa: S311 - people of a play
    come = {_arrive(queue, luck, by=cast[DESK]) for _ in range(waiting - len(_waiting(queue)))}
    for visit in journey_queries.visits_under_way({clock.today()}):
        if visit.visit_id in come:
            registered = journey.register(visit.visit_id, version=visit.version, by=cast[DESK])
            if registered.entry_id is None:  # several queues offer the service: this one is meant
                journey.join(visit.visit_id, queue_id=queue.id, by=SYSTEM)
    here = _waiting(queue)
    transaction.release()
    return Crowd(
        queue=queue.id,
        name_ko=queue.name_ko,
        name_en=queue.name_en,
        visits=tuple(visit for visit, _entry in here),
        entries=tuple(entry for _visit, entry in here),
        service_points=tuple(point.id for point in queues_queries.points(queue.id)),
    )


def _add_rooms(queue: QueueHead, rooms: int, *, by: Actor) -> None:
    there = queues_queries.points(queue.id)
    names = {point.name_ko for point in there}
    free = (number for number in range(1, 2 * MOST) if f"임시 {number}번 방" not in names)
    for number, _ in zip(free, range(rooms - len(there)), strict=False):
        queues.add_room(
            queue.id, name_ko=f"임시 {number}번 방", name_en=f"Extra Room {number}", place=queue.place, by=by
        )


def _arrive(queue: QueueHead, luck: Random, *, by: Actor) -> UUID:
    """Let one more person of the town walk in; return the visit."""
    somebody = person(Kind.TOWN, luck.randrange(TOWNSPEOPLE), settings.current().demo_seed)
    patient_id = emr.enter_patient(
        name=somebody.name,
        birth_date=somebody.birth_date,
        phone=somebody.phone,
        mrn=MRN_PREFIX + short_id(),
        by=by,
    )
    visit_id = journey.walk_in(patient_id, services=(queue.service,), site=hospital.SITE, by=by).visit_id
    return journey.arrive(visit_id, by=by).visit_id


def _waiting(queue: QueueHead) -> list[tuple[UUID, UUID]]:
    return [
        (visit.visit_id, visit.entry_id)
        for visit in journey_queries.visits_under_way({clock.today()})
        if visit.queue_id == queue.id and visit.entry_status == EntryStatus.WAITING and visit.entry_id
    ]
