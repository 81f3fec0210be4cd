"""What a patient is told, and what a patient wants to be told, is written here."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from app import settings
from app.accounts.roles import Facts, Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.db import Model, db
from app.core.errors import InvalidError
from app.core.ids import digest
from app.core.outbox import consumers_of
from app.core.transaction import now_or_never, promise, savepoint, transactional
from app.notices.models import Notice, NoticePreference, PushSubscription, promise_kind
from app.notices.rules import (
    MOST_PEOPLE_AHEAD,
    MOST_SUBSCRIPTIONS,
    Channel,
    Kind,
    Params,
    Status,
    are_push_keys,
    checked,
    expiry,
    is_push_endpoint,
)

KEPT = timedelta(days=7)
PIECE_ROWS = 500


@transactional
def notify(
    visit_id: UUID,
    kind: Kind,
    *,
    occasion: str,
    params: Params,
    patient_id: UUID | None = None,
    lang: str | None = None,
    expires_at: datetime | None = None,
    by: Actor,  # noqa: ARG001 - every service names who acts; the caller's own history tells of the deed
) -> tuple[Channel, ...]:
    """Tell a visit's patient something once, by each way that is set up and wanted; return the ways taken.

    Joins the caller's transaction: 3 statements, and one to three more for each way. `occasion` names what it is
    about (a call's id): a second notice of the same kind and occasion writes nothing, so it may be repeated.
    Raise ValueError where `params` hold more than number and place.
    """
    kept, now = checked(params), clock.utcnow()
    told = frozenset(
        db.session.execute(
            select(Notice.channel).where(
                Notice.visit_id == visit_id, Notice.kind == kind, Notice.occasion == occasion
            )
        ).scalars()
    )
    taken = []
    for channel in _wanted(visit_id, patient_id) if not told else ():
        row = Notice(
            visit_id=visit_id,
            patient_id=patient_id,
            kind=kind,
            occasion=occasion,
            channel=channel,
            params=kept,
            lang=lang or settings.current().locales[0],
            status=Status.PENDING if channel is not Channel.PAGE else Status.SENT,
            created_at=now,
            expires_at=expires_at or expiry(kind, now),
            sent_at=now if channel is Channel.PAGE else None,
        )
        if _added(row):
            taken.append(channel)
            if channel is not Channel.PAGE:
                promise(row, f"notice.{kind}")
    return tuple(taken)


@transactional
def subscribe(visit_id: UUID, *, endpoint: str, p256dh: str, auth: str, by: Actor) -> None:
    """Let a browser be told about its visit; the same one twice is one.

    Raise InvalidError for an address of no known push service, for keys that are none, and for too many browsers.
    """
    require(by, Permission.GUIDE_OWN_VISIT, Facts(visit=visit_id))
    if not is_push_endpoint(endpoint, settings.current().push_hosts):
        raise InvalidError(fields={"endpoint": "unknown"})
    if not are_push_keys(p256dh, auth):
        raise InvalidError(fields={"keys": "malformed"})
    row = db.session.execute(_subscription(visit_id, endpoint).with_for_update()).scalar_one_or_none()
    if row is None:
        if _subscribed(visit_id) >= MOST_SUBSCRIPTIONS:
            raise InvalidError(fields={"endpoint": "too_many"})
        row = PushSubscription(
            visit_id=visit_id, endpoint=endpoint, endpoint_hash=digest(endpoint), created_at=clock.utcnow()
        )
        db.session.add(row)
    row.p256dh, row.auth, row.ended_at = p256dh, auth, None


@transactional
def unsubscribe(visit_id: UUID, *, endpoint: str, by: Actor) -> None:
    """Tell a browser nothing more; one that never asked is left alone."""
    require(by, Permission.GUIDE_OWN_VISIT, Facts(visit=visit_id))
    row = db.session.execute(_subscription(visit_id, endpoint).with_for_update()).scalar_one_or_none()
    if row is not None and row.ended_at is None:
        row.ended_at = clock.utcnow()


@transactional
def prefer_near_turn(visit_id: UUID, people: int | None, *, by: Actor) -> None:
    """Tell the patient when so many are ahead; None: not at all. Raise InvalidError for other than 1 to 10."""
    require(by, Permission.GUIDE_OWN_VISIT, Facts(visit=visit_id))
    if people is not None and not 1 <= people <= MOST_PEOPLE_AHEAD:
        raise InvalidError(fields={"people": "range"})
    row = _preference(visit_id)
    row.near_turn_people, row.changed_at = people, clock.utcnow()


@transactional
def prefer_sms(visit_id: UUID, *, wanted: bool, by: Actor) -> None:
    """Note whether the patient agrees to be told by the hospital's gateway, which knows the number."""
    require(by, Permission.GUIDE_OWN_VISIT, Facts(visit=visit_id))
    row = _preference(visit_id)
    row.wants_sms, row.changed_at = wanted, clock.utcnow()


@transactional
def note_end(notice_id: UUID, status: Status) -> None:
    """Note how a notice fared; joins the transaction that settles its promise."""
    db.session.connection().execute(
        update(Notice)
        .where(Notice.public_id == notice_id)
        .values(status=status, sent_at=clock.utcnow() if status is Status.SENT else None)
    )


@transactional
def end_subscription(subscription_id: UUID) -> None:
    """Forget a browser that its push service says is gone."""
    db.session.connection().execute(
        update(PushSubscription)
        .where(PushSubscription.public_id == subscription_id, PushSubscription.ended_at.is_(None))
        .values(ended_at=clock.utcnow())
    )


def purge() -> int:
    """Delete notices, subscriptions and preferences older than a week, in small pieces."""
    gone = 0
    for model, key, at in (
        (Notice, Notice.id, Notice.created_at),
        (PushSubscription, PushSubscription.id, PushSubscription.created_at),
        (NoticePreference, NoticePreference.visit_id, NoticePreference.changed_at),
    ):
        while (piece := _purge_piece(model, key, at)) == PIECE_ROWS:
            gone += piece
        gone += piece
    return gone


@transactional
def _purge_piece(model: type[Model], key: Any, at: Any) -> int:
    old = list(
        db.session.execute(
            select(key).where(at < clock.utcnow() - KEPT).order_by(at).limit(PIECE_ROWS)
        ).scalars()
    )
    if old:
        db.session.connection().execute(delete(model).where(key.in_(old)))
    return len(old)


def _wanted(visit_id: UUID, patient_id: UUID | None) -> tuple[Channel, ...]:
    """Return the ways that are set up and wanted; the page always is, and costs nothing to look at."""
    channels = [Channel.PAGE]
    if consumers_of(promise_kind(Channel.PUSH)) and _subscribed(visit_id):
        channels.append(Channel.PUSH)
    if patient_id is not None and consumers_of(promise_kind(Channel.SMS)) and _wants_sms(visit_id):
        channels.append(Channel.SMS)
    return tuple(channels)


def _added(row: Notice) -> bool:
    """Add a notice unless another worker has just told the same: a notice never fails the deed it tells of."""
    try:
        with savepoint():
            db.session.add(row)
    except IntegrityError as error:
        now_or_never(error, "notice")
        return False
    return True


def _subscribed(visit_id: UUID) -> int:
    return db.session.execute(
        select(func.count())
        .select_from(PushSubscription)
        .where(PushSubscription.visit_id == visit_id, PushSubscription.ended_at.is_(None))
    ).scalar_one()


def _wants_sms(visit_id: UUID) -> bool:
    return bool(
        db.session.execute(
            select(NoticePreference.wants_sms).where(NoticePreference.visit_id == visit_id)
        ).scalar_one_or_none()
    )


def _subscription(visit_id: UUID, endpoint: str) -> Select[PushSubscription]:
    return select(PushSubscription).where(
        PushSubscription.visit_id == visit_id, PushSubscription.endpoint_hash == digest(endpoint)
    )


def _preference(visit_id: UUID) -> NoticePreference:
    statement = select(NoticePreference).where(NoticePreference.visit_id == visit_id).with_for_update()
    row = db.session.execute(statement).scalar_one_or_none()
    if row is None:
        try:
            with savepoint():
                db.session.add(NoticePreference(visit_id=visit_id, changed_at=clock.utcnow()))
        except IntegrityError:
            pass  # the same patient's other tap
        row = db.session.execute(statement).scalar_one()
    return row
