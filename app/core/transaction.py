"""The only place that begins, commits and rolls back: one unit of work, rerun whole, told afterwards."""

import functools
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import event, inspect
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from app.core import clock, outbox
from app.core.db import Projected, Sequenced, db
from app.core.errors import BusyError
from app.core.events import Event, Moved, Promised, tell_all
from app.core.outbox import Promise

P = ParamSpec("P")
R = TypeVar("R")

DEADLOCK, SNAPSHOT_MOVED, LOCK_WAIT = 1213, 1020, 1205
RETRIES = 3
# One writer at a time inside the process makes SQLite fair (p99 336 -> 85 ms when tried); MySQL never takes it.
_sqlite_turn = threading.Lock()
SQLITE_TURN_SECONDS = 5.0
# Threads of one process that want the same hot row line up here: fifty nurses waiting at the database would
# spend its 3 s lock wait on each other, and the last ones would be refused.
_turns: dict[str, threading.Lock] = {}
TURN_SECONDS = 10.0


class WriteOutsideUnitError(RuntimeError):
    """A row was changed outside `@transactional`: a fault of ours, never of the caller."""


@dataclass(slots=True)
class Mark:
    """An aggregate that this unit moves; `history` names, after the flush, the rows that tell of it."""

    row: Sequenced
    kind: str
    is_promised: bool
    history: list[Callable[[], int]] = field(default_factory=list)


class RerunError(Exception):
    """What was chosen without a lock had moved on when the lock was given: run the whole unit again."""


@dataclass
class Unit:
    """What one unit of work will do at its commit."""

    command_id: UUID = field(default_factory=uuid4)
    events: list[Event] = field(default_factory=list)
    moved: dict[tuple[str, int], "Mark"] = field(default_factory=dict)
    changed: dict[type[Projected], list[Projected]] = field(default_factory=dict)
    after: list[Callable[[], None]] = field(default_factory=list)
    heard: dict[tuple[str, UUID], tuple[str, Callable[[int], None]]] = field(default_factory=dict)
    turns: dict[str, threading.Lock] = field(default_factory=dict)


def transactional(work: Callable[P, R]) -> Callable[P, R]:
    """Run `work` as one unit: nested calls join; a deadlock reruns all of it; events go out after the commit.

    Raises BusyError when a lock was not given within the lock wait (1205 already waited: never rerun).
    """

    @functools.wraps(work)
    def unit_of_work(*args: P.args, **kwargs: P.kwargs) -> R:
        session = db.session()
        if "unit" in session.info:
            return work(*args, **kwargs)
        if session.new or session.dirty or session.deleted:
            raise WriteOutsideUnitError("rows were changed before the service was called")
        for attempt in range(RETRIES + 1):
            try:
                result, unit_ = _once(session, functools.partial(work, *args, **kwargs))
            except (OperationalError, RerunError) as error:
                _rerun_or_raise(error, is_last=attempt == RETRIES)
                clock.pause(random.uniform(0.005, 0.05) * (attempt + 1))  # noqa: S311 - jitter, no secret
            else:
                tell_all(unit_.events)
                for action in unit_.after:
                    action()
                return result
        raise AssertionError("unreachable")  # pragma: no cover

    return unit_of_work


def _once(session: Session, work: Callable[[], R]) -> tuple[R, Unit]:
    session.rollback()  # ends the log-in's read and expires what it loaded
    with _turn(session):
        unit_ = session.info["unit"] = Unit()
        try:
            session.connection(execution_options={"begin": "IMMEDIATE"})
            result = work()
            unit_.events = _seal(session, unit_)
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop("unit", None)
            for lock in unit_.turns.values():
                lock.release()
    return result, unit_


def _rerun_or_raise(error: OperationalError | RerunError, *, is_last: bool) -> None:
    if isinstance(error, RerunError):
        if is_last:
            raise BusyError(retry_after=1) from error
        return
    code = _code(error)
    if code == LOCK_WAIT:
        raise BusyError(retry_after=1) from error
    if is_last or code not in {DEADLOCK, SNAPSHOT_MOVED}:
        raise error


def take_turn(name: str) -> None:
    """Wait, before a hot row is locked, for the other threads of this process that hold it; in lock order.

    Released with the unit. Raise BusyError after TURN_SECONDS.
    """
    unit_ = unit()
    if name in unit_.turns:
        return
    lock = _turns.setdefault(name, threading.Lock())
    if not lock.acquire(timeout=TURN_SECONDS):
        raise BusyError(retry_after=1)
    unit_.turns[name] = lock


def unit() -> Unit:
    """Return the unit of work in progress."""
    found: Unit | None = db.session().info.get("unit")
    if found is None:
        raise WriteOutsideUnitError("only inside @transactional")
    return found


def command_id() -> UUID:
    """Return the id shared by everything that this command writes."""
    return unit().command_id


def tell(event_: Event) -> None:
    """Tell after the commit; a reload would heal its loss."""
    unit().events.append(event_)


def promise(row: Sequenced, kind: str, *, history: Callable[[], int] | None = None) -> None:
    """Mark an aggregate as moved: its `seq` rises once at the commit, and its consumers get their outbox rows.

    The first kind promised names the move. `history` returns, after the flush, the id of a history row.
    """
    mark = unit().moved.setdefault((row.topic_kind, row.id), Mark(row, kind, is_promised=True))
    mark.is_promised = True
    if history is not None:
        mark.history.append(history)


def move(row: Sequenced, kind: str) -> None:
    """Mark an aggregate as moved for those who watch it: its `seq` rises, and nothing is promised to anybody."""
    unit().moved.setdefault((row.topic_kind, row.id), Mark(row, kind, is_promised=False))


def heard_from(consumer: str, kind: str, aggregate_id: UUID, then: Callable[[int], None]) -> None:
    """Note that what this unit does to an aggregate is a consumer's own word: it gets no promise of it back.

    `then` gets the seq that the aggregate has by it, before the commit; it is not called where nothing moved.
    """
    unit().heard[kind, aggregate_id] = (consumer, then)


def touch(row: Projected) -> None:
    """Promise a row that has not changed itself, as something that it is told with has."""
    if outbox.consumers_of(row.topic_kind):
        unit().changed.setdefault(type(row), []).append(row)


def after_commit(action: Callable[[], None]) -> None:
    """Run `action` once the commit stands (wake a worker, count a metric)."""
    unit().after.append(action)


def savepoint() -> Any:
    """Return a context that undoes only its own writes when a refusal is caught inside the unit."""
    return db.session().begin_nested()


def release() -> None:
    """Give the connection back: for doors that wait (sockets) or answer slowly."""
    db.session.remove()


def is_lock_wait(error: OperationalError) -> bool:
    """Whether somebody else held the row for longer than the lock wait."""
    return _code(error) == LOCK_WAIT


def now_or_never(error: IntegrityError, constraint: str) -> None:
    """Re-raise unless the database refused by this constraint (its name or its columns on SQLite)."""
    if constraint not in str(error.orig):
        raise error


@contextmanager
def _turn(session: Session) -> Iterator[None]:
    if session.get_bind().dialect.name != "sqlite":
        yield
        return
    if not _sqlite_turn.acquire(timeout=SQLITE_TURN_SECONDS):
        raise BusyError(retry_after=1)
    try:
        yield
    finally:
        _sqlite_turn.release()


def _seal(session: Session, unit_: Unit) -> list[Event]:
    """Raise each marked seq once, in lock order, and write what must follow; return what is to be told."""
    session.flush()
    told: list[Event] = []
    promises: list[Promise] = []
    for key in sorted(unit_.moved, key=_lock_order):
        mark = unit_.moved[key]
        seq = outbox.raise_seq(session, mark.row)
        ids = tuple(sorted({one() for one in mark.history}))
        outbox.log_move(session, topic=mark.row.topic, seq=seq, kind=mark.kind, ids=ids)
        if mark.is_promised:
            promises.append(Promise(mark.row.promise_kind, mark.row.public_id, seq))
        told.append(Moved(topic=mark.row.topic, seq=seq, kind=mark.kind, ids=ids))
    for kind in sorted(unit_.changed, key=lambda one: one.topic_kind):
        changed = {row.id for row in unit_.changed[kind] if inspect(row).persistent}
        promises += outbox.raise_seqs(session, kind, sorted(changed))
    taken = outbox.write_promises(session, promises, {key: one[0] for key, one in unit_.heard.items()})
    for one in promises:
        if (heard := unit_.heard.get((one.kind, one.aggregate_id))) is not None:
            heard[1](one.seq)
    return [*told, *unit_.events, *(Promised(kind=kind) for kind in sorted(taken))]


def _lock_order(key: tuple[str, int]) -> tuple[int, int]:
    kind, row_id = key
    return (("queue", "visit").index(kind) if kind in {"queue", "visit"} else 2, row_id)


def _is_news(row: Projected) -> bool:
    """Whether something that leaves the house has changed."""
    state = inspect(row)
    return not state.persistent or any(state.attrs[name].history.has_changes() for name in row.projected)


def _code(error: OperationalError) -> int | None:
    if "locked" in str(error.orig):
        return LOCK_WAIT
    args = getattr(error.orig, "args", ())
    return args[0] if args and isinstance(args[0], int) else None


@event.listens_for(Session, "before_flush")
def _see_changes(session: Session, _context: UOWTransaction, _instances: object) -> None:
    """Refuse what is written outside a unit, and note which rows partners will want to hear of."""
    unit_: Unit | None = session.info.get("unit")
    if unit_ is None and (session.new or session.dirty or session.deleted):
        raise WriteOutsideUnitError("flush outside @transactional")
    if unit_ is None:
        return
    for row in (*session.new, *session.dirty):
        if isinstance(row, Projected) and outbox.consumers_of(row.topic_kind) and _is_news(row):
            unit_.changed.setdefault(type(row), []).append(row)


@event.listens_for(Session, "do_orm_execute")
def _refuse_stray_write(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and "unit" not in state.session.info:
        raise WriteOutsideUnitError("write outside @transactional")
