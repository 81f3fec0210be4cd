"""The privacy lock: a screen is covered by its owner or by idleness, and opened by its owner alone."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app import settings
from app.accounts import keys, passwords, rules
from app.accounts.events import ScreensCovered, ScreensOpened
from app.accounts.models import AuthSession, Staff
from app.accounts.queries import tries
from app.accounts.roles import Permission, require
from app.accounts.rules import LockReason, TryKind
from app.accounts.services import limits
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import BadCredentialsError, InvalidError, SignInNeededError, TooManyTriesError
from app.core.locking import hold
from app.core.transaction import release, tell, transactional


def idle_time() -> timedelta:
    """Return after how long without a gesture a screen is covered."""
    return timedelta(minutes=settings.current().privacy_lock_minutes)


@transactional
def lock_screen(reason: LockReason, *, by: Actor) -> None:
    """Cover the actor's own screen now; a covered one stays as it is."""
    require(by, Permission.LOCK_SCREEN)
    row = _hold_session(by)
    if row is not None and row.locked_at is None and _is_screen(row):
        _cover(row, reason, by=by)


@transactional
def lock_if_idle(*, by: Actor) -> bool:
    """Write down that a screen has been left, as of the moment at which it was; return whether it is covered.

    Whoever moved in another window between the caller's look and this lock has not left.
    """
    row = _hold_session(by)
    if row is None:
        return False
    since = _covered_since(row)
    if since is not None and row.locked_at is None:
        _cover(row, LockReason.IDLE, by=by)
        row.locked_at = since
    return since is not None


def unlock_screen(word: str, *, by: Actor) -> None:
    """Open the actor's own screen by PIN or password.

    Raise BadCredentialsError (`why` pin_used_up where only the password helps now), TooManyTriesError for the
    password. Hashing happens outside any unit of work, as in signing in.
    """
    require(by, Permission.LOCK_SCREEN)
    account = tries.credentials_of(by.id) if by.id else None
    if account is None:
        raise SignInNeededError
    way = TryKind.PIN if rules.is_pin(word) else TryKind.UNLOCK
    stored = account.pin_hash if way is TryKind.PIN else account.password_hash
    try:
        # No stranger can use the tries up to keep its owner out: only who sits here has this session to try with.
        with limits.trying(way, account.username, by=by):
            release()
            if not passwords.verify(
                stored, _peppered(account.public_id, word) if way is TryKind.PIN else word
            ):
                raise BadCredentialsError
            _open(account, way, by=by)
    except (limits.IdentityLimitedError, TooManyTriesError):
        if way is TryKind.PIN:
            raise BadCredentialsError(why="pin_used_up") from None
        raise TooManyTriesError(retry_after=int(rules.TRY_WINDOW.total_seconds())) from None


def has_pin(*, by: Actor) -> bool:
    """Whether the actor has chosen a PIN; 1 statement."""
    account = tries.credentials_of(by.id) if by.id else None
    return account is not None and account.pin_hash is not None


def set_pin(password: str, pin: str, *, by: Actor) -> None:
    """Choose one's own PIN (an empty one takes it away), proven by the password.

    Raise BadCredentialsError, TooManyTriesError, InvalidError with the field to mend.
    """
    require(by, Permission.LOCK_SCREEN)
    account = tries.credentials_of(by.id) if by.id else None
    if account is None:
        raise SignInNeededError
    if pin and not rules.is_pin(pin):
        raise InvalidError(fields={"pin": "malformed"}, why="pin_form")
    if pin and rules.is_common_pin(pin):
        raise InvalidError(fields={"pin": "too_common"}, why="pin_common")
    with limits.trying(TryKind.UNLOCK, account.username, by=by):
        release()
        if not passwords.verify(account.password_hash, password):
            raise BadCredentialsError
        stored = passwords.make(_peppered(account.public_id, pin)) if pin else None
        _keep_pin(account, stored, by=by)


@transactional
def _open(account: tries.Credentials, way: TryKind, *, by: Actor) -> None:
    staff = hold(Staff, account.public_id)
    # Between the comparison and this lock the account may have been closed or got other words.
    if staff.is_disabled or (staff.password_hash, staff.pin_hash) != (
        account.password_hash,
        account.pin_hash,
    ):
        raise BadCredentialsError
    row = _hold_session(by)
    if row is None:
        raise SignInNeededError
    was_covered = _covered_since(row) is not None
    now = clock.utcnow()
    row.locked_at, row.last_seen_at = None, now
    row.idle_end = now + timedelta(seconds=row.idle_seconds)
    if way is TryKind.UNLOCK:
        limits.forgive_all(TryKind.PIN, account.username)
    if was_covered:
        audit.record(
            "accounts:screen:unlock", by=by, object_=f"session:{row.public_id}", details={"way": str(way)}
        )
        tell(ScreensOpened(session_ids=(row.public_id,)))


@transactional
def _keep_pin(account: tries.Credentials, stored: str | None, *, by: Actor) -> None:
    staff = hold(Staff, account.public_id)
    if staff.is_disabled or staff.password_hash != account.password_hash:
        raise BadCredentialsError
    staff.pin_hash = stored
    limits.forgive_all(TryKind.PIN, account.username)
    audit.record(
        "accounts:staff:pin",
        by=by,
        object_=f"staff:{staff.public_id}",
        details={"is_set": stored is not None},
    )


def _cover(row: AuthSession, reason: LockReason, *, by: Actor) -> None:
    row.locked_at = clock.utcnow()
    audit.record("accounts:screen:lock", by=by, object_=f"session:{row.public_id}", reason=reason)
    tell(ScreensCovered(session_ids=(row.public_id,)))


def _hold_session(by: Actor) -> AuthSession | None:
    """Lock the actor's session row, if it still holds."""
    if by.session_id is None:
        return None
    now = clock.utcnow()
    return db.session.execute(
        select(AuthSession)
        .where(
            AuthSession.public_id == UUID(by.session_id),
            AuthSession.revoked_at.is_(None),
            AuthSession.idle_end > now,
            AuthSession.absolute_end > now,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def _covered_since(row: AuthSession) -> datetime | None:
    return rules.covered_since(
        kind=row.kind,
        channel=row.channel,
        locked_at=row.locked_at,
        last_seen_at=row.last_seen_at,
        idle=idle_time(),
        now=clock.utcnow(),
    )


def _is_screen(row: AuthSession) -> bool:
    return row.kind == rules.SessionKind.STAFF and row.channel == rules.Channel.COOKIE


def _peppered(staff_id: UUID, pin: str) -> str:
    """Return what is hashed of a PIN: without SECRET_KEY, a copy of the database gives ten thousand guesses away."""
    return keys.keyed("pin", f"{staff_id}:{pin}")
