"""Orders as cards: who placed one, what each line still waits for, and what a reader may do with it now."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.accounts.models import Staff
from app.accounts.roles import Facts, Permission, may
from app.core.actor import Actor
from app.core.db import db
from app.journey.models import VisitStep
from app.journey.states import OPEN_STEPS, StepStatus
from app.orders.queries import Line, Order
from app.orders.states import OPEN, Command, LineStatus, OrderStatus, may_start
from app.queues.models import Service

ORDERED = Permission.CREATE_ORDER
DONE_BY = Permission.FULFIL_ORDER
# By whose right a command is given, as `app.orders.services` asks for it; any of them will do.
RIGHTS: Mapping[Command, tuple[Permission, ...]] = {
    Command.ACTIVATE: (ORDERED,),
    Command.CHANGE: (ORDERED,),
    Command.REVOKE: (ORDERED,),
    Command.HOLD: (ORDERED, DONE_BY),
    Command.RESUME: (ORDERED, DONE_BY),
    Command.COMPLETE: (DONE_BY,),
    Command.COMPLETE_LINE: (DONE_BY,),
}


class Waits(StrEnum):
    """What a line that is not done waits for."""

    STEP = "step"
    SHELF = "shelf"
    HAND = "hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """One line, with the visit's step that completes it in words."""

    line: Line
    waits: Waits | None
    step_ko: str = ""
    step_en: str = ""
    is_step_open: bool = False
    may_complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCard:
    """One order: who placed it, its lines, and what this reader may do with it now."""

    order: Order
    by_name: str
    lines: tuple[Ordered, ...]
    offers: frozenset[Command]

    @property
    def amount_won(self) -> int:
        """What of it is to be paid: all that was not taken back."""
        return sum(one.amount_won for one in self.order.lines if one.status is not LineStatus.REVOKED)

    @property
    def is_open(self) -> bool:
        """Whether anything of it is still to come."""
        return self.order.status in OPEN


def cards_of(found: Collection[Order], *, by: Actor) -> tuple[OrderCard, ...]:
    """Return orders as a reader sees them; at most 2 statements."""
    steps = _steps({line.step_id for one in found for line in one.lines if line.step_id is not None})
    names = _names({one.ordered_by for one in found if one.ordered_by is not None})
    return tuple(
        OrderCard(
            order=one,
            by_name=names.get(one.ordered_by, "") if one.ordered_by else "",
            lines=tuple(_ordered(one, line, steps, by=by) for line in one.lines),
            offers=_offers(one, by=by),
        )
        for one in found
    )


def _offers(order: Order, *, by: Actor) -> frozenset[Command]:
    """Return what the table allows from here, and the reader's role in this unit."""
    offered = {one for one in RIGHTS if may_start(one, order.status) and _may(one, order, by=by)}
    # What a step of the visit completes is completed in its room; the rest at once only where all of it is by hand.
    if any(line.step_id and line.status is LineStatus.ACTIVE for line in order.lines):
        offered.discard(Command.COMPLETE)
    return frozenset(offered)


def _may(command: Command, order: Order, *, by: Actor) -> bool:
    return any(may(by, right, Facts(unit=order.unit)) for right in RIGHTS[command])


def _ordered(order: Order, line: Line, steps: Mapping[UUID, Any], *, by: Actor) -> Ordered:
    step = steps.get(line.step_id) if line.step_id is not None else None
    is_active = order.status is OrderStatus.ACTIVE and line.status is LineStatus.ACTIVE
    waits = None
    if is_active:
        waits = Waits.STEP if line.step_id else Waits.SHELF if line.location else Waits.HAND
    return Ordered(
        line=line,
        waits=waits,
        step_ko=step.name_ko if step else "",
        step_en=step.name_en if step else "",
        is_step_open=step is not None and StepStatus(step.status) in OPEN_STEPS,
        may_complete=is_active and line.step_id is None and _may(Command.COMPLETE_LINE, order, by=by),
    )


def _steps(ids: Collection[UUID]) -> dict[UUID, Any]:
    if not ids:
        return {}
    rows = db.session.execute(
        select(VisitStep.public_id, VisitStep.status, Service.name_ko, Service.name_en)
        .join(Service, Service.id == VisitStep.service_id)
        .where(VisitStep.public_id.in_(sorted(ids)))
    )
    return {row.public_id: row for row in rows}


def _names(ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = sorted(ids)
    if not wanted:
        return {}
    rows = db.session.execute(select(Staff.public_id, Staff.name).where(Staff.public_id.in_(wanted)))
    return {row.public_id: row.name for row in rows}
