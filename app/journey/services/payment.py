"""At the cashier: settled or deferred, and on the way home."""

from dataclasses import dataclass
from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.errors import InvalidError, TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import check_version, hold
from app.core.transaction import tell
from app.emr import services as emr
from app.journey.events import VisitFinished
from app.journey.models import Visit
from app.journey.services.moving import settle
from app.journey.services.scene import Outcome, hold_scene, visit_id_of
from app.journey.states import Command, Disposition, State, check
from app.orders import services as orders
from app.orders.rules import PAYING, Method

METHODS = frozenset(Method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was settled of a visit that is over, in won; negative: paid back."""

    visit_id: UUID
    amount_won: int


@command
def pay(visit_id: UUID, *, version: int | None, method: str = "none", amount: int = 0, by: Actor) -> Outcome:
    """Settle the visit and let the patient go home (V14). `amount` in won; 0: what is due by its orders.

    Where nothing was ordered, what the cashier types is charged and paid at once. `deferred` leaves it due.
    """
    require(by, Permission.PAY_VISIT)
    scene = hold_scene(visit_id_of(visit_id))
    check_version(scene.visit.version, version, **scene.now)
    check(Command.PAY, scene.state, scene.entry_status)
    if method not in METHODS:
        raise InvalidError(field="method", why="unknown", allowed=[str(one) for one in Method])
    due = orders.settle_bill(visit_id, amount=amount, method=method, by=by)
    scene.visit.disposition = Disposition.COMPLETED
    scene.visit.closed_at = clock.utcnow()
    scene.visit.open_slot = None
    tell(VisitFinished(visit_id=scene.visit.public_id))
    return settle(
        scene,
        [(Command.PAY, State.FINISHED)],
        kind="state.changed",
        by=by,
        reason=f"{method} {due or amount}",
    )


@command
def settle_due(visit_id: UUID, *, version: int | None, method: str, amount: int = 0, by: Actor) -> Settled:
    """Settle what is due of a visit that is over: deferred, or to be paid back since something was taken back.

    Raise TransitionRefusedError where nothing is due, or the visit is not over.
    """
    require(by, Permission.PAY_VISIT)
    visit = hold(Visit, visit_id_of(visit_id))
    check_version(visit.version, version, state=visit.state)
    if visit.state != State.FINISHED:
        raise TransitionRefusedError(command="settle", why="not_over", state=visit.state)
    if method not in PAYING:
        raise InvalidError(field="method", why="unknown", allowed=sorted(PAYING))
    settled = orders.settle_bill(visit_id, amount=amount, method=method, may_charge=False, by=by)
    if not settled:
        raise TransitionRefusedError(command="settle", why="nothing_due", state=visit.state)
    audit.record(
        "journey:visit:settle",
        by=by,
        patients=[emr.public_id_of(visit.patient_id)],
        object_=f"visit:{visit_id}",
        details={"amount_won": settled},
    )
    return Settled(visit_id=visit_id, amount_won=settled)
