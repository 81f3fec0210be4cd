"""Simple log-in: it identifies somebody for one masked visit; it does not authenticate.

The last four digits and a birth date are no secret (3 000 patients a day: a first hit in 18 min of guessing),
so it asks for a fresh tag, counts failures, and opens only what a ticket in the hand would show as well.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select, update

from app.accounts import services as accounts
from app.accounts.roles import Facts, Permission, require
from app.accounts.rules import Channel, TryKind
from app.accounts.services import OpenSession
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import BadCredentialsError
from app.core.ids import digest, new_secret
from app.core.transaction import release, transactional
from app.emr import queries as emr
from app.journey import rules
from app.journey.models import Visit, VisitLink
from app.journey.queries import is_of_today
from app.journey.services.scene import visit_id_of
from app.journey.states import State

LINK_BYTES = 16  # 128 bit: nobody guesses a slip


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Somebody was recognised: the visit meant, and the short session that shows it."""

    visit_id: UUID
    session: OpenSession


def identify(
    *, phone_last4: str, birth_date: date, by: Actor, channel: Channel = Channel.COOKIE
) -> Identified:
    """Find the one visit of today that both answers fit, and open its session.

    The caller has checked a fresh tag or its nonce, or is a kiosk. Raise BadCredentialsError for unknown, wrong
    and ambiguous alike (two patients with equal answers never see each other), TooManyTriesError for a device.
    """
    with accounts.trying(TryKind.PATIENT, f"{phone_last4} {birth_date.isoformat()}", by=by):
        visit_id = _match(phone_last4, birth_date)
        release()
        session = accounts.open_patient_session(visit_id, by=by, channel=channel)
    return Identified(visit_id=visit_id, session=session)


@transactional
def issue_link(visit_id: UUID, *, by: Actor) -> str:
    """Return the secret of a one-time link to the visit's page, for the slip or a message."""
    require(by, Permission.GUIDE_OWN_VISIT, Facts(visit=visit_id))
    secret = new_secret(LINK_BYTES)
    _, day_end = clock.day_bounds(clock.today())
    db.session.add(VisitLink(digest=digest(secret), visit_id=visit_id_of(visit_id), expires_at=day_end))
    audit.record("journey:link:issue", by=by, object_=f"visit:{visit_id}")
    return secret


@transactional
def open_link(secret: str, *, by: Actor) -> Identified:
    """Open a visit's page on the first phone that uses the link, and only there. Raise BadCredentialsError."""
    if by.device_id is None:
        raise BadCredentialsError  # a phone without a name cannot be the only one
    now = clock.utcnow()
    free = VisitLink.used_at.is_(None)
    same = VisitLink.client_id == by.device_id
    used = db.session.connection().execute(
        update(VisitLink)
        .where(VisitLink.digest == digest(secret), VisitLink.expires_at > now, free | same)
        .values(used_at=now, client_id=by.device_id)
    )
    visit_id = db.session.execute(
        select(Visit.public_id)
        .join(VisitLink, VisitLink.visit_id == Visit.id)
        .where(VisitLink.digest == digest(secret), Visit.open_slot == 1)
    ).scalar_one_or_none()
    if used.rowcount != 1 or visit_id is None:
        raise BadCredentialsError
    return Identified(visit_id=visit_id, session=accounts.open_patient_session(visit_id, by=by))


def _match(phone_last4: str, birth_date: date) -> UUID:
    """Return the visit that is meant; the same two statements whether it is found or not."""
    patients = emr.with_identity(phone_last4, birth_date)
    rows = db.session.execute(
        select(Visit.id, Visit.public_id, Visit.state, Visit.expected_at, Visit.patient_id).where(
            Visit.patient_id.in_(patients.keys() or (-1,)),
            is_of_today(),
            Visit.open_slot == 1,
        )
    ).all()
    if len({patients[row.patient_id] for row in rows}) != 1:  # a duplicate and its survivor are one person
        raise BadCredentialsError
    chosen = rules.choose_visit([(row.id, State(row.state), row.expected_at) for row in rows], clock.utcnow())
    by_id: dict[int, UUID] = {row.id: row.public_id for row in rows}
    if chosen is None:
        raise BadCredentialsError
    return by_id[chosen]
