"""What the people of the play do: each deed is one command of the journey, by whoever may give it."""

from collections.abc import Callable, Mapping
from random import Random

from app.core.actor import Actor
from app.demo.catalogue import DAY_CASHIER, DAY_DESK, DRIVERS, ENTRANCES
from app.demo.pace import Deed, Move
from app.journey import services as journey
from app.journey.queries import UnderWay
from app.journey.services.calling import OVERTAKING
from app.journey.services.care import IDENTITY, SHORT_SERVICE

OVERTAKING_REASON = "시연용으로 예약된 환자의 순서는 그대로 둠"
Cast = Mapping[str, Actor]


def make(move: Move, cast: Cast, luck: Random) -> None:
    """Make one move on a visit. Raise what the services refuse."""
    if move.visit is not None:
        DEEDS[move.deed](move, move.visit, cast, luck)


def _arrive(_move: Move, visit: UnderWay, cast: Cast, luck: Random) -> None:
    journey.arrive(visit.visit_id, place=luck.choice(ENTRANCES), by=cast[DAY_DESK])


def _register(_move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> None:
    journey.register(visit.visit_id, version=visit.version, by=cast[DAY_DESK])


def _join(_move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> None:
    journey.join(visit.visit_id, by=cast[DAY_DESK])


def _call(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> None:
    """Call by name and version, never "the next": that one could be a reserved patient."""
    if visit.entry_id is None or move.room is None:
        return
    journey.call_patient(
        visit.entry_id,
        move.room,
        version=visit.entry_version,
        confirm=frozenset({OVERTAKING}) if move.overtakes_reserved else frozenset(),
        reason=OVERTAKING_REASON if move.overtakes_reserved else None,
        by=_driver(move, cast),
    )


def _recall(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> None:
    if visit.entry_id is not None:
        journey.recall(visit.entry_id, version=visit.entry_version, by=_driver(move, cast))


def _start(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> None:
    if visit.entry_id is not None:
        confirm, by = frozenset({IDENTITY}), _driver(move, cast)
        journey.start(visit.entry_id, version=visit.entry_version, confirm=confirm, by=by)


def _complete(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> None:
    if visit.entry_id is not None:
        confirm, by = frozenset({SHORT_SERVICE}), _driver(move, cast)
        journey.complete(visit.entry_id, version=visit.entry_version, confirm=confirm, by=by)


def _pay(_move: Move, visit: UnderWay, cast: Cast, luck: Random) -> None:
    method = luck.choices(("card", "cash", "deferred"), (8, 1, 1))[0]
    journey.pay(visit.visit_id, version=visit.version, method=method, by=cast[DAY_CASHIER])


def _driver(move: Move, cast: Cast) -> Actor:
    if move.line is None:
        raise LookupError("a move in a room names its line")
    return cast[DRIVERS[move.line.service]]


DEEDS: Mapping[Deed, Callable[[Move, UnderWay, Cast, Random], None]] = {
    Deed.ARRIVE: _arrive,
    Deed.REGISTER: _register,
    Deed.JOIN: _join,
    Deed.CALL: _call,
    Deed.RECALL: _recall,
    Deed.START: _start,
    Deed.COMPLETE: _complete,
    Deed.PAY: _pay,
}
