"""Who is at work: a week, its exceptions, nights, lunch, rooms at rest."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.core.errors import InvalidError
from app.waits.plans import HORIZON, Planned, Room, Shift, at_work, check_day, over_the_day, shifts_on, taken

SEOUL = ZoneInfo("Asia/Seoul")
TUESDAY = date(2027, 3, 2)
OPEN = Room(capacity=1, engaged=0, is_open=True, is_paused=False)
CLOSED = Room(capacity=1, engaged=0, is_open=False, is_paused=False)


def at(clock_time: str, day: date = TUESDAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock_time}").replace(tzinfo=SEOUL).astimezone(UTC)


def paused(until: datetime | None = None) -> Room:
    return Room(capacity=1, engaged=0, is_open=False, is_paused=True, paused_until=until)


def minutes(clock_time: str) -> int:
    hours, rest = clock_time.split(":")
    return int(hours) * 60 + int(rest)


def shift(begins: str, ends: str, staff: int) -> Shift:
    return Shift(minutes(begins), minutes(ends), staff)


def tuesdays(*shifts: Shift) -> list[Planned]:
    return [Planned(weekday=1, shift=one) for one in shifts]


WORKDAY = tuesdays(shift("09:00", "12:30", 3), shift("12:30", "13:30", 1), shift("13:30", "17:30", 3))


def staff(planned: list[Planned], rooms: list[Room], now: datetime) -> list[tuple[str, str, int]]:
    """Return who is at work, in the words of the hospital's wall clock."""
    return [
        (f"{one.begin.astimezone(SEOUL):%H:%M}", f"{one.end.astimezone(SEOUL):%H:%M}", one.staff)
        for one in at_work(planned, rooms, now, SEOUL)
    ]


def test_a_day_is_read_from_now_on_and_lunch_has_fewer() -> None:
    assert staff(WORKDAY, [OPEN] * 3, at("12:20")) == [
        ("12:20", "12:30", 3),
        ("12:30", "13:30", 1),
        ("13:30", "17:30", 3),
    ]


def test_after_the_last_shift_nobody_is_at_work() -> None:
    assert staff(WORKDAY, [OPEN] * 3, at("17:30")) == []


def test_before_the_first_shift_the_morning_is_seen_within_eight_hours() -> None:
    assert staff(WORKDAY, [OPEN] * 3, at("07:00")) == [
        ("09:00", "12:30", 3),
        ("12:30", "13:30", 1),
        ("13:30", "15:00", 3),
    ]
    assert staff(WORKDAY, [OPEN] * 3, at("09:00") - HORIZON) == []


def test_a_night_reaches_into_the_next_day_and_adds_to_it() -> None:
    night = [Planned(weekday=0, shift=Shift(22 * 60, 30 * 60, 1)), *tuesdays(shift("05:00", "09:00", 1))]
    assert staff(night, [OPEN] * 2, at("04:00")) == [
        ("04:00", "05:00", 1),
        ("05:00", "06:00", 2),
        ("06:00", "09:00", 1),
    ]


def test_a_date_beats_its_weekday() -> None:
    planned = [*WORKDAY, Planned(on_date=TUESDAY, shift=shift("09:00", "10:00", 1))]
    assert shifts_on(TUESDAY, planned) == (shift("09:00", "10:00", 1),)
    assert shifts_on(TUESDAY + timedelta(days=7), planned) == tuple(one.shift for one in WORKDAY)
    holiday = [*WORKDAY, Planned(on_date=TUESDAY, shift=shift("00:00", "24:00", 0))]
    assert staff(holiday, [OPEN] * 3, at("10:00")) == []


def test_a_day_is_drawn_from_midnight_to_midnight_with_last_nights_people() -> None:
    night, day = shift("22:00", "30:00", 1), shift("05:00", "12:00", 2)
    assert over_the_day([night], [day, night, shift("13:00", "14:00", 0)]) == (
        shift("00:00", "05:00", 1),
        shift("05:00", "06:00", 3),
        shift("06:00", "12:00", 2),
        shift("22:00", "24:00", 1),
    )
    assert over_the_day([day], []) == ()


def test_without_a_plan_every_room_that_is_not_closed_is_at_work_all_day() -> None:
    assert staff([], [OPEN, OPEN, CLOSED], at("15:00")) == [("15:00", "23:00", 2)]
    only_a_date = [Planned(on_date=TUESDAY + timedelta(days=1), shift=shift("00:00", "24:00", 0))]
    assert staff(only_a_date, [OPEN], at("20:00")) == [("20:00", "00:00", 1)]


def test_never_more_are_at_work_than_there_are_places() -> None:
    assert staff(WORKDAY, [OPEN, OPEN], at("14:00")) == [("14:00", "17:30", 2)]
    assert staff(WORKDAY, [], at("14:00")) == []


def test_a_paused_room_is_missed_until_it_comes_back() -> None:
    rooms = [OPEN, OPEN, paused(at("14:20"))]
    assert staff(WORKDAY, rooms, at("14:00")) == [("14:00", "14:20", 2), ("14:20", "17:30", 3)]


def test_a_room_paused_without_a_time_and_a_closed_one_are_missed_for_half_an_hour() -> None:
    for room in (paused(), CLOSED):
        assert staff(WORKDAY, [OPEN, OPEN, room], at("14:00"))[0] == ("14:00", "14:30", 2)


def test_a_room_at_lunch_is_not_missed_twice() -> None:
    rooms = [OPEN, paused(at("13:30")), paused(at("13:30"))]
    assert staff(WORKDAY, rooms, at("12:40")) == [("12:40", "13:30", 1), ("13:30", "17:30", 3)]


def test_who_comes_back_first_fills_the_gap() -> None:
    rooms = [paused(at("14:40")), paused(at("14:10")), OPEN]
    two = tuesdays(shift("09:00", "17:30", 2))
    assert staff(two, rooms, at("14:00")) == [("14:00", "14:10", 1), ("14:10", "17:30", 2)]


def test_places_are_taken_once_however_many_are_called_before_them() -> None:
    busy = Room(capacity=2, engaged=5, is_open=True, is_paused=False)
    away = Room(capacity=1, engaged=1, is_open=False, is_paused=True)
    assert taken([busy, OPEN, away]) == 2


@pytest.mark.parametrize(
    ("shifts", "why", "row"),
    [
        ([shift("10:00", "10:00", 1)], "times", 0),
        ([shift("10:00", "09:00", 1)], "times", 0),
        ([shift("09:00", "12:00", 1), shift("24:00", "25:00", 1)], "times", 1),
        ([shift("10:00", "34:01", 1)], "times", 0),
        ([shift("09:00", "10:00", -1)], "staff", 0),
        ([shift("09:00", "10:00", 201)], "staff", 0),
        ([shift("11:00", "13:00", 1), shift("09:00", "11:30", 1)], "overlap", 1),
        ([shift("10:00", "11:00", 1)] * 13, "too_many", 12),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_row(shifts: list[Shift], why: str, row: int) -> None:
    with pytest.raises(InvalidError) as refused:
        check_day(shifts, day=4)
    assert (refused.value.details["why"], refused.value.details["row"]) == (why, row)
    assert refused.value.details["day"] == 4


def test_shifts_that_touch_and_whole_days_are_fine() -> None:
    check_day([shift("09:00", "12:00", 2), shift("12:00", "18:00", 0)])
    check_day([shift("00:00", "24:00", 1)])
    check_day([shift("22:00", "30:00", 1)])
