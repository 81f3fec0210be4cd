"""Who takes notices out of the house: the SMS gateway and browsers' push services, each by the relay's rules."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app import settings
from app.core import clock
from app.core.http import HttpDownError, HttpForbiddenError
from app.core.outbox import consumers_of
from app.core.relay import (
    Consumer,
    Delivered,
    Failed,
    Outcome,
    Parcel,
    Refused,
    Rendered,
    Skipped,
    TargetDownError,
    one_by_one,
    register,
)
from app.core.transaction import release
from app.notices import queries, services, sms, web_push, wording
from app.notices.models import promise_kind
from app.notices.queries import Sendable, Subscription
from app.notices.rules import Channel, Status

SMS, PUSH = "sms", "push"
# A turn is worth minutes: the second try after 10 s, the fifth after two and a half minutes.
FIRST_BACKOFF_SECONDS = 10.0
SEND_SECONDS = 15.0
GONE = frozenset({404, 410})
PASSING = frozenset({408, 425, 429})
SERVER_ERROR = 500
SHOWN = ("notice", "kind", "lang", "title", "body")
EXPIRED, VANISHED, NOBODY = "expired", "gone", "no browser wants it any more"
STATUS: Final[Mapping[type[Outcome], Status]] = {
    Delivered: Status.SENT,
    Skipped: Status.SKIPPED,
    Refused: Status.FAILED,
}


def register_consumers() -> None:
    """Take promises for the ways out that are set up; for the others no row is ever written."""
    now = settings.current()
    if now.sms_webhook_url:
        register(_consumer(SMS, Channel.SMS))
    if now.vapid_private_key.get_secret_value():
        register(_consumer(PUSH, Channel.PUSH))


def names() -> tuple[str, ...]:
    """Return the consumers of notices that are set up."""
    return tuple(
        one for channel in (Channel.SMS, Channel.PUSH) for one in consumers_of(promise_kind(channel))
    )


def _consumer(name: str, channel: Channel) -> Consumer:
    return Consumer(
        name=name,
        kinds=frozenset({promise_kind(channel)}),
        mode="message",
        render=one_by_one(_render_sms if channel is Channel.SMS else _render_push),
        deliver=_deliver_sms if channel is Channel.SMS else _deliver_push,
        settled=_settled,
        send_seconds=SEND_SECONDS,
        first_backoff_seconds=FIRST_BACKOFF_SECONDS,
    )


def _render_sms(_kind: str, notice_id: UUID) -> Rendered | Skipped:
    """Render what the gateway gets: whom (by reference), what (by template), and where to read more."""
    notice = _worth_sending(notice_id)
    if isinstance(notice, Skipped):
        return notice
    return _rendered(
        notice,
        {
            "notice": str(notice.id),
            "patient": str(notice.patient_id),
            "template": f"annae.{notice.kind}",
            "lang": notice.lang,
            "parameters": dict(notice.params),
            "text": wording.sentence(notice.kind, notice.params, notice.lang),
            "link": _link(),
            "expires_at": notice.expires_at.isoformat(),
        },
    )


def _render_push(_kind: str, notice_id: UUID) -> Rendered | Skipped:
    """Render what the browser shows; which browsers, is looked up when it is sent."""
    notice = _worth_sending(notice_id)
    if isinstance(notice, Skipped):
        return notice
    return _rendered(
        notice,
        {
            "notice": str(notice.id),
            "visit": str(notice.visit_id),
            "kind": notice.kind,
            "lang": notice.lang,
            "title": wording.title(notice.kind, notice.lang),
            "body": wording.body(notice.kind, notice.params, notice.lang),
            "expires_at": notice.expires_at.isoformat(),
        },
    )


def _deliver_sms(parcels: Sequence[Parcel]) -> Sequence[Outcome]:
    return [sms.send(parcel.payload) for parcel in parcels]


def _deliver_push(parcels: Sequence[Parcel]) -> Sequence[Outcome]:
    return [_push(parcel) for parcel in parcels]


def _push(parcel: Parcel) -> Outcome:
    """Tell each browser of the visit; one that was reached is enough. Raise TargetDownError without a network."""
    said = json.loads(parcel.payload)
    browsers = queries.subscriptions_of(UUID(said["visit"]))
    release()
    outcomes = [_push_to(browser, said) for browser in browsers]
    for wanted in (Delivered, Failed, Refused):
        if found := [one for one in outcomes if isinstance(one, wanted)]:
            return found[0]
    return Skipped(NOBODY)


def _push_to(browser: Subscription, said: dict[str, Any]) -> Outcome:
    """Tell one browser.

    What a push service answers costs a life, never the breaker: the address came from a phone, and one phone must
    not be able to silence the others.
    """
    now = settings.current()
    left = datetime.fromisoformat(said["expires_at"]) - clock.utcnow()
    try:
        answer = web_push.send(
            browser.endpoint,
            p256dh=browser.p256dh,
            auth=browser.auth,
            message=json.dumps({name: said[name] for name in SHOWN}, ensure_ascii=False).encode(),
            ttl_seconds=max(0, int(left.total_seconds())),
            topic=UUID(said["notice"]).hex,
            vapid=(now.vapid_private_key.get_secret_value(), now.vapid_subject),
        )
    except (HttpForbiddenError, ValueError) as error:
        services.end_subscription(browser.id)
        return Refused(f"no address to push to: {type(error).__name__}")
    except HttpDownError as error:
        raise TargetDownError(str(error)) from error
    if answer.is_good:
        return Delivered()
    if answer.status in GONE:
        services.end_subscription(browser.id)
        return Skipped(NOBODY)
    is_passing = answer.status in PASSING or answer.status >= SERVER_ERROR
    return (
        Failed(f"HTTP {answer.status}", retry_after_seconds=answer.retry_after_seconds)
        if is_passing
        else Refused(f"HTTP {answer.status}")
    )


def _settled(ends: Sequence[tuple[Parcel, Outcome]]) -> None:
    for parcel, outcome in ends:
        services.note_end(parcel.aggregate_id, STATUS[type(outcome)])


def _worth_sending(notice_id: UUID) -> Sendable | Skipped:
    notice = queries.sendable(notice_id)
    if notice is None:
        return Skipped(VANISHED)
    return Skipped(EXPIRED) if notice.expires_at <= clock.utcnow() else notice


def _rendered(notice: Sendable, said: dict[str, Any]) -> Rendered:
    return Rendered(payload=json.dumps(said, ensure_ascii=False, sort_keys=True), seq=notice.seq)


def _link() -> str:
    """Return where to read more: it shows something only on the phone that holds the visit."""
    return f"{settings.current().public_url}/me"
