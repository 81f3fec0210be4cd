"""Whatever stands in the house, the play moves nobody twice, nobody reserved, and into no room that is taken."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo import pace, rates
from app.demo.catalogue import DRIVERS, QUEUES
from app.demo.people import PREFIXES, Kind
from app.demo.scene import Deed, Line, Move, Room, Scene
from app.journey.queries import UnderWay
from app.journey.states import TABLE, Command, State
from app.queues.states import EntryStatus
from tests.examples import up_to

NOW, TODAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC), date(2026, 3, 2)
STANDING = {
    EntryStatus.WAITING: State.WAITING,
    EntryStatus.HELD: State.WAITING,
    EntryStatus.NO_SHOW: State.WAITING,
    EntryStatus.CALLED: State.CALLED,
    EntryStatus.IN_SERVICE: State.ONGOING,
}
WITHOUT_ENTRY = (State.UNREGISTERED, State.ARRIVED, State.REGISTERED, State.WAITING, State.PAYMENT)
# How the play calls what the table of the journey calls otherwise.
COMMANDS = {Deed.PRIORITISE: Command.PRIORITY}


def lines(are_open: list[bool]) -> tuple[Line, ...]:
    states, found = cycle(are_open), []
    for place, code in enumerate(DRIVERS):
        rooms = tuple(
            Room(UUID(int=1000 * place + number), 1, next(states))
            for number in range(len(QUEUES[code].rooms))
        )
        found.append(Line(UUID(int=10_000 + place), code, QUEUES[code].service, rooms))
    return tuple(found)


def somebody(luck: Random, number: int, among: tuple[Line, ...], taken: set[UUID]) -> UnderWay:
    """Return a patient somewhere in the house, of the town, of the ward or reserved."""
    status = luck.choice([None, *STANDING])
    line = luck.choice(among)
    free = [room.id for room in line.rooms if room.id not in taken]
    if status in {EntryStatus.CALLED, EntryStatus.IN_SERVICE} and not free:
        status = EntryStatus.WAITING
    point = free[0] if status in {EntryStatus.CALLED, EntryStatus.IN_SERVICE} else None
    taken |= {point} if point else set()
    at = NOW - timedelta(seconds=luck.uniform(0, 200))
    who = luck.choices(["town", "ward", "reserved"], (8, 1, 1))[0]
    return UnderWay(
        visit_id=UUID(int=luck.getrandbits(128)),
        version=1,
        state=STANDING[status] if status else luck.choice(WITHOUT_ENTRY),
        business_date=TODAY,
        mrn=f"{PREFIXES[Kind.TOWN] if who == 'town' else 'X-'}{number}",
        is_demo_reserved=who == "reserved",
        arrived_at=at,
        entry_id=UUID(int=luck.getrandbits(128)) if status else None,
        entry_version=1 if status else None,
        entry_status=status,
        queue_id=line.id if status else None,
        point_id=point,
        priority_class=luck.choice([0, 0, 1]),
        round=luck.choice([1, 1, 2]),
        call_count=luck.choice([1, 2]) if status is EntryStatus.CALLED else 0,
        joined_at=at if status else None,
        called_at=at if status is EntryStatus.CALLED else None,
        started_at=at if status is EntryStatus.IN_SERVICE else None,
        held_until=luck.choice([None, at + timedelta(seconds=60)]) if status is EntryStatus.HELD else None,
    )


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Scene, Random]:
    luck = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - a play
    here = lines(draw(st.lists(st.booleans(), min_size=1, max_size=9)))
    taken: set[UUID] = set()
    visits = [somebody(luck, number, here, taken) for number in range(draw(st.integers(0, 60)))]
    codes = {line.service for line in here}
    breaks = {room.id: NOW for line in here for room in line.rooms if luck.random() < 0.3}
    scene = Scene(
        now=NOW,
        seconds=draw(st.sampled_from([1.0, 10.0, 1000.0])),
        today=TODAY,
        visits=visits,
        open_steps={code: luck.randrange(0, 2 * rates.MOST) for code in codes},
        lines=here,
        breaks=breaks,
    )
    return scene, luck


def concerned(moves: list[Move]) -> list[UnderWay]:
    return [move.visit for move in moves if move.visit is not None]


@given(scenes())
@settings(max_examples=up_to(300), deadline=None)
def test_nobody_moves_twice_and_nobody_reserved_moves(given_: tuple[Scene, Random]) -> None:
    scene, luck = given_
    moved = concerned(pace.moves(scene, luck))
    assert all(times == 1 for times in Counter(one.visit_id for one in moved).values())
    assert not any(one.is_demo_reserved for one in moved)


@given(scenes())
@settings(max_examples=up_to(300), deadline=None)
def test_every_move_has_its_way_in_the_table(given_: tuple[Scene, Random]) -> None:
    scene, luck = given_
    for move in pace.moves(scene, luck):
        if move.visit is None:
            continue
        name = move.deed.name.lower().replace("_", "-")
        way = TABLE[COMMANDS.get(move.deed) or Command(name)]
        status = EntryStatus(move.visit.entry_status) if move.visit.entry_status else None
        assert move.visit.state in way.visit_from, move
        assert status in way.entry_from, move


@given(scenes())
@settings(max_examples=up_to(300), deadline=None)
def test_people_are_called_one_by_one_into_open_and_empty_rooms(given_: tuple[Scene, Random]) -> None:
    scene, luck = given_
    calls = [one for one in pace.moves(scene, luck) if one.deed in {Deed.CALL, Deed.START_DIRECT}]
    rooms = [one.room.id for one in calls if one.room]
    assert len(set(rooms)) == len(rooms) == len(calls)
    assert all(one.room and one.room.is_open for one in calls)
    assert not set(rooms) & {visit.point_id for visit in scene.visits}


@given(scenes())
@settings(max_examples=up_to(300), deadline=None)
def test_only_people_of_the_town_do_what_is_unusual(given_: tuple[Scene, Random]) -> None:
    scene, luck = given_
    straight = {Deed.CALL, Deed.RECALL, Deed.START, Deed.COMPLETE}
    for move in pace.moves(scene, luck):
        if move.visit is not None and not move.visit.mrn.startswith(PREFIXES[Kind.TOWN]):
            assert move.deed in straight


@given(scenes())
@settings(max_examples=up_to(300), deadline=None)
def test_one_room_of_each_service_stays_open_and_foreign_pauses_stand(given_: tuple[Scene, Random]) -> None:
    scene, luck = given_
    moves = pace.moves(scene, luck)
    left = [one for one in moves if one.deed is Deed.PAUSE_ROOM]
    for move in left:
        assert move.line is not None
        assert move.until is not None
        assert move.until > NOW
        rooms = [room for line in scene.offering(move.line.service) for room in line.rooms]
        assert [one.line.service for one in left if one.line].count(move.line.service) == 1
        assert len(rooms) > 1
        assert all(room.is_open for room in rooms)
    back = {one.room.id for one in moves if one.deed is Deed.OPEN_ROOM and one.room}
    assert back <= set(scene.breaks)


@given(scenes())
@settings(max_examples=up_to(200), deadline=None)
def test_nobody_comes_for_a_service_that_has_enough_before_it(given_: tuple[Scene, Random]) -> None:
    scene, luck = given_
    for move in pace.moves(scene, luck):
        if move.deed in {Deed.BOOK, Deed.WALK_IN}:
            first = scene.offering(move.services[0])
            inside = sum(len(scene.engaged(line)) for line in first)
            assert scene.open_steps[move.services[0]] - inside < rates.MOST * len(first)


def test_as_many_miss_their_call_as_the_table_says() -> None:
    luck = Random(3)  # noqa: S311 - a play
    here = lines([True])
    people = [somebody(luck, number, here, set()) for number in range(20_000)]
    town = [one for one in people if one.mrn.startswith(PREFIXES[Kind.TOWN]) and not one.is_demo_reserved]
    share = sum(pace.is_absent(one) for one in town) / len(town)
    assert 0.033 < share < 0.047
