"""Services, queues, rooms and their rules: what an administrator sets up and a ward opens and pauses."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.roles import Facts, Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.locking import check_version, hold
from app.core.transaction import promise, transactional
from app.queues.models import Queue, QueueEntry, QueuePolicy, Service, ServicePoint
from app.queues.services.holding import hold_queue, policy_of
from app.queues.services.line import age
from app.queues.states import EntryStatus, MergeRule, PointStatus, PriorityClass

LONGEST_REASON = 120
AT_LEAST_ONE = frozenset({"calls_ahead", "max_calls", "max_overtaken", "ageing_seconds", "re_entry_places"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A queue's stated rules, as an administrator edits them; durations in seconds."""

    early_tolerance_seconds: int = 1800
    check_in_before_seconds: int = 3 * 3600
    check_in_after_seconds: int = 2 * 3600
    call_expiry_seconds: int = 180
    max_calls: int = 3
    recall_gap_seconds: int = 15
    calls_ahead: int = 1
    least_service_seconds: int = 30
    shows_masked_name: bool = False
    takes_walk_ins: bool = True
    merge_rule: str = MergeRule.SLOT
    head_start_seconds: int = 1200
    grace_seconds: int = 900
    ageing_seconds: int = 3600
    max_overtaken: int = 5
    re_entry_places: int = 2
    max_re_entries: int = 2
    max_own_holds: int = 1
    own_hold_seconds: int = 900
    recalls_by_itself: bool = True
    keeps_credit: bool = True
    is_overnight: bool = False


@transactional
def offer(  # a service is words and a length
    code: str,
    *,
    name_ko: str,
    name_en: str,
    duration_seconds: int = 600,
    preparation: tuple[str, str] = ("", ""),
    after_care: tuple[str, str] = ("", ""),
    is_any_order: bool = False,
    follows: tuple[str, ...] = (),
    by: Actor,
) -> None:
    """Offer a service, or change its words."""
    require(by, Permission.MANAGE_QUEUES)
    service = db.session.execute(select(Service).where(Service.code == code)).scalar_one_or_none() or Service(
        code=code
    )
    service.name_ko, service.name_en, service.duration_seconds = name_ko, name_en, duration_seconds
    service.preparation_ko, service.preparation_en = preparation
    service.after_care_ko, service.after_care_en = after_care
    service.is_any_order, service.follows = is_any_order, list(follows)
    db.session.add(service)
    audit.record("queues:service:offer", by=by, object_=f"service:{code}")


@transactional
def open_queue(
    code: str,
    *,
    service: str,
    site: str,
    unit: UUID,
    name_ko: str,
    name_en: str,
    place: str,
    rules: Rules | None = None,
    by: Actor,
) -> UUID:
    """Open a new queue for a service at a place; return its public id."""
    require(by, Permission.MANAGE_QUEUES)
    service_id = db.session.execute(select(Service.id).where(Service.code == service)).scalar_one_or_none()
    if service_id is None:
        raise InvalidError(field="service", why="unknown")
    if db.session.execute(select(Queue.id).where(Queue.code == code)).scalar_one_or_none() is not None:
        raise InvalidError(field="code", why="taken")
    queue = Queue(
        code=code,
        service_id=service_id,
        site=site,
        unit=unit,
        name_ko=name_ko,
        name_en=name_en,
        place=place,
        seq=0,
    )
    db.session.add(queue)
    db.session.flush()
    db.session.add(QueuePolicy(queue_id=queue.id, version=1, **_plain(rules or Rules())))
    audit.record("queues:queue:open", by=by, object_=f"queue:{code}")
    return queue.public_id


@transactional
def set_rules(queue_id: UUID, rules: Rules, *, version: int | None, by: Actor) -> int:
    """Change a queue's rules; the posted version is compared. Return the new version."""
    require(by, Permission.MANAGE_QUEUES)
    queue = hold(Queue, queue_id)
    policy = db.session.execute(select(QueuePolicy).where(QueuePolicy.queue_id == queue.id)).scalar_one()
    check_version(policy.version, version)
    for name, value in _plain(rules).items():
        if isinstance(value, int) and value < (name in AT_LEAST_ONE):
            raise InvalidError(field=name, why="at_least_one" if name in AT_LEAST_ONE else "negative")
        setattr(policy, name, value)
    if rules.merge_rule not in set(MergeRule):
        raise InvalidError(field="merge_rule", why="unknown", allowed=sorted(MergeRule))
    policy.version += 1
    promise(queue, "queue.update")
    audit.record("queues:rules:set", by=by, object_=f"queue:{queue.code}", details=_plain(rules))
    return policy.version


@transactional
def set_queue_open(queue_id: UUID, *, is_open: bool, by: Actor) -> None:
    """Open or close a queue for new entries; those who wait stay."""
    require(by, Permission.MANAGE_QUEUES)
    queue = hold(Queue, queue_id)
    queue.is_open = is_open
    promise(queue, "queue.update")
    audit.record("queues:queue:" + ("reopen" if is_open else "close"), by=by, object_=f"queue:{queue.code}")


@transactional
def add_room(queue_id: UUID, *, name_ko: str, name_en: str, place: str, capacity: int = 1, by: Actor) -> UUID:
    """Add a room or desk to a queue; return its public id."""
    require(by, Permission.MANAGE_QUEUES)
    queue = hold(Queue, queue_id)
    if capacity < 1:
        raise InvalidError(field="capacity", why="at_least_one")
    same = select(ServicePoint.id).where(ServicePoint.queue_id == queue.id, ServicePoint.name_ko == name_ko)
    if db.session.execute(same).first():
        raise InvalidError(field="name_ko", why="taken")
    point = ServicePoint(
        queue_id=queue.id, name_ko=name_ko, name_en=name_en, place=place, capacity=capacity, version=1
    )
    db.session.add(point)
    db.session.flush()
    promise(queue, "queue.update")
    audit.record("queues:room:add", by=by, object_=f"service_point:{point.public_id}")
    return point.public_id


@transactional
def set_point_status(
    point_id: UUID,
    *,
    status: PointStatus,
    version: int | None,
    reason: str | None = None,
    until: datetime | None = None,
    by: Actor,
) -> int:
    """Open, pause or close a room; who pauses says why, and may say until when. Return the new version."""
    found = db.session.execute(
        select(ServicePoint.queue_id).where(ServicePoint.public_id == point_id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFoundError(kind="service_point")
    queue = hold(Queue, found)
    require(by, Permission.DRIVE_QUEUE, Facts(unit=queue.unit))
    point = hold(ServicePoint, point_id)
    check_version(point.version, version)
    said = (reason or "").strip()[:LONGEST_REASON] or None
    if status is PointStatus.PAUSED and said is None:
        raise InvalidError(field="reason", why="missing")
    point.status, point.status_reason = status, said
    point.paused_until = until if status is PointStatus.PAUSED else None
    point.version += 1
    promise(queue, "queue.update")
    audit.record("queue:room:status", by=by, object_=f"service_point:{point_id}", reason=reason)
    return point.version


@transactional
def open_rooms_again(*, by: Actor) -> int:
    """Open the rooms whose pause is over; return how many."""
    require(by, Permission.DRIVE_QUEUE)
    due = db.session.execute(
        select(ServicePoint.public_id, ServicePoint.version).where(
            ServicePoint.status == PointStatus.PAUSED, ServicePoint.paused_until <= clock.utcnow()
        )
    ).all()
    for point_id, version in due:
        set_point_status(point_id, status=PointStatus.OPEN, version=version, by=by)
    return len(due)


@transactional
def age_lines(*, by: Actor) -> int:
    """Prefer, in every line, whoever has waited beyond its ageing bound; return how many rose."""
    require(by, Permission.DRIVE_QUEUE)
    risen = 0
    for queue_id in _queues_to_age():
        queue = hold_queue(queue_id)
        count = age(queue, policy_of(queue))
        if count:
            promise(queue, "queue.update")
            audit.record("queues:line:age", by=by, object_=f"queue:{queue.code}", details={"risen": count})
        risen += count
    return risen


def _queues_to_age() -> list[int]:
    """Return the queues where somebody has passed the bound, in lock order."""
    rows = db.session.execute(
        select(
            QueuePolicy.queue_id, QueuePolicy.ageing_seconds, func.min(QueueEntry.eligible_at).label("first")
        )
        .join(QueueEntry, QueueEntry.queue_id == QueuePolicy.queue_id)
        .where(QueueEntry.status == EntryStatus.WAITING, QueueEntry.rank_class < PriorityClass.PREFERRED)
        .group_by(QueuePolicy.queue_id, QueuePolicy.ageing_seconds)
        .order_by(QueuePolicy.queue_id)
    )
    now = clock.utcnow()
    return [row.queue_id for row in rows if row.first <= now - timedelta(seconds=row.ageing_seconds)]


def _plain(rules: Rules) -> dict[str, int | bool | str]:
    return {field.name: getattr(rules, field.name) for field in fields(rules)}
