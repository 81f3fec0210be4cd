"""At the cashier: settled or deferred, and on the way home."""

from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import tell
from app.journey.events import VisitFinished
from app.journey.services.moving import settle
from app.journey.services.scene import Outcome, hold_scene, visit_id_of
from app.journey.states import Command, Disposition, State, check

METHODS = frozenset({"cash", "card", "deferred", "none"})


@command
def pay(visit_id: UUID, *, version: int | None, method: str = "none", amount: int = 0, by: Actor) -> Outcome:
    """Settle the visit and let the patient go home (V14). `amount` in won, 0 until orders have prices."""
    require(by, Permission.PAY_VISIT)
    scene = hold_scene(visit_id_of(visit_id))
    check_version(scene.visit.version, version, **scene.now)
    check(Command.PAY, scene.state, scene.entry_status)
    if method not in METHODS:
        raise InvalidError(field="method", why="unknown", allowed=sorted(METHODS))
    if amount < 0:
        raise InvalidError(field="amount", why="negative")
    scene.visit.disposition = Disposition.COMPLETED
    scene.visit.closed_at = clock.utcnow()
    scene.visit.open_slot = None
    tell(VisitFinished(visit_id=scene.visit.public_id))
    return settle(
        scene, [(Command.PAY, State.FINISHED)], kind="state.changed", by=by, reason=f"{method} {amount}"
    )
