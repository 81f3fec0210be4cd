"""Alerts are raised, answered and ended here: the post's row is held first, so one cause is one alert."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.accounts.roles import Facts, Permission, require
from app.alerts import queries, rules
from app.alerts.events import AlertRaised
from app.alerts.models import Alert, AlertPost
from app.alerts.rules import CHARGE_ID, DESK_ID, WAYS, Kind, Move, Outcome, Post, State
from app.core import audit, clock
from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.errors import InvalidError, NotAllowedError, NotFoundError, TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import check_version, hold
from app.core.transaction import now_or_never, promise, release, savepoint, take_turn, tell, transactional

# A year and its month once more: the report compares a month with the same one of the year before.
KEPT = timedelta(days=400)
PIECE_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an alert is about: row ids of this house's own, and the number that boards show."""

    unit: UUID | None = None
    queue_id: int | None = None
    visit_id: int | None = None
    device_id: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a command answers, also when it is repeated."""

    alert_id: UUID
    post_id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpCalled:
    """A kiosk's call for help: which alert tells its answer."""

    alert_id: UUID


@transactional
def raise_alert(kind: Kind, cause: str, about: About, *, by: Actor) -> UUID:
    """Raise an alert, or count one more occurrence of a cause that is open already; return its id.

    Joins the caller's transaction: what is told goes with the deed, or not at all. 4 statements, and its audit row,
    seq and move at the commit. Whoever holds queues or a visit took them before: a post is the last of the locks.
    """
    way, now = WAYS[kind], clock.utcnow()
    post = _hold_post(about.unit if way.owner is Post.WARD and about.unit else DESK_ID)
    alert = db.session.execute(_open(cause).with_for_update()).scalar_one_or_none()
    if alert is None:
        alert = Alert(
            post_id=post.id,
            kind=kind,
            priority=way.priority,
            cause=cause,
            open_slot=1,
            owner=rules.kind_of_post(post.public_id),
            unit=about.unit,
            queue_id=about.queue_id,
            visit_id=about.visit_id,
            device_id=about.device_id,
            number=about.number,
            occurrences=1,
            snoozed_minutes=0,
            raised_at=now,
            last_at=now,
            version=1,
        )
        db.session.add(alert)
        db.session.flush()
        tell(AlertRaised(alert_id=alert.public_id, kind=kind))
        _record("raise", alert, by=by)
    else:
        alert.occurrences += 1  # the version stays: who answers it just now answers this one too
        alert.last_at = now
    _repaint(post, alert, "raised")
    return alert.public_id


@transactional
def clear(
    cause: str, *, is_action: bool = False, unless: Callable[[], bool] | None = None, by: Actor
) -> bool:
    """End the open alert of a cause that has gone; False where there is none. 1 statement, 4 where there is one.

    `is_action`: the cause has gone because somebody did what the alert asked for. `unless` is asked once the post is
    held: of two who take away the last two reasons at once, the second must see that the first has.
    """
    found = db.session.execute(_open(cause)).scalar_one_or_none()
    if found is None:
        return False
    post, alert = _hold(found.public_id)
    if alert.ended_at is None and not (unless and unless()):
        if is_action:
            _take(alert, by=by)
        alert.end(Outcome.DONE if is_action else Outcome.CLEARED, clock.utcnow())
        _record("clear", alert, by=by)
        _repaint(post, alert, "ended")
    return True


@command
def call_help(*, by: Actor) -> HelpCalled:
    """Call somebody to this kiosk (K20); pressed again while the call is open, it is the same call."""
    if by.kind != "kiosk":
        raise NotAllowedError(permission="alerts:help:call")
    device = queries.device_row(by.device_id)
    alert_id = raise_alert(
        Kind.KIOSK_HELP, f"{Kind.KIOSK_HELP}:{by.device_id}", About(device_id=device), by=by
    )
    return HelpCalled(alert_id=alert_id)


@command
def take(alert_id: UUID, *, version: int | None, by: Actor) -> Answered:
    """Say "I go": of two who say so one is told who was first. Raise TransitionRefusedError, VersionStaleError."""
    post, alert = _hold_to_answer("take", alert_id, (State.OPEN, State.SNOOZED), version=version, by=by)
    _take(alert, by=by)
    alert.version += 1
    return _answered("take", post, alert, by=by)


@command
def finish(alert_id: UUID, *, version: int | None, by: Actor) -> Answered:
    """Note that it was acted on; whoever did so without a word before has taken it now."""
    post, alert = _hold_to_answer(
        "done", alert_id, (State.OPEN, State.SNOOZED, State.TAKEN), version=version, by=by
    )
    _take(alert, by=by)
    alert.end(Outcome.DONE, clock.utcnow())
    return _answered("done", post, alert, by=by)


@command
def dismiss(alert_id: UUID, *, version: int | None, reason: str | None, by: Actor) -> Answered:
    """End an alert that needs no action, and say why: the month's report counts it against its kind."""
    post, alert = _hold_to_answer(
        "dismiss", alert_id, (State.OPEN, State.SNOOZED, State.TAKEN), version=version, by=by
    )
    said = (reason or "").strip()[: rules.LONGEST_REASON]
    if not said:
        raise InvalidError(field="reason", why="missing")
    alert.reason = said
    alert.end(Outcome.DISMISSED, clock.utcnow())
    return _answered("dismiss", post, alert, by=by, reason=said)


@command
def snooze(alert_id: UUID, *, version: int | None, minutes: int | None, by: Actor) -> Answered:
    """Put an alert off for 5, 10 or 15 minutes, 15 in all (W7). Raise InvalidError."""
    post, alert = _hold_to_answer("snooze", alert_id, (State.OPEN, State.SNOOZED), version=version, by=by)
    allowed = rules.snoozes_left(alert.snoozed_minutes)
    if minutes not in allowed:
        raise InvalidError(field="minutes", why="snooze", allowed=allowed)
    alert.snoozed_minutes += minutes
    alert.snoozed_until = clock.utcnow() + timedelta(minutes=minutes)
    alert.version += 1
    return _answered("snooze", post, alert, by=by)


def tend(*, by: Actor = SYSTEM) -> int:
    """Tell on what nobody has taken for five minutes, wake what was put off, let go what is too old; return how many.

    Each in a unit of its own; a second run finds nothing to do.
    """
    now = clock.utcnow()
    rows = db.session.execute(select(Alert).where(Alert.open_slot == 1).order_by(Alert.id)).scalars()
    due = [row.public_id for row in rows if rules.move_due(row.facts, now)]
    done = 0
    for alert_id in due:
        release()
        done += _move(alert_id, by=by)
    return done


def purge() -> int:
    """Delete alerts that ended more than a year ago, in small pieces."""
    gone = 0
    while (piece := _purge_piece()) == PIECE_ROWS:
        gone += piece
    return gone + piece


@transactional
def _move(alert_id: UUID, *, by: Actor) -> bool:
    """Do with one alert what is due, once it is held; somebody may have been faster."""
    try:
        post, alert = _hold(alert_id)
    except NotFoundError:
        return False
    now = clock.utcnow()
    move = rules.move_due(alert.facts, now)
    if move is None:
        return False
    if move is Move.LAPSE:
        alert.end(Outcome.LAPSED, now)
    else:
        alert.snoozed_until = None
    if move is Move.ESCALATE:
        alert.escalated_at = now
    _record(move, alert, by=by)
    _repaint(post, alert, move)
    return True


@transactional
def _purge_piece() -> int:
    old = list(
        db.session.execute(
            select(Alert.id)
            .where(Alert.ended_at < clock.utcnow() - KEPT)
            .order_by(Alert.ended_at)
            .limit(PIECE_ROWS)
        ).scalars()
    )
    if old:
        db.session.connection().execute(delete(Alert).where(Alert.id.in_(old)))
    return len(old)


def _hold_to_answer(
    command_: str, alert_id: UUID, states: tuple[State, ...], *, version: int | None, by: Actor
) -> tuple[AlertPost, Alert]:
    """Hold an alert for somebody who answers it: the right, the version, the state, in this order."""
    require(by, Permission.ANSWER_ALERTS)
    post, alert = _hold(alert_id)
    require(by, Permission.ANSWER_ALERTS, Facts(unit=alert.unit))
    if not rules.may_answer(by.role, alert.place, is_escalated=alert.escalated_at is not None):
        raise NotFoundError(kind="alert")
    state = rules.state_of(alert.facts, clock.utcnow())
    if alert.version != version or state not in states:
        now = {"state": str(state), "taken_by": queries.taker(alert.taken_by), "outcome": alert.outcome}
        check_version(alert.version, version, why=str(state), **now)
        raise TransitionRefusedError(command=command_, why=str(state), **now)
    return post, alert


def _hold(alert_id: UUID) -> tuple[AlertPost, Alert]:
    """Lock an alert's post, then the alert, fresh. Raise NotFoundError."""
    post_row = db.session.execute(
        select(Alert.post_id).where(Alert.public_id == alert_id)
    ).scalar_one_or_none()
    if post_row is None:
        raise NotFoundError(kind="alert")
    take_turn(f"alerts:{post_row}")
    post = hold(AlertPost, post_row)
    return post, hold(Alert, alert_id)


def _hold_post(post_id: UUID) -> AlertPost:
    """Lock a post, made at its first alert."""
    row = _post_row(post_id)
    if row is None:
        try:
            with savepoint():
                db.session.add(AlertPost(public_id=post_id, seq=0))
        except IntegrityError as error:
            now_or_never(error, "public_id")  # another ward's nurse was faster
        row = _post_row(post_id)
    if row is None:
        raise NotFoundError(kind="alert_post")
    take_turn(f"alerts:{row}")
    return hold(AlertPost, row)


def _post_row(post_id: UUID) -> int | None:
    return db.session.execute(select(AlertPost.id).where(AlertPost.public_id == post_id)).scalar_one_or_none()


def _open(cause: str) -> Any:
    return (
        select(Alert)
        .where(Alert.cause == cause, Alert.open_slot == 1)
        .execution_options(populate_existing=True)
    )


def _take(alert: Alert, *, by: Actor) -> None:
    if alert.taken_at is None:
        alert.taken_by, alert.taken_at, alert.snoozed_until = by.id, clock.utcnow(), None


def _answered(what: str, post: AlertPost, alert: Alert, *, by: Actor, reason: str | None = None) -> Answered:
    _record(what, alert, by=by, reason=reason)
    _repaint(post, alert, what)
    return Answered(alert_id=alert.public_id, post_id=post.public_id, version=alert.version)


def _repaint(post: AlertPost, alert: Alert, kind: str) -> None:
    """Let every screen that shows the alert follow: the post's own, and what the charge nurses see of the desk's."""
    promise(post, f"alert.{kind}")
    if CHARGE_ID in rules.posts_of(alert.place, post.public_id, is_escalated=alert.escalated_at is not None):
        promise(_hold_post(CHARGE_ID), f"alert.{kind}")


def _record(what: str, alert: Alert, *, by: Actor, reason: str | None = None) -> None:
    audit.record(
        f"alerts:alert:{what}",
        by=by,
        object_=f"alert:{alert.public_id}",
        reason=reason,
        details={"kind": str(alert.kind)},
    )
