"""What happens next in the simulated day: pure rules over the visits as they stand, at a demo's speed."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from math import sin, tau
from random import Random

from app.demo import detours, rates
from app.demo.rates import MEAN_SECONDS
from app.demo.scene import Deed, Line, Move, Scene, drawn, is_of_the_play
from app.journey.queries import UnderWay
from app.journey.states import State


def moves(scene: Scene, luck: Random) -> list[Move]:
    """Return what is due now, the most pressing first; reserved patients are nobody's business here.

    Each patient makes one move at a time.
    """
    due = [move for line in scene.lines for move in _in_line(scene, line, luck)]
    due += [move for visit in scene.visits if (move := _around(scene, visit, luck))]
    due += detours.with_rooms(scene, luck)
    due += _newcomers(scene, luck)
    return sorted(due, key=lambda move: move.deed)


def service_seconds(visit: UnderWay, service: str) -> float:
    """Return how long somebody's examination takes; the same whenever asked, also after a restart."""
    factor = Random(f"{visit.entry_id}:service").lognormvariate(0, rates.SPREAD)  # noqa: S311 - a play
    return rates.SERVICE_SECONDS[service] * min(max(factor, rates.SHORTEST), rates.LONGEST)


def walk_seconds(visit: UnderWay) -> float:
    """Return how long somebody takes from the call to the door; a few come only when called again."""
    luck = Random(f"{visit.entry_id}:walk")  # noqa: S311 - a play
    is_slow = luck.random() < rates.SLOW_SHARE
    return luck.uniform(*(rates.SLOW_WALK_SECONDS if is_slow else rates.WALK_SECONDS))


def wanted(line: Line, now: datetime) -> int:
    """Return how many should wait: every line swells and ebbs in ten minutes, each at its own time."""
    least, most = rates.LEAST_WANTED, rates.MOST_WANTED
    phase = line.id.int % rates.WAVE_SECONDS
    wave = sin(tau * ((now.timestamp() + phase) % rates.WAVE_SECONDS) / rates.WAVE_SECONDS)
    return round((least + most) / 2 + wave * (most - least) / 2)


def _in_line(scene: Scene, line: Line, luck: Random) -> Iterator[Move]:
    """Yield what is due in one line: what comes between goes before the straight way."""
    here = [visit for visit in scene.visits if visit.queue_id == line.id and not visit.is_demo_reserved]
    between = {
        move.visit.visit_id: move
        for one in here
        if (move := detours.of(scene, line, one, luck)) and move.visit
    }
    yield from between.values()
    engaged = scene.engaged(line)
    for visit in engaged:
        if not visit.is_demo_reserved and visit.visit_id not in between:
            yield from _with_engaged(scene, line, visit)
    in_line = scene.waiting(line)
    callable_ = [one for one in in_line if not one.is_demo_reserved and one.visit_id not in between]
    if reordered := detours.in_order(scene, line, callable_, luck):
        yield reordered
        return
    taken = {visit.point_id for visit in engaged}
    for room in line.open_rooms:
        if (
            room.id in taken
            or len(callable_) <= rates.FEWEST
            or not scene.happens(MEAN_SECONDS[Deed.CALL], luck)
        ):
            continue
        visit = callable_.pop(0)
        passed = any(one.is_demo_reserved for one in in_line[: in_line.index(visit)])
        is_direct = is_of_the_play(visit) and drawn(visit, "direct").random() < rates.START_DIRECT_SHARE
        deed = Deed.START_DIRECT if is_direct else Deed.CALL
        yield Move(deed=deed, visit=visit, line=line, room=room, overtakes_reserved=passed)


def _with_engaged(scene: Scene, line: Line, visit: UnderWay) -> Iterator[Move]:
    """Yield what is due with somebody who was called or let in; whoever will not come is only called again."""
    if visit.state is State.ONGOING:
        if scene.is_over(visit.started_at, service_seconds(visit, line.service)):
            yield Move(deed=Deed.COMPLETE, visit=visit, line=line)
    elif not is_absent(visit) and scene.is_over(visit.called_at, walk_seconds(visit)):
        yield Move(deed=Deed.START, visit=visit, line=line)
    elif visit.call_count == 1 and scene.is_over(visit.called_at, rates.RECALL_AFTER_SECONDS):
        yield Move(deed=Deed.RECALL, visit=visit, line=line)


def is_absent(visit: UnderWay) -> bool:
    """Say whether somebody of the town does not come to this round of calls."""
    return is_of_the_play(visit) and detours.is_meant(visit, Deed.MISS, rates.CALLED[Deed.MISS])


def _around(scene: Scene, visit: UnderWay, luck: Random) -> Move | None:
    """Return what a patient of the play does outside the rooms."""
    if not is_of_the_play(visit):
        return None
    if visit.state is State.UNREGISTERED:
        comes = drawn(visit, "comes").random() >= rates.NO_SHOW_SHARE
        deed = Deed.ARRIVE if comes else Deed.CANCEL
        is_today = visit.business_date == scene.today
        return Move(deed=deed, visit=visit) if is_today and scene.happens(MEAN_SECONDS[deed], luck) else None
    if visit.state is State.ARRIVED:
        pause = Random(f"{visit.visit_id}").uniform(*rates.REGISTER_SECONDS)  # noqa: S311 - a play
        return Move(deed=Deed.REGISTER, visit=visit) if scene.is_over(visit.arrived_at, pause) else None
    if visit.state is State.PAYMENT:
        return Move(deed=Deed.PAY, visit=visit) if scene.happens(MEAN_SECONDS[Deed.PAY], luck) else None
    if visit.entry_id is None and scene.happens(MEAN_SECONDS[Deed.JOIN], luck):
        return Move(deed=Deed.JOIN, visit=visit, to=_to_choose_from(scene))
    return None


def _to_choose_from(scene: Scene) -> tuple[Line, ...]:
    """Return the lines whose service has several, the best first: where nobody but staff says which."""
    offering = Counter(line.service for line in scene.lines)
    return tuple(
        line for service, many in sorted(offering.items()) if many > 1 for line in scene.offering(service)
    )


def _newcomers(scene: Scene, luck: Random) -> Iterator[Move]:
    """Yield people for the services that lack them; nobody comes where enough people are before them."""
    coming = Counter(scene.coming.values())
    offering = {service: scene.offering(service) for service in {line.service for line in scene.lines}}
    lack = {
        service: sum(wanted(line, scene.now) - len(scene.waiting(line)) for line in lines) - coming[service]
        for service, lines in offering.items()
    }
    room = {
        service: rates.MOST * len(lines)
        - scene.open_steps.get(service, 0)
        + sum(len(scene.engaged(line)) for line in lines)
        for service, lines in offering.items()
    }
    for first in sorted(lack, key=lambda service: (-lack[service], service))[: rates.BOOKINGS_AT_ONCE]:
        if lack[first] <= 0 or room[first] <= 0:
            continue
        plans = [
            (services, weight)
            for services, weight in rates.PLANS[first]
            if all(room.get(one, 0) > rates.FUTURE_ROOM for one in services[1:])
        ]
        if plans:
            services = luck.choices([plan[0] for plan in plans], [plan[1] for plan in plans])[0]
            room.update({one: room[one] - 1 for one in services})
            deed = Deed.WALK_IN if luck.random() < rates.WALK_IN_SHARE else Deed.BOOK
            yield Move(deed=deed, services=services)
