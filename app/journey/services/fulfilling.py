"""What a visit's steps mean to the orders behind them: done with the step, dropped with it, over with the visit."""

from app.core.actor import Actor
from app.journey.services.scene import Scene
from app.journey.states import Command, Disposition, StepStatus
from app.orders import services as orders

DROPPED = frozenset({StepStatus.WAIVED, StepStatus.CANCELLED})


def follow(scene: Scene, command: Command, *, reason: str | None, by: Actor) -> None:
    """Let orders follow what a command has done to the visit; nothing is asked where no order stands behind it.

    Undo says itself what it brings back. Whoever has paid may still be owed the medicine; whoever has left is not.
    """
    if command is Command.UNDO:
        return
    before = scene.before["steps"]
    moved = [
        step for step in scene.steps if step.order_ref is not None and before.get(str(step.id)) != step.status
    ]
    if done := [step.public_id for step in moved if step.status == StepStatus.DONE]:
        orders.finish_steps(done, by=by)
    if dropped := [step.public_id for step in moved if step.status in DROPPED]:
        orders.drop_steps(dropped, reason=reason or str(command), by=by)
    ended = scene.visit.disposition
    if ended not in {None, Disposition.COMPLETED, scene.before["visit"]["disposition"]}:
        orders.revoke_of_visit(scene.visit.public_id, reason=reason or str(command), by=by)
