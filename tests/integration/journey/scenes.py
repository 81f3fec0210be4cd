"""Visits brought to where a test begins, and every command given by who may give it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from uuid import UUID

from sqlalchemy import select

from app.core.actor import EMR, Actor
from app.core.db import Model, db
from app.core.transaction import release
from app.journey import services as journey
from app.journey.models import FlowEvent, Visit, VisitStep
from app.journey.services import Outcome
from app.journey.states import Command, State
from app.queues import services as queues
from app.queues.models import QueueEntry
from app.queues.states import EntryStatus
from tests.hospital import Hospital

OF_ENTRY = {
    Command.CALL,
    Command.RECALL,
    Command.MISS,
    Command.RE_ENTER,
    Command.UNCALL,
    Command.START,
    Command.START_DIRECT,
    Command.COMPLETE,
    Command.PAUSE,
    Command.HOLD,
    Command.RESUME,
    Command.SKIP_ONCE,
    Command.PRIORITY,
    Command.TRANSFER,
}
WHY = "보호자 요청"
CONFIRMED = frozenset({"identity", "short_service", "overtaking"})
_rooms = count(100)


@dataclass(slots=True)
class Stage:
    """The hospital with a hand for every command."""

    hospital: Hospital
    only_room: UUID | None = None

    def visit(self, visit_id: UUID) -> Visit:
        """Return the visit as it is committed."""
        release()
        return db.session.execute(select(Visit).where(Visit.public_id == visit_id)).scalar_one()

    def entry(self, visit_id: UUID) -> QueueEntry | None:
        """Return the open entry, else the last one."""
        entries = db.session.execute(
            select(QueueEntry)
            .join(Visit, Visit.id == QueueEntry.visit_id)
            .where(Visit.public_id == visit_id)
            .order_by(QueueEntry.active_slot.is_(None), QueueEntry.id.desc())
        ).scalars()
        return entries.first()

    def where(self, visit_id: UUID) -> tuple[State, EntryStatus | None]:
        """Return the visit's state and the open entry's status."""
        state = State(self.visit(visit_id).state)
        entry = self.entry(visit_id)
        is_open = entry is not None and entry.active_slot == 1
        return state, EntryStatus(entry.status) if entry is not None and is_open else None

    def new_room(self, queue: UUID) -> UUID:
        """Open one more room, so that no room is ever too full for a test."""
        if self.only_room is not None:
            return self.only_room
        number = next(_rooms)
        return queues.add_room(
            queue, name_ko=f"{number}번", name_en=f"{number}", place="2f-demo-1", by=self.hospital.cast.chris
        )

    def open(self, queue: UUID, *, is_open: bool) -> None:
        """Open or close a queue."""
        queues.set_queue_open(queue, is_open=is_open, by=self.hospital.cast.chris)

    def whose(self, command: Command) -> Actor:
        """Return somebody who may give this command."""
        cast = self.hospital.cast
        return {
            Command.ARRIVE: cast.henry,
            Command.REGISTER: cast.henry,
            Command.JOIN: cast.henry,
            Command.ADD_STEP: cast.grace,
            Command.WAIVE: cast.grace,
            Command.REVOKE: EMR,
            Command.PAY: cast.iris,
            Command.UNDO: cast.flora,
            Command.VOID: cast.flora,
            Command.CLOSE: cast.flora,
        }.get(command, cast.anne)

    def give(
        self, command: Command, visit_id: UUID, *, by: Actor | None = None, service: str = "lab"
    ) -> Outcome:
        """Give a command as a page would that was rendered just now."""
        by = by or self.whose(command)
        visit, entry = self.visit(visit_id), self.entry(visit_id)
        version = visit.version
        of_visit: dict[Command, Callable[[], Outcome]] = {
            Command.ARRIVE: lambda: journey.arrive(visit_id, version=version, by=by),
            Command.REGISTER: lambda: journey.register(visit_id, version=version, by=by),
            Command.JOIN: lambda: journey.join(visit_id, by=by),
            Command.ADD_STEP: lambda: journey.add_step(visit_id, service=service, version=version, by=by),
            Command.PAY: lambda: journey.pay(visit_id, version=version, method="card", by=by),
            Command.UNDO: lambda: journey.undo(visit_id, version=version, by=by),
            Command.WAIVE: lambda: journey.waive(visit_id, version=version, reason=WHY, by=by),
            Command.REVOKE: lambda: journey.revoke(visit_id, by=by),
            Command.CANCEL: lambda: journey.cancel(visit_id, version=version, reason=WHY, by=by),
            Command.LEAVE: lambda: journey.leave(visit_id, version=version, reason=WHY, by=by),
            Command.TRANSFER_OUT: lambda: journey.transfer_out(visit_id, version=version, reason=WHY, by=by),
            Command.VOID: lambda: journey.void(visit_id, version=version, reason=WHY, by=by),
            Command.CLOSE: lambda: journey.close(visit_id, version=version, reason=WHY, by=by),
        }
        if command in of_visit:
            return of_visit[command]()
        if entry is None:
            raise LookupError(f"{command} needs an entry")
        return self._for_entry(command, entry, by=by)

    def _for_entry(self, command: Command, entry: QueueEntry, *, by: Actor) -> Outcome:
        entry_id, version, queue_id = entry.public_id, entry.version, entry.queue_id
        plain: dict[Command, Callable[..., Outcome]] = {
            Command.RECALL: journey.recall,
            Command.MISS: journey.miss,
            Command.RE_ENTER: journey.re_enter,
            Command.UNCALL: journey.uncall,
            Command.RESUME: journey.resume,
        }
        explained: dict[Command, Callable[..., Outcome]] = {
            Command.PAUSE: journey.pause,
            Command.HOLD: journey.hold,
            Command.SKIP_ONCE: journey.skip_once,
        }
        into_room: dict[Command, Callable[..., Outcome]] = {
            Command.CALL: journey.call_patient,
            Command.START_DIRECT: journey.start_direct,
        }
        confirmed: dict[Command, Callable[..., Outcome]] = {
            Command.START: journey.start,
            Command.COMPLETE: journey.complete,
        }
        if command in plain:
            return plain[command](entry_id, version=version, by=by)
        if command in explained:
            return explained[command](entry_id, version=version, reason=WHY, by=by)
        if command in confirmed:
            return confirmed[command](entry_id, version=version, confirm=CONFIRMED, by=by)
        if command is Command.PRIORITY:
            return journey.prioritise(entry_id, priority=2, version=version, reason=WHY, by=by)
        room = self.new_room(self.queue_of(queue_id))
        if command in into_room:
            return into_room[command](entry_id, room, version=version, confirm=CONFIRMED, reason=WHY, by=by)
        return journey.transfer(entry_id, version=version, service_point_id=room, by=by)

    def queue_of(self, queue_id: int) -> UUID:
        """Return a queue's public id."""
        table = Model.metadata.tables["queue"]
        found: UUID = db.session.execute(select(table.c.public_id).where(table.c.id == queue_id)).scalar_one()
        return found

    def bring(self, scene: str) -> UUID:
        """Bring a new visit to a scene, by the commands that lead there."""
        planned = ("lab", "consult") if scene == "between" else ("consult",)
        visit = self.hospital.expect(*planned)
        for command in PATHS[scene]:
            if scene == "registered" and command is Command.REGISTER:
                self.open(self.hospital.consult, is_open=False)
            if scene == "between" and command is Command.COMPLETE:
                self.open(self.hospital.consult, is_open=False)
            self.give(command, visit)
        self.open(self.hospital.consult, is_open=True)
        return visit

    def lines(self, visit_id: UUID) -> list[FlowEvent]:
        """Return the visit's history."""
        row = self.visit(visit_id).id
        return list(
            db.session.execute(
                select(FlowEvent).where(FlowEvent.visit_id == row).order_by(FlowEvent.seq)
            ).scalars()
        )

    def steps(self, visit_id: UUID) -> list[tuple[str, str]]:
        """Return the steps that count, with their status."""
        row = self.visit(visit_id).id
        rows = db.session.execute(
            select(VisitStep).where(VisitStep.visit_id == row).order_by(VisitStep.ordinal)
        ).scalars()
        return [(step.service_code, step.status) for step in rows if step.status != "cancelled"]

    def line(self, queue: UUID) -> list[int]:
        """Return the numbers that wait, in the order of service."""
        release()
        return list(
            db.session.execute(
                select(QueueEntry.number)
                .join(
                    Model.metadata.tables["queue"], Model.metadata.tables["queue"].c.id == QueueEntry.queue_id
                )
                .where(
                    Model.metadata.tables["queue"].c.public_id == queue,
                    QueueEntry.status == EntryStatus.WAITING,
                )
                .order_by(QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
            ).scalars()
        )


TO_LINE = (Command.ARRIVE, Command.REGISTER)
TO_ROOM = (*TO_LINE, Command.CALL, Command.START)
PATHS: dict[str, tuple[Command, ...]] = {
    "expected": (),
    "arrived": (Command.ARRIVE,),
    "registered": TO_LINE,
    "waiting": TO_LINE,
    "between": (*TO_ROOM, Command.COMPLETE),
    "called": (*TO_LINE, Command.CALL),
    "aside": (*TO_LINE, Command.HOLD),
    "missed": (*TO_LINE, Command.CALL, Command.MISS),
    "inside": TO_ROOM,
    "paying": (*TO_ROOM, Command.COMPLETE),
    "home": (*TO_ROOM, Command.COMPLETE, Command.PAY),
}
SCENES: dict[str, tuple[State, EntryStatus | None]] = {
    "expected": (State.UNREGISTERED, None),
    "arrived": (State.ARRIVED, None),
    "registered": (State.REGISTERED, None),
    "waiting": (State.WAITING, EntryStatus.WAITING),
    "between": (State.WAITING, None),
    "called": (State.CALLED, EntryStatus.CALLED),
    "aside": (State.WAITING, EntryStatus.HELD),
    "missed": (State.WAITING, EntryStatus.NO_SHOW),
    "inside": (State.ONGOING, EntryStatus.IN_SERVICE),
    "paying": (State.PAYMENT, None),
    "home": (State.FINISHED, None),
}


def fingerprint() -> str:
    """Return one word for everything that is written in the database."""
    release()
    digest = hashlib.sha256()
    for table in Model.metadata.sorted_tables:
        if not table.name.startswith("map_"):
            for row in db.session.execute(table.select().order_by(*table.primary_key.columns)):
                digest.update(repr(row).encode())
    release()
    return digest.hexdigest()
