"""How far the EMR was read: for the admin's page, and the one line that screens show."""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.fhir import targets
from app.fhir.models import Sync, Unmatched

ALL_TYPES: Final = "*"
AGAIN: Final = "again"  # no type: when a target was told everything once more
KEPT_SECONDS: Final = 5.0
OLD_SECONDS: Final = 300.0

_lock = threading.Lock()
_kept: dict[tuple[str, ...], tuple[float, datetime | None]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSync:
    """How far one type of resource was read."""

    resource_type: str
    watermark: datetime | None
    succeeded_at: datetime | None
    last_error: str | None
    taken: int
    echoes: int
    unmatched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStatus:
    """How a target that we read from stands; `succeeded_at`: when it was last read whole."""

    target: str
    tried_at: datetime | None
    succeeded_at: datetime | None
    asked_at: datetime | None
    last_error: str | None
    types: tuple[TypeSync, ...]

    @property
    def unmatched(self) -> int:
        """Return how many resources could not be taken over."""
        return sum(one.unmatched for one in self.types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """As of when this house knows what the EMR knows; `at` None: never yet."""

    at: datetime | None
    is_old: bool


def sync_status() -> tuple[SyncStatus, ...]:
    """Return how each target stands that we read from; 2 statements, none without such a target."""
    names = [target.name for target in targets.pulled()]
    if not names:
        return ()
    rows: dict[str, dict[str, Sync]] = {name: {} for name in names}
    for row in db.session.execute(select(Sync).where(Sync.target.in_(names))).scalars():
        rows[row.target][row.resource_type] = row
    listed: dict[tuple[str, str], int] = {}
    for target, resource_type, count in db.session.execute(
        select(Unmatched.target, Unmatched.resource_type, func.count())
        .where(Unmatched.target.in_(names))
        .group_by(Unmatched.target, Unmatched.resource_type)
    ):
        listed[target, resource_type] = count
    return tuple(_status(name, rows[name], listed) for name in names)


def standing() -> Standing | None:
    """Return as of when the EMR is known, by the target that was read longest ago; None where none is read.

    1 statement at most every 5 s in a process; none in between, and none without such a target.
    """
    names = tuple(target.name for target in targets.pulled())
    if not names:
        return None
    now = clock.monotonic()
    with _lock:
        kept = _kept.get(names)
    if kept is None or not 0 <= now - kept[0] < KEPT_SECONDS:
        kept = (now, _last_success(names))
        with _lock:
            _kept.clear()
            _kept[names] = kept
    at = kept[1]
    return Standing(at=at, is_old=at is None or (clock.utcnow() - at).total_seconds() > OLD_SECONDS)


def forget_standing() -> None:
    """Let the next look read anew: this process has just read the EMR."""
    with _lock:
        _kept.clear()


def _last_success(names: tuple[str, ...]) -> datetime | None:
    found = dict(
        db.session.execute(
            select(Sync.target, Sync.succeeded_at).where(
                Sync.target.in_(names), Sync.resource_type == ALL_TYPES
            )
        ).all()
    )
    times = [found.get(name) for name in names]
    known = [at for at in times if at is not None]
    return min(known) if len(known) == len(names) else None


def _status(name: str, rows: dict[str, Sync], listed: dict[tuple[str, str], int]) -> SyncStatus:
    whole = rows.get(ALL_TYPES)
    return SyncStatus(
        target=name,
        tried_at=whole.tried_at if whole else None,
        succeeded_at=whole.succeeded_at if whole else None,
        asked_at=whole.asked_at if whole else None,
        last_error=whole.last_error if whole else None,
        types=tuple(
            TypeSync(
                resource_type=resource_type,
                watermark=row.watermark,
                succeeded_at=row.succeeded_at,
                last_error=row.last_error,
                taken=row.taken,
                echoes=row.echoes,
                unmatched=listed.get((name, resource_type), 0),
            )
            for resource_type, row in sorted(rows.items())
            if resource_type not in {ALL_TYPES, AGAIN}
        ),
    )
