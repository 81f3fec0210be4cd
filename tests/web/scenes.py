"""What happens to patients in page tests by the hands of the ward: missed calls, services, pauses; and its cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import event, select

from app.core.db import db
from app.journey import services as journey
from app.journey.models import Visit
from app.queues import services as queues
from app.queues.models import QueueEntry, ServicePoint
from app.queues.states import EntryStatus, PointStatus
from tests.hospital import Hospital


def entry_of(visit_id: UUID) -> QueueEntry:
    """Return the entry that a visit has open."""
    found = db.session.execute(
        select(QueueEntry)
        .join(Visit, Visit.id == QueueEntry.visit_id)
        .where(Visit.public_id == visit_id, QueueEntry.active_slot == 1)
    ).scalar_one()
    db.session.expunge(found)
    db.session.remove()
    return found


def missed(hospital: Hospital, visit_id: UUID, *, times: int = 1) -> None:
    """Call a patient who does not come, as often as asked; the last time, the turn stays missed."""
    by = hospital.cast.anne
    for turn in range(times):
        if turn:
            journey.re_enter(entry_of(visit_id).public_id, version=entry_of(visit_id).version, by=by)
        journey.call_next(hospital.consult, hospital.rooms[0], by=by)
        entry = entry_of(visit_id)
        assert entry.status == EntryStatus.CALLED
        journey.miss(entry.public_id, version=entry.version, by=by)


def serve(hospital: Hospital, visit_id: UUID) -> None:
    """Let a called patient in and out."""
    for act, words in ((journey.start, {"identity"}), (journey.complete, {"short_service"})):
        entry = entry_of(visit_id)
        act(entry.public_id, version=entry.version, confirm=frozenset(words), by=hospital.cast.anne)


def pause_all_rooms(hospital: Hospital) -> None:
    """Let every room of the ward's queue pause."""
    for room in hospital.rooms:
        version = db.session.execute(
            select(ServicePoint.version).where(ServicePoint.public_id == room)
        ).scalar_one()
        db.session.remove()
        queues.set_point_status(
            room, status=PointStatus.PAUSED, version=version, reason="수술", by=hospital.cast.anne
        )


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect every statement that reaches the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):  # on SQLite it passes here; elsewhere it is no statement
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)
