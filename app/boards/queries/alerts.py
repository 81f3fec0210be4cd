"""What staff are to do now: one strip for each post that somebody answers at. Numbers and places, no patient's name."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from app.accounts.models import Device, Staff
from app.accounts.roles import Facts, Permission, Role, may, require
from app.alerts import rules
from app.alerts.models import Alert, AlertPost
from app.alerts.rules import CHARGE_ID, DESK_ID, READERS, WAYS, Kind, Post, State
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.journey.models import Visit
from app.journey.queries import is_in_no_line
from app.queues.models import Queue

MOST_SHOWN, MOST_VISITS = 20, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitInNoLine:
    """A visit that waits where no queue takes it, by the number that its patient holds."""

    id: UUID
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert as a strip shows it; `queue_…` and `device` are None where it is about none."""

    id: UUID
    version: int
    kind: Kind
    priority: int
    state: State
    says: str
    action: str
    number: int | None
    visit_id: UUID | None
    queue_id: UUID | None
    queue_ko: str | None
    queue_en: str | None
    device: str | None
    occurrences: int
    raised_at: datetime
    taken_by: str | None
    snoozed_until: datetime | None
    snoozes: tuple[int, ...]
    is_escalated: bool
    rings: bool
    visits: tuple[VisitInNoLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStrip:
    """The open alerts of one post, as one role sees and hears them."""

    id: UUID
    seq: int
    post: Post
    role: str
    alerts: tuple[AlertRow, ...]

    @property
    def topic(self) -> str:
        """Return the topic that moves this strip."""
        return f"alerts:{self.id}"

    @property
    def waiting_count(self) -> int:
        """Return how many nobody has taken."""
        return sum(one.state in {State.OPEN, State.SNOOZED} for one in self.alerts)

    @property
    def first_count(self) -> int:
        """Return how many of those have priority 1."""
        return sum(one.state is State.OPEN and one.priority == 1 for one in self.alerts)


def alert_strips(unit: UUID | None, *, by: Actor) -> tuple[AlertStrip, ...]:
    """Return the strips of a page: the unit's (the reception's without one), and what is left to a charge nurse.

    1 statement for each strip, 1 more where somebody stands in no line. Nothing for whoever answers at none.
    """
    wanted = [DESK_ID if unit is None else unit]
    if by.role == Role.CHARGE_NURSE:
        wanted.append(CHARGE_ID)
    return tuple(_strip(one, role=by.role) for one in wanted if _answers(one, by=by))


def own_alert_strips(*, by: Actor) -> tuple[AlertStrip, ...]:
    """Return the strips of all posts that somebody answers at: the units of one's own, or the reception's."""
    require(by, Permission.SEE_ALERTS)
    posts = [*sorted(by.units, key=str), DESK_ID, CHARGE_ID]
    return tuple(_strip(one, role=by.role) for one in posts if _answers(one, by=by))


def check_alert_post(post_id: UUID, *, by: Actor) -> None:
    """Let nobody follow a post at which they do not answer. Raise NotAllowedError or NotFoundError."""
    require(by, Permission.SEE_ALERTS)
    if not _answers(post_id, by=by):
        raise NotFoundError(kind="alert_post")


def alert_strip(post_id: UUID, *, role: str) -> AlertStrip:
    """Return a post's strip as one role sees it; 1 statement, 1 more where somebody stands in no line."""
    return _strip(post_id, role=role)


def _answers(post_id: UUID, *, by: Actor) -> bool:
    post = rules.kind_of_post(post_id)
    facts = Facts(unit=post_id) if post is Post.WARD else Facts()
    return may(by, Permission.SEE_ALERTS, facts) and Role(by.role) in READERS[post]


def _strip(post_id: UUID, *, role: str) -> AlertStrip:
    found = db.session.execute(
        select(
            AlertPost.seq,
            Alert,
            Queue.public_id,
            Queue.name_ko,
            Queue.name_en,
            Device.name,
            Staff.name,
            Visit.public_id,
        )
        .select_from(AlertPost)
        .outerjoin(Alert, and_(Alert.open_slot == 1, _shown_at(post_id)))
        .outerjoin(Queue, Queue.id == Alert.queue_id)
        .outerjoin(Device, Device.id == Alert.device_id)
        .outerjoin(Staff, Staff.public_id == Alert.taken_by)
        .outerjoin(Visit, Visit.id == Alert.visit_id)
        .where(AlertPost.public_id == post_id)
        .order_by(Alert.priority, Alert.raised_at, Alert.id)
        .limit(MOST_SHOWN)
    ).all()
    rows = [row[1:] for row in found if row[1] is not None]
    in_no_line = _visits_in_no_line() if any(row[0].kind == Kind.NO_NEXT_STEP for row in rows) else ()
    now = clock.utcnow()
    return AlertStrip(
        id=post_id,
        seq=found[0][0] if found else 0,
        post=rules.kind_of_post(post_id),
        role=role,
        alerts=tuple(_row(*row, role=role, in_no_line=in_no_line, now=now) for row in rows),
    )


def _shown_at(post_id: UUID) -> ColumnElement[bool]:
    if post_id == CHARGE_ID:
        return and_(Alert.owner == Post.DESK, Alert.escalated_at.is_not(None))
    return Alert.post_id == AlertPost.id


def _row(
    alert: Alert,
    queue_id: UUID | None,
    queue_ko: str | None,
    queue_en: str | None,
    device: str | None,
    taken_by: str | None,
    visit_id: UUID | None,
    *,
    role: str,
    in_no_line: Collection[VisitInNoLine],
    now: datetime,
) -> AlertRow:
    kind, state = Kind(alert.kind), rules.state_of(alert.facts, now)
    is_escalated = alert.escalated_at is not None
    return AlertRow(
        id=alert.public_id,
        version=alert.version,
        kind=kind,
        priority=alert.priority,
        state=state,
        says=WAYS[kind].says,
        action=WAYS[kind].action,
        number=alert.number,
        visit_id=visit_id,
        queue_id=queue_id,
        queue_ko=queue_ko,
        queue_en=queue_en,
        device=device,
        occurrences=alert.occurrences,
        raised_at=alert.raised_at,
        taken_by=taken_by,
        snoozed_until=alert.snoozed_until if state is State.SNOOZED else None,
        snoozes=rules.snoozes_left(alert.snoozed_minutes) if alert.taken_at is None else (),
        is_escalated=is_escalated,
        rings=rules.rings(role, priority=alert.priority, state=state, is_escalated=is_escalated),
        visits=tuple(in_no_line) if kind is Kind.NO_NEXT_STEP else (),
    )


def _visits_in_no_line() -> tuple[VisitInNoLine, ...]:
    rows = db.session.execute(
        select(Visit.public_id, Visit.day_number)
        .where(is_in_no_line())
        .order_by(Visit.day_number)
        .limit(MOST_VISITS)
    )
    return tuple(VisitInNoLine(id=row.public_id, number=row.day_number) for row in rows)
