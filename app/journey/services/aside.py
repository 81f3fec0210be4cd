"""In the line: put aside and back, behind the next once, before others by class, in again after a missed call."""

from datetime import datetime, timedelta
from uuid import UUID

from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, TransitionRefusedError
from app.core.idempotency import command
from app.journey.services.calling import hold_entry_scene, opened
from app.journey.services.moving import settle
from app.journey.services.permitting import check_until, is_on_the_patients_word, reason_for
from app.journey.services.scene import Outcome, Scene
from app.journey.states import Command, State
from app.queues import services as queues
from app.queues.states import PriorityClass

DESK = "desk"


@command
def hold(
    entry_id: UUID, *, version: int | None, reason: str | None, until: datetime | None = None, by: Actor
) -> Outcome:
    """Put a waiting patient aside; call-next passes, the place is kept (E1).

    A patient may do so once and for a quarter of an hour (the queue's rules), staff as they see fit.
    """
    scene = hold_entry_scene(Command.HOLD, entry_id, version=version, by=by)
    said = reason_for(Command.HOLD, reason) or ""
    is_own = is_on_the_patients_word(Command.HOLD, by=by)
    if is_own:
        until = _own_limit(scene, until)
    check_until(until)
    queues.put_aside(opened(scene), reason=said[:120], until=until, is_own=is_own)
    return settle(scene, [(Command.HOLD, State.WAITING)], kind="queue.update", by=by, reason=said)


@command
def resume(entry_id: UUID, *, version: int | None, by: Actor) -> Outcome:
    """Let a patient who was put aside wait again, at the old place (E2)."""
    scene = hold_entry_scene(Command.RESUME, entry_id, version=version, by=by)
    queues.bring_back(opened(scene))
    return settle(scene, [(Command.RESUME, State.WAITING)], kind="queue.update", by=by)


@command
def re_enter(entry_id: UUID, *, version: int | None, by: Actor) -> Outcome:
    """Let a patient who missed the calls wait again, some places behind the next (V6a).

    On their own as often as the queue's rules say; after that the desk or the ward decides.
    """
    scene = hold_entry_scene(Command.RE_ENTER, entry_id, version=version, by=by)
    entry, queue = opened(scene), scene.queue()
    if (
        is_on_the_patients_word(Command.RE_ENTER, by=by)
        and entry.re_entries >= queues.policy_of(queue).max_re_entries
    ):
        raise TransitionRefusedError(command="re-enter", why="re_entries_used_up", next=DESK)
    queues.re_enter(queue, entry)
    return settle(scene, [(Command.RE_ENTER, State.WAITING)], kind="queue.update", by=by)


@command
def skip_once(entry_id: UUID, *, version: int | None, reason: str | None, by: Actor) -> Outcome:
    """Let the next patient go first, once (E4)."""
    scene = hold_entry_scene(Command.SKIP_ONCE, entry_id, version=version, by=by)
    said = reason_for(Command.SKIP_ONCE, reason)
    queues.skip_once(opened(scene))
    return settle(scene, [(Command.SKIP_ONCE, State.WAITING)], kind="queue.update", by=by, reason=said)


@command
def prioritise(
    entry_id: UUID, *, priority: int | None, version: int | None, reason: str | None, by: Actor
) -> Outcome:
    """Give a waiting patient another class: 0 normal, 1 preferred, 2 urgent (E3)."""
    scene = hold_entry_scene(Command.PRIORITY, entry_id, version=version, by=by)
    if priority is None or priority not in set(PriorityClass):
        raise InvalidError(field="priority", why="unknown", allowed=sorted(PriorityClass))
    said = reason_for(Command.PRIORITY, reason)
    queues.prioritise(scene.queue(), opened(scene), PriorityClass(priority))
    return settle(scene, [(Command.PRIORITY, State.WAITING)], kind="queue.update", by=by, reason=said)


def _own_limit(scene: Scene, until: datetime | None) -> datetime:
    """Return until when a patient may stay away. Raise TransitionRefusedError for one time too many."""
    entry, policy = opened(scene), queues.policy_of(scene.queue())
    if entry.own_holds >= policy.max_own_holds:
        raise TransitionRefusedError(command="hold", why="holds_used_up", limit=policy.max_own_holds)
    latest = clock.utcnow() + timedelta(seconds=policy.own_hold_seconds)
    if until is not None and until > latest:
        raise InvalidError(field="until", why="too_late", latest=latest.isoformat())
    return until or latest
