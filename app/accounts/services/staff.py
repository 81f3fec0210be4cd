"""Staff accounts: made, moved and closed by an administrator; each such change ends what the account held."""

from collections.abc import Collection
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from app import settings
from app.accounts import passwords, rules, second_factor
from app.accounts.models import AuthSession, Staff, Unit
from app.accounts.roles import STAFF_ROLES, Permission, Role, require
from app.accounts.rules import EndReason, SessionKind, TryKind
from app.accounts.services import limits, sessions
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import BadCredentialsError, InvalidError, NotFoundError
from app.core.locking import hold
from app.core.transaction import now_or_never, savepoint, transactional


@transactional
def add_unit(code: str, name_ko: str, name_en: str, *, by: Actor) -> UUID:
    """Add a ward or department and return its id; a known code gives the one that is there."""
    require(by, Permission.MANAGE_USERS)
    found = db.session.execute(select(Unit.public_id).where(Unit.code == code)).scalar_one_or_none()
    if found is not None:
        return found
    row = Unit(public_id=uuid4(), code=code, name_ko=name_ko, name_en=name_en)
    db.session.add(row)
    audit.record("accounts:unit:add", by=by, object_=f"unit:{row.public_id}")
    return row.public_id


def create_staff(
    username: str, name: str, role: str, password: str, *, by: Actor, units: Collection[str] = ()
) -> UUID:
    """Open an account and return its id; `units` are codes. Raise InvalidError with the fields to mend."""
    require(by, Permission.MANAGE_USERS)
    login = rules.username(username)
    passwords.check(password, username=login)
    return _create(login, name.strip(), role, passwords.make(password), frozenset(units), by=by)


@transactional
def disable_staff(staff_id: UUID, *, by: Actor) -> None:
    """Close an account and end all it holds. Raise InvalidError for the last administrator."""
    require(by, Permission.MANAGE_USERS)
    staff = hold(Staff, staff_id)
    _keep_an_administrator(staff)
    staff.disabled_at = staff.disabled_at or clock.utcnow()
    _changed(staff, "disable", EndReason.DISABLED, by=by)


@transactional
def enable_staff(staff_id: UUID, *, by: Actor) -> None:
    """Open a closed account again; what it held stays ended."""
    require(by, Permission.MANAGE_USERS)
    staff = hold(Staff, staff_id)
    staff.disabled_at = None
    _changed(staff, "enable", EndReason.DISABLED, by=by)


@transactional
def change_role(staff_id: UUID, role: str, *, by: Actor, units: Collection[str] | None = None) -> None:
    """Give an account another role (and other units); its sessions end, for they carry the old one."""
    require(by, Permission.MANAGE_USERS)
    staff = hold(Staff, staff_id)
    if role != staff.role:
        _keep_an_administrator(staff)
    staff.role = _known_role(role)
    if units is not None:
        staff.units = _known_units(frozenset(units))
    _changed(staff, "role", EndReason.ROLE_CHANGED, by=by)


@transactional
def revoke_all_of(staff_id: UUID, *, by: Actor) -> int:
    """End all sessions of an account, one's own too; return how many."""
    if by.id != staff_id:
        require(by, Permission.MANAGE_USERS)
    staff = hold(Staff, staff_id)
    return len(sessions.end_sessions(EndReason.REVOKED, AuthSession.staff_id == staff.id, by=by))


def set_password(staff_id: UUID, password: str, *, by: Actor) -> None:
    """Give an account another password as administrator; its sessions end. Raise InvalidError."""
    require(by, Permission.MANAGE_USERS)
    passwords.check(password, username=_account(staff_id).username)
    _set_password(staff_id, passwords.make(password), by=by)


def change_password(old: str, new: str, *, by: Actor) -> None:
    """Change one's own password; all sessions end, this one too. Raise BadCredentialsError, InvalidError."""
    require(by, Permission.SIGNED_IN)
    if by.kind != SessionKind.STAFF or by.id is None:
        raise BadCredentialsError
    account = _account(by.id)
    with limits.trying(TryKind.STAFF, account.username, by=by):  # a borrowed screen is no place to guess
        if not passwords.verify(account.password_hash, old):
            raise BadCredentialsError
    passwords.check(new, username=account.username)
    _set_password(by.id, passwords.make(new), by=by)


@transactional
def enrol_second_factor(staff_id: UUID, *, by: Actor) -> str:
    """Give an account a second factor and return the address for the authenticator's QR code; shown once."""
    require(by, Permission.MANAGE_USERS)
    staff = hold(Staff, staff_id)
    secret = second_factor.new_secret()
    staff.totp_secret, staff.totp_last_step = second_factor.seal(secret), None
    _changed(staff, "second-factor", EndReason.PASSWORD_CHANGED, by=by)
    return second_factor.enrolment_uri(secret, username=staff.username, issuer=settings.current().site_name)


@transactional
def remove_second_factor(staff_id: UUID, *, by: Actor) -> None:
    """Take a lost second factor away; the account's sessions end."""
    require(by, Permission.MANAGE_USERS)
    staff = hold(Staff, staff_id)
    staff.totp_secret = staff.totp_last_step = None
    _changed(staff, "second-factor", EndReason.PASSWORD_CHANGED, by=by)


@transactional
def _create(
    login: str, name: str, role: str, password_hash: str, units: frozenset[str], *, by: Actor
) -> UUID:
    if not rules.is_username(login):
        raise InvalidError(fields={"username": "malformed"})
    if not name:
        raise InvalidError(fields={"name": "missing"})
    now = clock.utcnow()
    row = Staff(
        public_id=uuid4(),
        username=login,
        name=name,
        role=_known_role(role),
        password_hash=password_hash,
        password_changed_at=now,
        created_at=now,
        units=_known_units(units),
    )
    try:
        with savepoint():
            db.session.add(row)
    except IntegrityError as error:
        now_or_never(error, "username")
        raise InvalidError(fields={"username": "taken"}) from error
    audit.record("accounts:staff:create", by=by, object_=f"staff:{row.public_id}", details={"role": role})
    return row.public_id


@transactional
def _set_password(staff_id: UUID, password_hash: str, *, by: Actor) -> None:
    staff = hold(Staff, staff_id)
    staff.password_hash = password_hash
    staff.pin_hash = None  # whoever knew the old password may have chosen it
    staff.password_changed_at = clock.utcnow()
    _changed(staff, "password", EndReason.PASSWORD_CHANGED, by=by)


def _changed(staff: Staff, what: str, reason: EndReason, *, by: Actor) -> None:
    audit.record(
        f"accounts:staff:{what}", by=by, object_=f"staff:{staff.public_id}", details={"role": staff.role}
    )
    sessions.end_sessions(reason, AuthSession.staff_id == staff.id, by=by)


def _known_role(role: str) -> Role:
    if role not in STAFF_ROLES:
        raise InvalidError(fields={"role": "unknown"})
    return Role(role)


def _known_units(codes: frozenset[str]) -> list[Unit]:
    found = list(db.session.execute(select(Unit).where(Unit.code.in_(codes)).order_by(Unit.code)).scalars())
    if len(found) != len(codes):
        raise InvalidError(fields={"units": "unknown"})
    return found


def _keep_an_administrator(staff: Staff) -> None:
    """Refuse to leave the house without anybody who may open accounts."""
    if staff.role != Role.ADMIN or staff.is_disabled:
        return
    others = db.session.execute(
        select(func.count())
        .select_from(Staff)
        .where(Staff.role == Role.ADMIN, Staff.disabled_at.is_(None), Staff.id != staff.id)
    ).scalar_one()
    if not others:
        raise InvalidError(fields={"role": "last_administrator"})


def _account(staff_id: UUID) -> Row[str, str]:
    row = db.session.execute(
        select(Staff.username, Staff.password_hash).where(Staff.public_id == staff_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="Staff")
    return row
