"""The plan of staff: shifts of a week and its exceptions, and who is at work in the hours that come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from app.core.errors import InvalidError
from app.waits.rules import Stretch, with_away

# Nobody is told a wait beyond this; who comes at night waits for the morning, who comes at noon not for tomorrow.
HORIZON = timedelta(hours=8)
DAY_MINUTES = 24 * 60
MOST_STAFF = 200
MOST_SHIFTS = 12  # a day


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """So many people at work between two minutes of a day, counted from its midnight; past 1440 the next morning."""

    begins: int
    ends: int
    staff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The shifts of a weekday (0 is Monday) or of one date."""

    weekday: int | None = None
    on_date: date | None = None
    shift: Shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room as the forecast sees it: its places, those taken by who is called or inside, whether it is open."""

    capacity: int
    engaged: int
    is_open: bool
    is_paused: bool
    paused_until: datetime | None = None


def days_around(now: datetime, zone: ZoneInfo) -> tuple[date, ...]:
    """Return the days whose shifts may reach into the coming hours: yesterday's nights, today's, tomorrow's."""
    today = now.astimezone(zone).date()
    return tuple(today + timedelta(days=one) for one in (-1, 0, 1))


def shifts_on(day: date, planned: Iterable[Planned]) -> tuple[Shift, ...]:
    """Return the shifts of a day; where the date has any of its own, those alone."""
    known = list(planned)
    own = [one.shift for one in known if one.on_date == day]
    return tuple(sorted(own or [one.shift for one in known if one.weekday == day.weekday()]))


def over_the_day(yesterday: Iterable[Shift], today: Iterable[Shift]) -> tuple[Shift, ...]:
    """Return how many are at work from midnight to midnight, step by step, last night's shifts among them."""
    late = [Shift(one.begins - DAY_MINUTES, one.ends - DAY_MINUTES, one.staff) for one in yesterday]
    known = [*late, *today]
    edges = {min(max(0, edge), DAY_MINUTES) for one in known for edge in (one.begins, one.ends)}
    steps = [
        Shift(begins, ends, sum(one.staff for one in known if one.begins <= begins < one.ends))
        for begins, ends in pairwise(sorted(edges))
    ]
    return tuple(one for one in steps if one.staff)


def at_work(
    planned: Sequence[Planned], rooms: Sequence[Room], now: datetime, zone: ZoneInfo
) -> tuple[Stretch, ...]:
    """Return who serves from now on, moment to moment, without those who are away.

    Without a plan of the week: everybody whose room is not closed, all day. Never more than there are places.
    """
    places = sum(room.capacity for room in rooms)
    has_week = any(one.weekday is not None for one in planned)
    always = () if has_week else (Shift(0, DAY_MINUTES, _open_or_paused(rooms)),)
    known = [
        stretch
        for day in days_around(now, zone)
        for stretch in _of_day(day, shifts_on(day, planned) or always, zone)
    ]
    stretches = _clipped(known, now, places)
    return _clipped(with_away(stretches, now, _away(stretches, rooms, now)), now, places)


def taken(rooms: Iterable[Room]) -> int:
    """Return how many places of the open rooms are taken; who is called before a taken place takes none."""
    return sum(min(room.capacity, room.engaged) for room in rooms if room.is_open)


def check_day(shifts: Sequence[Shift], *, day: int = 0) -> None:
    """Raise InvalidError for shifts of one day that make no sense; it names `day` and the row, as they were given."""
    if len(shifts) > MOST_SHIFTS:
        raise InvalidError(field="shifts", why="too_many", day=day, row=MOST_SHIFTS, limit=MOST_SHIFTS)
    for row, one in enumerate(shifts):
        if not (0 <= one.begins < DAY_MINUTES and 0 < one.ends - one.begins <= DAY_MINUTES):
            raise InvalidError(field="shifts", why="times", day=day, row=row)
        if not 0 <= one.staff <= MOST_STAFF:
            raise InvalidError(field="shifts", why="staff", day=day, row=row, limit=MOST_STAFF)
    in_order = sorted(range(len(shifts)), key=lambda row: shifts[row])
    for first, second in pairwise(in_order):
        if shifts[second].begins < shifts[first].ends:
            # Told at the row further down: that is where somebody adds.
            raise InvalidError(field="shifts", why="overlap", day=day, row=max(first, second))


def _of_day(day: date, shifts: Iterable[Shift], zone: ZoneInfo) -> list[Stretch]:
    return [
        Stretch(begin=_moment(day, one.begins, zone), end=_moment(day, one.ends, zone), staff=one.staff)
        for one in shifts
    ]


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minute, DAY_MINUTES)
    wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=zone)
    return wall.astimezone(UTC)


def _clipped(stretches: Sequence[Stretch], now: datetime, places: int) -> tuple[Stretch, ...]:
    """Return what of them lies within the horizon, added up, and no more staff than places."""
    return tuple(
        Stretch(begin=max(one.begin, now), end=min(one.end, now + HORIZON), staff=min(one.staff, places))
        for one in with_away(stretches, now, ())
        if one.end > now and one.begin < now + HORIZON and places
    )


def _away(stretches: Sequence[Stretch], rooms: Sequence[Room], now: datetime) -> list[datetime | None]:
    """Return until when somebody is away who should be at work now: the plan's staff less the open rooms' places.

    Who is paused while the plan has fewer people than rooms (lunch) is not missed. Whose return is known fills
    the gap first; a closed room says nothing, so it counts as one of unknown return.
    """
    planned_now = sum(one.staff for one in stretches if one.begin <= now < one.end)
    open_now = sum(room.capacity for room in rooms if room.is_open)
    back: list[datetime | None] = [
        room.paused_until for room in rooms if not room.is_open for _ in range(room.capacity)
    ]
    known = sorted(one for one in back if one is not None)
    in_order = [*known, *(None for one in back if one is None)]
    return in_order[: max(0, planned_now - open_now)]


def _open_or_paused(rooms: Iterable[Room]) -> int:
    return sum(room.capacity for room in rooms if room.is_open or room.is_paused)
