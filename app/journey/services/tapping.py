"""A tag was scanned by a partner's client: the tap is kept, and the patient who holds the token may arrive with it."""

from dataclasses import dataclass
from uuid import UUID

from app.core.actor import Actor
from app.core.errors import NotAllowedError
from app.core.idempotency import command
from app.core.transaction import command_id
from app.journey.services.arrival import arrive
from app.journey.services.scene import Outcome
from app.tags import services as tags
from app.tags.services import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapped:
    """A scan with what came of it; `outcome` is None where nobody asked to arrive."""

    scan: Scan
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What a repeat of the scan answers: ids, and no nonce, for that is a secret."""

    command_id: UUID
    visit_id: UUID | None = None
    advice: str | None = None
    is_repeat: bool = False


def tap(token: str, *, wants_to_arrive: bool = False, by: Actor) -> Tapped:
    """Keep a scan, and note the arrival of the own visit in the same unit where that is wanted (V1, V1b).

    The tag is looked up before the unit begins: a guessed token costs one read, never a turn among the writers.
    """
    place = tags.look(token)
    kept = _keep(token, wants_to_arrive=wants_to_arrive, by=by)
    outcome = None
    if kept.visit_id is not None:
        outcome = Outcome(
            visit_id=kept.visit_id, command_id=kept.command_id, advice=kept.advice, is_repeat=kept.is_repeat
        )
    return Tapped(scan=tags.proof_of(place), outcome=outcome)


@command
def _keep(token: str, *, wants_to_arrive: bool, by: Actor) -> _Kept:
    scan = tags.scan(token, by=by)
    if not wants_to_arrive:
        return _Kept(command_id=command_id())
    if by.visit_id is None:
        raise NotAllowedError(why="no_visit")
    arrived = arrive(by.visit_id, place=scan.place, by=by)
    return _Kept(
        command_id=command_id(),
        visit_id=arrived.visit_id,
        advice=arrived.advice,
        is_repeat=arrived.is_repeat,
    )
