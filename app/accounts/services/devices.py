"""Kiosks and boards: announced by an administrator, paired once by a code, renewed and revocable."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, update

from app.accounts import rules
from app.accounts.models import AuthSession, Device
from app.accounts.roles import Permission, require
from app.accounts.rules import DeviceKind, EndReason, SessionKind, TryKind
from app.accounts.services import limits, sessions
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import BadCredentialsError, InvalidError, SignInNeededError
from app.core.ids import digest, new_secret
from app.core.locking import hold
from app.core.transaction import transactional

# Typed with a remote control at times: no 0/O, 1/I/L, U. 10 of 30 signs are 49 bit, tried 5 times in 15 min.
CODE_SIGNS, CODE_LENGTH = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A device that waits for its code to be typed; the code is shown once."""

    device_id: UUID
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A device at work: `device_secret` is for the device cookie, the session's for the session cookie."""

    device_id: UUID
    kind: str
    queue_id: UUID | None
    device_secret: str
    session: sessions.OpenSession


@transactional
def announce_device(
    kind: str,
    name: str,
    *,
    by: Actor,
    place: str | None = None,
    queue_id: UUID | None = None,
    valid_for: timedelta = rules.PAIRING_LIFE,
) -> Pairing:
    """Make a device known and return the code that pairs it. A board needs its queue, a kiosk its place."""
    require(by, Permission.MANAGE_DEVICES)
    missing = {
        field: "missing"
        for field, is_missing in (
            ("kind", kind not in set(DeviceKind)),
            ("name", not name.strip()),
            ("queue_id", kind == DeviceKind.BOARD and queue_id is None),
            ("place", kind == DeviceKind.KIOSK and not place),
        )
        if is_missing
    }
    if missing:
        raise InvalidError(fields=missing)
    row = Device(
        public_id=uuid4(),
        kind=DeviceKind(kind),
        name=name.strip(),
        place=place,
        queue_id=queue_id,
        created_at=clock.utcnow(),
    )
    db.session.add(row)
    audit.record("accounts:device:announce", by=by, object_=f"device:{row.public_id}")
    return _offer(row, valid_for)


@transactional
def reissue_pairing(device_id: UUID, *, by: Actor, valid_for: timedelta = rules.PAIRING_LIFE) -> Pairing:
    """Return a new code for a device whose browser was changed; what it held before ends with the pairing."""
    require(by, Permission.MANAGE_DEVICES)
    row = hold(Device, device_id)
    if row.revoked_at is not None:
        raise InvalidError(fields={"device_id": "revoked"})
    audit.record("accounts:device:announce", by=by, object_=f"device:{row.public_id}")
    return _offer(row, valid_for)


def pair_device(code: str, *, by: Actor) -> Paired:
    """Turn a code into a working device, once. Raise BadCredentialsError, TooManyTriesError."""
    typed = code.strip().upper().replace("-", "").replace(" ", "")
    with limits.trying(TryKind.PAIRING, typed, by=by):
        return _pair(typed, by=by)


@transactional
def open_device_session(device_secret: str, *, by: Actor) -> Paired:
    """Open a device's session again, renewing a secret of 60 days; after 90 raise SignInNeededError."""
    now = clock.utcnow()
    found = db.session.execute(
        select(Device.public_id).where(
            Device.secret_digest == digest(device_secret),
            Device.revoked_at.is_(None),
            Device.rotated_at > now - rules.DEVICE_SECRET_LIFE,
        )
    ).scalar_one_or_none()
    row = hold(Device, found) if found else None
    if row is None or row.rotated_at is None or row.secret_digest != digest(device_secret):
        raise SignInNeededError
    if row.rotated_at <= now - rules.DEVICE_SECRET_RENEW:
        device_secret = _renew(row)
    return _put_to_work(row, device_secret, by=by)


@transactional
def revoke_device(device_id: UUID, *, by: Actor) -> None:
    """Take a device out of service for good; its screens go dark within 2 s."""
    require(by, Permission.MANAGE_DEVICES)
    row = hold(Device, device_id)
    row.revoked_at = row.revoked_at or clock.utcnow()
    row.pairing_digest = row.secret_digest = None
    audit.record("accounts:device:revoke", by=by, object_=f"device:{row.public_id}")
    sessions.end_sessions(EndReason.DEVICE_REVOKED, AuthSession.device_id == row.id, by=by)


@transactional
def _pair(code: str, *, by: Actor) -> Paired:
    now = clock.utcnow()
    device_id = db.session.execute(
        select(Device.public_id).where(Device.pairing_digest == digest(code))
    ).scalar_one_or_none()
    taken = db.session.connection().execute(
        update(Device)
        .where(
            Device.pairing_digest == digest(code),
            Device.pairing_expires_at > now,
            Device.revoked_at.is_(None),
        )
        .values(pairing_digest=None, pairing_expires_at=None, paired_at=now)
    )
    if device_id is None or taken.rowcount != 1:
        raise BadCredentialsError
    row = hold(Device, device_id)
    audit.record("accounts:device:pair", by=by, object_=f"device:{device_id}")
    return _put_to_work(row, _renew(row), by=by)


def _offer(row: Device, valid_for: timedelta) -> Pairing:
    code = "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
    row.pairing_digest = digest(code)
    row.pairing_expires_at = clock.utcnow() + valid_for
    return Pairing(device_id=row.public_id, code=f"{code[:5]}-{code[5:]}")


def _renew(row: Device) -> str:
    secret = new_secret()
    row.secret_digest = digest(secret)
    row.rotated_at = clock.utcnow()
    return secret


def _put_to_work(row: Device, device_secret: str, *, by: Actor) -> Paired:
    """Open the one session a device has: a copied secret shows, for the other one goes dark."""
    sessions.end_sessions(EndReason.REPLACED, AuthSession.device_id == row.id, by=by)
    session = sessions.open_session(
        SessionKind(row.kind),
        row.kind,
        idle=rules.DEVICE_SECRET_LIFE,
        absolute_end=(row.rotated_at or clock.utcnow()) + rules.DEVICE_SECRET_LIFE,
        by=by,
        device=row,
    )
    return Paired(
        device_id=row.public_id,
        kind=row.kind,
        queue_id=row.queue_id,
        device_secret=device_secret,
        session=session,
    )
