"""What comes between in a real day: patients who do not come, go aside or go home, rooms that pause, priorities."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from app.demo import rates
from app.demo.catalogue import DOCTORS
from app.demo.rates import MEAN_SECONDS, Detour
from app.demo.scene import Deed, Line, Move, Room, Scene, drawn, is_of_the_play
from app.journey.queries import UnderWay
from app.journey.states import State
from app.queues.states import EntryStatus, PriorityClass

# Where somebody waits outside while the examination goes on, and for what else a doctor sends patients.
WITH_A_PAUSE = frozenset({"xray", "ultrasound", "blood"})
ADDED = {"internal": "ecg", "orthopaedics": "xray"}


def of(scene: Scene, line: Line, visit: UnderWay, luck: Random) -> Move | None:
    """Return what one of the town does beside the straight way, if anything is due now."""
    if not is_of_the_play(visit):
        return None
    if visit.state is State.ONGOING:
        return _in_the_room(scene, line, visit, luck)
    if visit.state is State.CALLED:
        return _first_due(scene, line, visit, rates.CALLED, visit.called_at)
    if visit.entry_status == EntryStatus.HELD:
        return _aside(scene, line, visit)
    if visit.entry_status == EntryStatus.NO_SHOW:
        return _after_a_missed_call(scene, line, visit, luck)
    return _first_due(scene, line, visit, rates.WAITING, visit.joined_at)


def is_meant(visit: UnderWay, deed: Deed, detour: Detour) -> bool:
    """Say whether a patient is one of those who do this, at this point of the day."""
    return drawn(visit, deed.name).random() < detour.share


def in_order(scene: Scene, line: Line, callable_: Sequence[UnderWay], luck: Random) -> Move | None:
    """Return how staff change the order of a line: the next one goes behind, or over to a shorter line."""
    if len(callable_) < rates.FEWEST:
        return None
    first, last = callable_[0], callable_[-1]
    if is_of_the_play(first) and scene.happens(MEAN_SECONDS[Deed.SKIP_ONCE], luck):
        return Move(deed=Deed.SKIP_ONCE, visit=first, line=line)
    others = [one for one in scene.offering(line.service) if one.id != line.id and one.open_rooms]
    if not others or not is_of_the_play(last):
        return None
    is_longer = len(callable_) - len(scene.waiting(others[0])) >= rates.TRANSFER_FROM
    if (is_longer or not line.open_rooms) and scene.happens(MEAN_SECONDS[Deed.TRANSFER], luck):
        return Move(deed=Deed.TRANSFER, visit=last, line=line, to=(others[0],))
    return None


def with_rooms(scene: Scene, luck: Random) -> Iterator[Move]:
    """Yield the rooms that staff leave for a while, and those they come back to.

    A room that somebody else has paused is left alone, and one room of each service stays open.
    """
    for line in scene.lines:
        for room in line.rooms:
            if not room.is_open and room.id in scene.breaks and scene.now >= scene.breaks[room.id]:
                yield Move(deed=Deed.OPEN_ROOM, line=line, room=room)
    for service in sorted({line.service for line in scene.lines}):
        lines = scene.offering(service)
        rooms = [(line, room) for line in lines for room in line.rooms]
        free = [(line, room) for line, room in rooms if _awaits_nobody(scene, line, room)]
        are_all_open = all(room.is_open for _, room in rooms)
        if are_all_open and len(rooms) > 1 and free and scene.happens(MEAN_SECONDS[Deed.PAUSE_ROOM], luck):
            line, room = luck.choice(free)
            yield Move(
                deed=Deed.PAUSE_ROOM, line=line, room=room, until=_later(scene, luck, rates.BREAK_SECONDS)
            )


def _first_due(
    scene: Scene, line: Line, visit: UnderWay, detours: Mapping[Deed, Detour], since: datetime | None
) -> Move | None:
    for deed, detour in detours.items():
        if is_meant(visit, deed, detour) and _is_due(scene, visit, deed, detour, since):
            return _made(scene, line, visit, deed)
    return None


def _is_due(scene: Scene, visit: UnderWay, deed: Deed, detour: Detour, since: datetime | None) -> bool:
    after = drawn(visit, f"{deed.name}:when").uniform(*detour.after)
    if deed in rates.CALLED:
        return scene.is_over(since, after)  # whoever does not come does not come later either
    return scene.is_over(since, after) and not scene.is_over(since, after + rates.WINDOW_SECONDS)


def _made(scene: Scene, line: Line, visit: UnderWay, deed: Deed) -> Move | None:
    """Return the move where it makes sense: nobody is given priority twice, doctors alone drop a step."""
    if deed is Deed.PRIORITISE and visit.priority_class != PriorityClass.NORMAL:
        return None
    if deed is Deed.WAIVE and line.code not in DOCTORS:
        return None
    until = None
    if deed in {Deed.HOLD, Deed.PAUSE}:
        until = _later(scene, drawn(visit, "until"), rates.ASIDE_SECONDS)
    services = (ADDED[line.service],) if deed is Deed.ADD_STEP else ()
    return Move(deed=deed, visit=visit, line=line, until=until, services=services)


def _after_a_missed_call(scene: Scene, line: Line, visit: UnderWay, luck: Random) -> Move | None:
    comes_back = drawn(visit, "comes back").random() < rates.COMES_BACK_SHARE
    deed = Deed.RE_ENTER if comes_back else Deed.LEAVE
    return _made(scene, line, visit, deed) if scene.happens(MEAN_SECONDS[deed], luck) else None


def _in_the_room(scene: Scene, line: Line, visit: UnderWay, luck: Random) -> Move | None:
    if line.code in DOCTORS and scene.happens(MEAN_SECONDS[Deed.ADD_STEP], luck):
        return _made(scene, line, visit, Deed.ADD_STEP)
    if line.code in DOCTORS and scene.happens(MEAN_SECONDS[Deed.ORDER], luck):
        return _made(scene, line, visit, Deed.ORDER)
    # A second round is the other half of an interrupted examination.
    may_pause = line.service in WITH_A_PAUSE and visit.round == 1
    return _first_due(scene, line, visit, rates.IN_THE_ROOM, visit.started_at) if may_pause else None


def _aside(scene: Scene, line: Line, visit: UnderWay) -> Move | None:
    """Return who comes back; without a time, somebody outside the play put them aside and knows why."""
    if visit.held_until is None:
        return None
    luck = drawn(visit, "back")
    is_early = luck.random() < rates.BACK_EARLY_SHARE
    seconds = -luck.uniform(*rates.BACK_EARLY_SECONDS) if is_early else rates.WITHOUT_CLOCK_SECONDS
    return (
        Move(deed=Deed.RESUME, visit=visit, line=line) if scene.is_over(visit.held_until, seconds) else None
    )


def _awaits_nobody(scene: Scene, line: Line, room: Room) -> bool:
    """Say whether nobody is on the way to a room; whoever is inside is finished before the break."""
    return all(visit.point_id != room.id or visit.state is not State.CALLED for visit in scene.engaged(line))


def _later(scene: Scene, luck: Random, seconds: tuple[float, float]) -> datetime:
    return scene.now + timedelta(seconds=luck.uniform(*seconds))
