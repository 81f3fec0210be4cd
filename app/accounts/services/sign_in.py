"""Staff sign-in: limits, then password, then code; every refusal looks and lasts the same."""

from datetime import timedelta

from sqlalchemy import update

from app import settings
from app.accounts import passwords, rules, second_factor
from app.accounts.models import Staff
from app.accounts.queries import tries
from app.accounts.rules import Channel, SessionKind, TryKind
from app.accounts.services import limits, sessions
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import BadCredentialsError
from app.core.locking import hold
from app.core.transaction import release, transactional


def sign_in_staff(
    username: str, password: str, totp: str | None = None, *, by: Actor, channel: Channel = Channel.COOKIE
) -> sessions.OpenSession:
    """Open a staff session. Raise BadCredentialsError for anything wrong, TooManyTriesError for this device.

    Hashing happens outside any unit of work: it takes about 60 ms and would hold the database's turn.
    """
    name = rules.username(username)
    account = tries.credentials(name)
    is_known = account is not None and tries.has_signed_in_from(account.id, by.device_id, clock.utcnow())
    try:
        with limits.trying(TryKind.STAFF, name, by=by, is_known_client=is_known):
            release()
            if not passwords.verify(account.password_hash if account else None, password) or account is None:
                raise BadCredentialsError
            step = _step_of(account, totp)
            renewed = passwords.make(password) if passwords.is_outdated(account.password_hash) else None
            return _open(account, step, renewed, by=by, channel=channel)
    except limits.IdentityLimitedError:
        passwords.verify(None, password)  # the time of a comparison, so that a limit cannot be told from it
        raise BadCredentialsError from None


def _step_of(account: tries.Credentials, totp: str | None) -> int | None:
    """Return the time step of a right code, None where the account has no second factor."""
    if account.totp_secret is None:
        return None
    secret = second_factor.unseal(account.totp_secret)
    step = secret and second_factor.matching_step(
        secret, totp or "", at_seconds=clock.utcnow().timestamp(), after_step=account.totp_last_step
    )
    if not step:
        raise BadCredentialsError
    return step


@transactional
def _open(
    account: tries.Credentials, step: int | None, renewed: str | None, *, by: Actor, channel: Channel
) -> sessions.OpenSession:
    staff = hold(Staff, account.public_id)
    # Between the comparison and this lock the account may have been disabled or got another password.
    if staff.is_disabled or staff.password_hash != account.password_hash:
        raise BadCredentialsError
    if step is not None:
        used = db.session.connection().execute(
            update(Staff)
            .where(Staff.id == staff.id, (Staff.totp_last_step.is_(None)) | (Staff.totp_last_step < step))
            .values(totp_last_step=step)
        )
        if used.rowcount != 1:
            raise BadCredentialsError
    if renewed is not None:
        staff.password_hash = renewed
    return sessions.open_session(
        SessionKind.STAFF,
        staff.role,
        idle=timedelta(minutes=settings.current().staff_idle_minutes),
        absolute_end=clock.utcnow() + rules.STAFF_ABSOLUTE,
        by=by,
        channel=channel,
        staff=staff,
    )
