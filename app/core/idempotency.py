"""Idempotency: a repeated command gives the first one's result; the key is a row in the same transaction."""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from types import UnionType
from typing import Any, ParamSpec, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import AsciiKey, BigId, Model, db
from app.core.errors import InProgressError, KeyReusedError
from app.core.transaction import is_lock_wait, savepoint, transactional

P = ParamSpec("P")
R = TypeVar("R")


class IdempotencyKey(Model):
    """A command that was carried out, by who presented it and under which key; kept 24 h."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        UniqueConstraint("scope", "key"),
        Index("ix_idempotency_key_at", "at"),  # the purge
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    scope: Mapped[str] = mapped_column(AsciiKey(64))
    key: Mapped[str] = mapped_column(AsciiKey(255))
    fingerprint: Mapped[str] = mapped_column(AsciiKey(64))
    result: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Presented:
    """A key as a caller presented it: `scope` hashes user, method and route; `fingerprint` the content."""

    scope: str
    key: str
    fingerprint: str


_presented: ContextVar[Presented | None] = ContextVar("annae_idempotency", default=None)
_replayed: ContextVar[bool] = ContextVar("annae_replayed", default=False)


def digest(*parts: str) -> str:
    """Return one fixed-length name for several parts."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@contextmanager
def presenting(presented: Presented | None) -> Iterator[None]:
    """Let the next command carry this key."""
    token = _presented.set(presented)
    _replayed.set(False)
    try:
        yield
    finally:
        _presented.reset(token)


def present(presented: Presented | None) -> None:
    """Let the next command of this context carry this key (doors call it once per request)."""
    _presented.set(presented)
    _replayed.set(False)


def was_replayed() -> bool:
    """Whether the last command of this context answered from an earlier one."""
    return _replayed.get()


def command(work: Callable[P, R]) -> Callable[P, R]:
    """Run a service as one unit of work that a repeated key does not repeat.

    The service returns a frozen dataclass of ids and plain values. A refusal stores nothing, so it may be
    tried again; KeyReusedError for other content; InProgressError while the first one still runs.
    """

    @functools.wraps(work)
    def once(*args: P.args, **kwargs: P.kwargs) -> R:
        presented = _presented.get()
        if presented is None:
            return unit(*args, **kwargs)
        with presenting(None):  # commands inside this one are part of it
            result, replayed = keyed(presented, args, kwargs)
        _replayed.set(replayed)
        return result

    unit = transactional(work)

    @transactional
    def keyed(presented: Presented, args: Any, kwargs: Any) -> tuple[R, bool]:
        row = IdempotencyKey(
            scope=presented.scope, key=presented.key, fingerprint=presented.fingerprint, at=clock.utcnow()
        )
        try:
            with savepoint():
                db.session.add(row)
        except IntegrityError:
            return _recall(presented, work), True
        except OperationalError as error:
            if is_lock_wait(error):  # the first one has not committed yet
                raise InProgressError(retry_after=1) from error
            raise
        result = work(*args, **kwargs)
        row.result = json.dumps(dataclasses.asdict(result), default=str)  # type: ignore[call-overload]
        return result, False

    return once


def recalled(work: Callable[..., R]) -> R | None:
    """Return what a command answered to this context's key before, or None: for what is long to do before it.

    Raise KeyReusedError for other content.
    """
    presented = _presented.get()
    if presented is None or not _is_known(presented):
        return None
    found = _recall(presented, work)
    _replayed.set(True)
    return found


def _is_known(presented: Presented) -> bool:
    return (
        db.session.execute(
            select(IdempotencyKey.id).where(
                IdempotencyKey.scope == presented.scope, IdempotencyKey.key == presented.key
            )
        ).scalar_one_or_none()
        is not None
    )


def _recall(presented: Presented, work: Callable[..., R]) -> R:
    stored = db.session.execute(
        select(IdempotencyKey.fingerprint, IdempotencyKey.result).where(
            IdempotencyKey.scope == presented.scope, IdempotencyKey.key == presented.key
        )
    ).one_or_none()
    if stored is None:
        raise InProgressError(retry_after=1)
    if stored.fingerprint != presented.fingerprint:
        raise KeyReusedError
    result_type = get_type_hints(work)["return"]
    values = json.loads(stored.result)
    hints = get_type_hints(result_type)
    return result_type(**{name: _thaw(value, hints[name]) for name, value in values.items()})  # type: ignore[no-any-return]


def _thaw(value: Any, hint: Any) -> Any:
    """Give a JSON value the type that the dataclass names."""
    if value is None:
        return None
    if get_origin(hint) is UnionType:
        hint = next(one for one in get_args(hint) if one is not type(None))
    if hint is UUID:
        return UUID(value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if get_origin(hint) is tuple:
        return tuple(_thaw(one, get_args(hint)[0]) for one in value)
    return value
