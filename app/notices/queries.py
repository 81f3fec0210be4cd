"""What may be read of notices: the phone's own, and what is to be sent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app import settings
from app.core import clock
from app.core.db import db
from app.core.outbox import consumers_of
from app.notices import web_push
from app.notices.models import Notice, NoticePreference, PushSubscription, promise_kind
from app.notices.rules import Channel

SHOWN_NOTICES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNotice:
    """A notice as the visit's own page shows it: number and place, nothing else."""

    id: UUID
    kind: str
    params: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSettings:
    """How a visit's patient is told: `push_key` is None where no push is set up, `may_sms` where no gateway is."""

    near_turn_at: int | None
    push_key: str | None
    has_push: bool
    may_sms: bool
    has_sms: bool
    notices: tuple[PageNotice, ...]


def settings_of(visit_id: UUID) -> NoticeSettings:
    """Return how the patient of a visit is told, and the newest notices still worth reading; 3 statements."""
    preference = db.session.execute(
        select(NoticePreference.near_turn_people, NoticePreference.wants_sms).where(
            NoticePreference.visit_id == visit_id
        )
    ).one_or_none()
    shown = db.session.execute(
        select(Notice.public_id, Notice.kind, Notice.params, Notice.created_at)
        .where(
            Notice.visit_id == visit_id,
            Notice.channel == Channel.PAGE,
            Notice.expires_at > clock.utcnow(),
        )
        .order_by(Notice.id.desc())
        .limit(SHOWN_NOTICES)
    )
    return NoticeSettings(
        near_turn_at=preference.near_turn_people if preference else None,
        push_key=push_key(),
        has_push=bool(subscriptions_of(visit_id)),
        may_sms=bool(consumers_of(promise_kind(Channel.SMS))),
        has_sms=bool(preference and preference.wants_sms),
        notices=tuple(
            PageNotice(id=row.public_id, kind=row.kind, params=row.params, created_at=row.created_at)
            for row in shown
        ),
    )


def push_key() -> str | None:
    """Return the public VAPID key that a page hands to the browser; None where no push is set up."""
    private = settings.current().vapid_private_key.get_secret_value()
    return web_push.public_key(private) if private else None


def near_turn_of(visit_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return, of these visits, those that want to be told before their turn, and at how many ahead; 1 statement."""
    if not visit_ids:
        return {}
    rows = db.session.execute(
        select(NoticePreference.visit_id, NoticePreference.near_turn_people).where(
            NoticePreference.visit_id.in_(visit_ids), NoticePreference.near_turn_people.is_not(None)
        )
    )
    return {row.visit_id: row.near_turn_people for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sendable:
    """A notice as its way out needs it."""

    id: UUID
    seq: int
    visit_id: UUID
    patient_id: UUID | None
    kind: str
    params: Mapping[str, Any]
    lang: str
    expires_at: datetime


def sendable(notice_id: UUID) -> Sendable | None:
    """Return one notice, or None where it is gone; 1 statement."""
    row = db.session.execute(select(Notice).where(Notice.public_id == notice_id)).scalar_one_or_none()
    if row is None:
        return None
    return Sendable(
        id=row.public_id,
        seq=row.seq,
        visit_id=row.visit_id,
        patient_id=row.patient_id,
        kind=row.kind,
        params=row.params,
        lang=row.lang,
        expires_at=row.expires_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A browser to be reached."""

    id: UUID
    endpoint: str
    p256dh: str
    auth: str


def subscriptions_of(visit_id: UUID) -> tuple[Subscription, ...]:
    """Return the browsers that want to be told about a visit; 1 statement."""
    rows = db.session.execute(
        select(
            PushSubscription.public_id,
            PushSubscription.endpoint,
            PushSubscription.p256dh,
            PushSubscription.auth,
        )
        .where(PushSubscription.visit_id == visit_id, PushSubscription.ended_at.is_(None))
        .order_by(PushSubscription.id)
    )
    return tuple(
        Subscription(id=row.public_id, endpoint=row.endpoint, p256dh=row.p256dh, auth=row.auth)
        for row in rows
    )
