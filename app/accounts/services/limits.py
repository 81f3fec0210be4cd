"""Limits of trying: counted in the database, so that they hold without Redis, before anything is compared."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, literal

from app import settings
from app.accounts import keys, rules
from app.accounts.events import IdentificationPaused
from app.accounts.models import SignInFailure
from app.accounts.queries import tries
from app.accounts.roles import Role
from app.accounts.rules import LIMITS, TryKind
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import BadCredentialsError, TooManyTriesError
from app.core.transaction import tell, transactional

OF_A_SCREEN = frozenset({TryKind.UNLOCK, TryKind.PIN})


class IdentityLimitedError(BadCredentialsError):
    """Too many failures for this name, or in the house: outwardly the same as a wrong answer."""


@contextmanager
def trying(kind: TryKind, identity: str, *, by: Actor, is_known_client: bool = False) -> Iterator[None]:
    """Count a try before it is made, and forgive it unless the block refuses with BadCredentialsError.

    Counting first leaves no gap: of a hundred guesses sent at once no more than the limit are compared.
    Call it outside a unit of work, for the failure must stay when the refusal rolls everything else back.
    Raise TooManyTriesError (this device) or IdentityLimitedError (this name; the house).
    """
    reserved = _count(kind, identity, by=by)
    try:
        may_try(kind, identity, by=by, is_known_client=is_known_client, in_hand=1)
        yield
    except BadCredentialsError as refused:
        is_limited = isinstance(refused, IdentityLimitedError)
        _refuse(kind, identity, by=by, forgiven=reserved if is_limited else None)
        raise
    except TooManyTriesError:
        _refuse(kind, identity, by=by, forgiven=reserved)
        raise
    except BaseException:
        _forgive(reserved)  # we broke, or somebody holds a row: that was no guess
        raise
    _forgive(reserved)


def may_try(
    kind: TryKind, identity: str, *, by: Actor, is_known_client: bool = False, in_hand: int = 0
) -> None:
    """Raise TooManyTriesError or IdentityLimitedError where a further try is refused; writes nothing.

    `in_hand` tries of the caller are counted already. At most four statements, each by an index.
    """
    now = clock.utcnow()
    limit = LIMITS[kind]
    own = rules.KIOSK_TRIES if by.role == Role.KIOSK else settings.current().sign_in_tries
    net = rules.network(by.ip)
    if by.device_id is not None:
        _refuse_client(kind, SignInFailure.client_id == by.device_id, own + in_hand, now)
        _refuse_client(kind, SignInFailure.net == net, limit.per_net + in_hand, now)
    else:  # without a device cookie the whole neighbourhood is one device
        _refuse_client(kind, SignInFailure.net == net, rules.NAMELESS_TRIES + in_hand, now)
    identities = (settings.current().sign_in_tries if kind is TryKind.STAFF else limit.per_identity) + in_hand
    same = SignInFailure.identity == _name(kind, identity)
    if not is_known_client and _reached(kind, same, identities, now - limit.identity_window):
        raise IdentityLimitedError
    if kind is TryKind.PATIENT and tries.identification_is_paused(now):
        raise IdentityLimitedError


def note_failure(kind: TryKind, identity: str, *, by: Actor) -> None:
    """Count a failure that was found without `trying`; its own unit of work."""
    _count(kind, identity, by=by)
    _refuse(kind, identity, by=by, forgiven=None)


def forgive_all(kind: TryKind, identity: str) -> None:
    """Forget somebody's failures of a kind, inside the caller's unit of work: the stronger proof was given."""
    db.session.execute(
        delete(SignInFailure).where(
            SignInFailure.kind == kind, SignInFailure.identity == _name(kind, identity)
        )
    )


def _refuse_client(kind: TryKind, same: ColumnElement[bool], most: int, now: datetime) -> None:
    at = _reached(kind, same, most, now - rules.TRY_WINDOW)
    if at is not None:
        raise TooManyTriesError(retry_after=math.ceil((at + rules.TRY_WINDOW - now) / timedelta(seconds=1)))


def _reached(kind: TryKind, same: ColumnElement[bool], most: int, since: datetime) -> datetime | None:
    """Return when the oldest of the last `most` failures was, or None where there are fewer."""
    found = tries.failed_since(kind, since, same, at_most=most)
    return found[-1] if len(found) >= most else None


def _name(kind: TryKind, identity: str) -> str:
    return keys.keyed(f"try:{kind}", identity)


@transactional
def _count(kind: TryKind, identity: str, *, by: Actor) -> int:
    row = SignInFailure(
        at=clock.utcnow(),
        kind=kind,
        identity=_name(kind, identity),
        client_id=by.device_id,
        net=rules.network(by.ip),
    )
    db.session.add(row)
    db.session.flush()
    return row.id


@transactional
def _forgive(reserved: int) -> None:
    db.session.execute(delete(SignInFailure).where(SignInFailure.id == reserved))


@transactional
def _refuse(kind: TryKind, identity: str, *, by: Actor, forgiven: int | None) -> None:
    """Write the refusal to the audit; a try that was not even compared does not prolong the limit."""
    name = _name(kind, identity)
    if forgiven is not None:
        _forgive(forgiven)
    audit.record(
        f"accounts:{kind}:sign-in" if kind not in OF_A_SCREEN else "accounts:screen:unlock",
        by=by,
        object_=f"identity:{name[:32]}",  # never what was typed: it may be a password in the wrong field
        outcome="refused",
        reason="limited" if forgiven is not None else None,
    )
    if kind is TryKind.PATIENT and forgiven is None:
        _pause_when_flooded(by=by)


def _pause_when_flooded(*, by: Actor) -> None:
    now = clock.utcnow()
    recent = tries.failed_since(
        TryKind.PATIENT, now - rules.PAUSE_WINDOW, literal(value=True), at_most=rules.PAUSE_AFTER + 1
    )
    if len(recent) <= rules.PAUSE_AFTER or tries.identification_is_paused(now):
        return
    db.session.add(SignInFailure(at=now, kind=rules.PAUSE, identity="", client_id=None, net=None))
    audit.record("accounts:patient:pause", by=by, outcome="alert")
    tell(IdentificationPaused(seconds=int(rules.PAUSE_LIFE.total_seconds())))
