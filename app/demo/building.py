"""The demo hospital's walls: map, services, queues, rooms, tags, devices, each built where it is missing."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from app import settings
from app.accounts import queries as accounts_queries
from app.accounts import services as accounts
from app.accounts.queries import DeviceRow
from app.core.actor import SYSTEM, Actor
from app.demo import hospital
from app.demo.catalogue import DEMO_QUEUES, DEVICES, QUEUES, SERVICES
from app.queues import queries as queues_queries
from app.queues import services as queues
from app.queues.queries import QueueHead
from app.tags import queries as tags_queries
from app.tags import services as tags
from app.tags.rules import TagKind
from app.waits import queries as waits_queries
from app.waits import services as waits
from app.waits.plans import DAY_MINUTES, Shift
from app.wayfinding.rules import NodeKind

MOST_TAGS = 1000
TAG_PREFIX = "tag-"
LUNCH_MINUTES = (12 * 60 + 30, 13 * 60 + 30)
PAIRING_LIFE = timedelta(days=7)
# In the order in which somebody looks for them.
TAG_ORDER = (TagKind.ENTRANCE, TagKind.DESK, TagKind.CASHIER, TagKind.ROOM, TagKind.LIFT, TagKind.KIOSK)


def build(*, by: Actor) -> dict[str, QueueHead]:
    """Build what is missing, by an administrator; return the demo hospital's queues by code."""
    hospital.build()
    offered = {offer.code: (offer.is_any_order, offer.follows) for offer in queues_queries.offers()}
    for code, service in SERVICES.items():
        if offered.get(code) != (service.is_any_order, service.follows):
            queues.offer(
                code,
                name_ko=service.name.ko,
                name_en=service.name.en,
                duration_seconds=service.minutes * 60,
                preparation=(service.preparation.ko, service.preparation.en),
                after_care=(service.after_care.ko, service.after_care.en),
                is_any_order=service.is_any_order,
                follows=service.follows,
                by=by,
            )
    _open_queues(by=by)
    _plan_shifts(by=by)
    _hang_tags(by=by)
    _announce_devices()
    return open_queues()


def open_queues() -> dict[str, QueueHead]:
    """Return the demo hospital's queues by code, in the catalogue's order; one statement."""
    known = {head.code: head for head in queues_queries.heads()}
    return {code: known[code] for code in QUEUES if code in known}


def listed_queues() -> list[dict[str, Any]]:
    """Return the reserved queues with their rooms, as `demo.json` lists them."""
    known = open_queues()
    return [
        {
            "id": str(known[code].id),
            "name_ko": known[code].name_ko,
            "name_en": known[code].name_en,
            "service_points": [
                {"id": str(point.id), "name": point.name_ko}
                for point in queues_queries.points(known[code].id)
            ],
        }
        for code in DEMO_QUEUES
    ]


def listed_tags() -> list[dict[str, str]]:
    """Return the tags in service as `demo.json` lists them, entrances first."""
    rows = [row for row in tags_queries.tags(size=MOST_TAGS).rows if row.is_active]
    rows.sort(key=lambda row: (TAG_ORDER.index(row.kind), row.place))
    return [{"token": row.token, "url": row.url, "place": row.name.ko, "kind": str(row.kind)} for row in rows]


def listed_devices() -> list[dict[str, str]]:
    """Return the devices with an address that pairs each of them once, valid from this start on.

    A device at work stays at work until somebody opens its address.
    """
    places = {node.code: node.name for node in hospital.plan().nodes if node.name}
    known = {row.name: row for row in _devices()}
    return [
        {
            "kind": plan.kind,
            "place": places[plan.place].ko,
            "pairing_url": _pairing_url(
                accounts.reissue_pairing(known[plan.name].id, by=SYSTEM, valid_for=PAIRING_LIFE).code
            ),
        }
        for plan in DEVICES
        if plan.name in known and known[plan.name].state != "revoked"
    ]


def _open_queues(*, by: Actor) -> None:
    units = {row.code: row.id for row in accounts_queries.units()}
    known: dict[str, UUID] = {code: head.id for code, head in open_queues().items()}
    for code, plan in QUEUES.items():
        queue_id = known.get(code) or queues.open_queue(
            code,
            service=plan.service,
            site=hospital.SITE,
            unit=units[plan.unit],
            name_ko=plan.name.ko,
            name_en=plan.name.en,
            place=plan.place,
            rules=plan.rules,
            by=by,
        )
        there = {point.name_ko for point in queues_queries.points(queue_id)}
        for room in plan.rooms:
            if room.name.ko not in there:
                queues.add_room(queue_id, name_ko=room.name.ko, name_en=room.name.en, place=room.place, by=by)


def _plan_shifts(*, by: Actor) -> None:
    """Plan the queues of the simulated day: open round the clock, with one room fewer over lunch.

    The reserved queues have no plan: whoever shows them opens and pauses their rooms by hand, at any hour.
    """
    heads, unplanned = open_queues(), waits_queries.unplanned()
    for code in QUEUES.keys() - set(DEMO_QUEUES):
        if heads[code].id in unplanned:
            week = [_shifts(len(QUEUES[code].rooms))] * 7
            waits.set_week(heads[code].id, week, version=0, by=by)


def _shifts(rooms: int) -> tuple[Shift, ...]:
    if rooms == 1:
        return (Shift(0, DAY_MINUTES, rooms),)
    begins, ends = LUNCH_MINUTES
    return (Shift(0, begins, rooms), Shift(begins, ends, rooms - 1), Shift(ends, DAY_MINUTES, rooms))


def _hang_tags(*, by: Actor) -> None:
    """Hang a tag wherever the map has a place for one."""
    there = {row.place for row in tags_queries.tags(size=MOST_TAGS).rows}
    nodes = {node.code: node.kind for node in hospital.plan().nodes}
    for code, kind in nodes.items():
        if kind is NodeKind.TAG and code not in there:
            tags.issue(code, kind=nodes[code.removeprefix(TAG_PREFIX)], site=hospital.SITE, by=by)


def _announce_devices() -> None:
    there = {row.name for row in _devices()}
    known = open_queues()
    for plan in DEVICES:
        if plan.name not in there:
            queue_id = known[plan.queue].id if plan.queue else None
            accounts.announce_device(plan.kind, plan.name, place=plan.place, queue_id=queue_id, by=SYSTEM)


def _devices() -> Iterator[DeviceRow]:
    for number in count(1):
        page = accounts_queries.devices(number)
        yield from page.rows
        if not page.has_more:
            return


def _pairing_url(code: str) -> str:
    return f"{settings.current().public_url}/pair/{code}"
