"""Services and queues: what a hospital offers and where one waits for it, as an administrator sets it up."""

import re
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.roles import Permission, require
from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.locking import check_version, hold
from app.core.transaction import now_or_never, promise, savepoint, transactional
from app.queues.models import Queue, QueuePolicy, Service
from app.queues.rules import Rules, check_rules, in_circle

CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,31}", re.ASCII)
LONGEST_SERVICE_SECONDS = 24 * 3600
LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWords:
    """What an administrator says of a service; `follows` are the codes of those that must come before it."""

    name_ko: str
    name_en: str
    duration_seconds: int
    preparation_ko: str = ""
    preparation_en: str = ""
    after_care_ko: str = ""
    after_care_en: str = ""
    is_any_order: bool = False
    follows: tuple[str, ...] = ()


@transactional
def add_service(code: str, words: ServiceWords, *, by: Actor) -> None:
    """Offer a new service. Raise InvalidError for a code that is taken, or for what makes no sense."""
    require(by, Permission.MANAGE_QUEUES)
    _check_code(code)
    known = _hold_services()
    if code in known:
        raise InvalidError(field="code", why="taken")
    _check_words(code, words, known)
    service = Service(code=code, version=1)
    _say(service, words)
    _add(service)
    audit.record("queues:service:offer", by=by, object_=f"service:{code}")


@transactional
def edit_service(code: str, words: ServiceWords, *, version: int | None, by: Actor) -> int:
    """Change what is said of a service; visits that are planned keep their order. Return the new version."""
    require(by, Permission.MANAGE_QUEUES)
    known = _hold_services()
    service = known.get(code)
    if service is None:
        raise NotFoundError(kind="service")
    check_version(service.version, version)
    _check_words(code, words, known)
    _say(service, words)
    service.version += 1
    audit.record("queues:service:edit", by=by, object_=f"service:{code}")
    return service.version


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
    """Offer a service, or change its words: as a plan of a whole hospital does, in any order."""
    require(by, Permission.MANAGE_QUEUES)
    service = db.session.execute(select(Service).where(Service.code == code)).scalar_one_or_none() or Service(
        code=code, version=1
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
    _check_code(code)
    check_rules(rules or Rules())
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
    _add(queue)
    db.session.add(QueuePolicy(queue_id=queue.id, version=1, **asdict(rules or Rules())))
    audit.record("queues:queue:open", by=by, object_=f"queue:{code}")
    return queue.public_id


@transactional
def set_queue_open(queue_id: UUID, *, is_open: bool, by: Actor) -> None:
    """Open or close a queue for new entries; those who wait stay."""
    require(by, Permission.MANAGE_QUEUES)
    queue = hold(Queue, queue_id)
    queue.is_open = is_open
    promise(queue, "queue.update")
    audit.record("queues:queue:" + ("reopen" if is_open else "close"), by=by, object_=f"queue:{queue.code}")


def _check_code(code: str) -> None:
    if not CODE.fullmatch(code):
        raise InvalidError(field="code", why="malformed")


def _check_words(code: str, words: ServiceWords, known: dict[str, Service]) -> None:
    if not 0 < words.duration_seconds <= LONGEST_SERVICE_SECONDS:
        raise InvalidError(
            field="duration_seconds", why="too_much" if words.duration_seconds > 0 else "at_least_one"
        )
    for name, value in asdict(words).items():
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise InvalidError(field=name, why="length")
    if not set(words.follows) <= known.keys():
        raise InvalidError(field="follows", why="unknown")
    if in_circle({one.code: tuple(one.follows) for one in known.values()} | {code: words.follows}):
        raise InvalidError(field="follows", why="circle")


def _hold_services() -> dict[str, Service]:
    """Lock all services by their order, so that no two administrators close a circle between them."""
    rows = db.session.execute(
        select(Service).order_by(Service.id).with_for_update().execution_options(populate_existing=True)
    ).scalars()
    return {one.code: one for one in rows}


def _say(service: Service, words: ServiceWords) -> None:
    for name, value in asdict(words).items():
        setattr(service, name, list(value) if isinstance(value, tuple) else value)


def _add(row: Service | Queue) -> None:
    try:
        with savepoint():
            db.session.add(row)
    except IntegrityError as error:  # somebody took the code between the look and the write
        now_or_never(error, "code")
        raise InvalidError(field="code", why="taken") from error
