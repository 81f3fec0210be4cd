"""The scene of a command: a visit with all that the command may change, locked and fresh."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core.db import db
from app.core.errors import NotFoundError
from app.core.locking import hold
from app.core.transaction import RerunError
from app.journey import rules
from app.journey.models import Visit, VisitStep
from app.journey.services import choosing
from app.journey.states import State
from app.queues import services as queues
from app.queues.states import EntryStatus

TIMES = ("arrived_at", "registered_at", "closed_at")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command answers, also when it is repeated: ids, for the reader to look up."""

    visit_id: UUID
    command_id: UUID
    entry_id: UUID | None = None
    call_id: UUID | None = None
    is_repeat: bool = False
    advice: str | None = None
    visit_version: int | None = None  # what an undo of this command compares


@dataclass(slots=True)
class Scene:
    """A visit with everything that a command on it may change, all of it locked and fresh."""

    visit: Visit
    steps: list[VisitStep]
    entry: queues.Entry | None
    queues: dict[int, Any]
    ahead: rules.Option | None = None  # where the visit was to go next, as chosen before anything was locked
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """The state before the command."""
        return State(self.visit.state)

    @property
    def entry_status(self) -> EntryStatus | None:
        """The status of the open entry."""
        return EntryStatus(self.entry.status) if self.entry is not None else None

    @property
    def now(self) -> dict[str, str | None]:
        """What a refusal tells of the present state."""
        return {"state": str(self.state), "entry": self.entry_status and str(self.entry_status)}

    def queue(self) -> Any:
        """Return the held queue of the open entry."""
        if self.entry is None:
            raise NotFoundError(kind="entry")
        return self.queues[self.entry.queue_id]

    def units(self) -> Collection[UUID]:
        """Return the units that have to do with the visit now: that of its line, else those that serve its steps."""
        return {self.queue().unit} if self.entry is not None else self.serving_units()

    def serving_units(self) -> Collection[UUID]:
        """Return the units that serve a step of the visit, done or planned."""
        return queues.units_offering({step.service_code for step in self.steps})

    def step(self, step_id: int) -> VisitStep:
        """Return a step of this visit."""
        return next(step for step in self.steps if step.id == step_id)


def visit_id_of(public_id: UUID) -> int:
    """Return the row id of a visit. Raise NotFoundError."""
    found = db.session.execute(select(Visit.id).where(Visit.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFoundError(kind="visit")
    return found


def hold_scene(
    visit_id: int,
    *,
    also: Collection[int] = (),
    next_queue: bool = False,
    as_if: choosing.AsIf | None = None,
) -> Scene:
    """Lock the queues concerned (sorted by id), the visit and its open entry, in this order.

    `next_queue` also locks the queue that the visit would join next: it is chosen from a look without lock, with the
    steps as the command will leave them (`as_if`; else the present one done), and the unit runs again where the visit
    has moved on meanwhile.
    """
    ahead = choosing.option_ahead(visit_id, as_if) if next_queue else None
    wanted = {*also, queues.queue_of_open_entry(visit_id), ahead.queue_id if ahead else None}
    scene = hold_visit(
        visit_id, {one: queues.hold_queue(one) for one in sorted(one for one in wanted if one is not None)}
    )
    scene.ahead = ahead
    return scene


def hold_visit(visit_id: int, held: dict[int, Any]) -> Scene:
    """Lock a visit and its open entry under queues that are held already."""
    visit = hold(Visit, visit_id)
    entry = queues.open_entry_of(visit.id)
    if entry is not None and entry.queue_id not in held:
        raise RerunError
    steps = list(
        db.session.execute(
            select(VisitStep)
            .where(VisitStep.visit_id == visit.id)
            .order_by(VisitStep.ordinal)
            .execution_options(populate_existing=True)
        ).scalars()
    )
    scene = Scene(visit=visit, steps=steps, entry=entry, queues=held)
    scene.before = _snapshot(scene)
    return scene


def _snapshot(scene: Scene) -> dict[str, Any]:
    visit = scene.visit
    return {
        "visit": {
            **{name: value.isoformat() if (value := getattr(visit, name)) else None for name in TIMES},
            "state": str(visit.state),
            "disposition": visit.disposition,
            "open_slot": visit.open_slot,
        },
        "steps": {str(step.id): str(step.status) for step in scene.steps},
        "entry": queues.snapshot(scene.entry) if scene.entry is not None else None,
    }
