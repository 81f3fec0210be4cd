"""What may be told now: at once after a pause, never without a server, the same for equal places."""

import pytest

from app.core.db import db
from app.core.errors import NotFoundError
from app.core.transaction import release
from app.queues.models import QueueEntry, ServicePoint
from app.queues.states import PointStatus
from app.waits import queries
from tests.integration.waits.desk import Desk, at, minutes_of, statements, unit


def test_everything_about_a_queue_costs_four_statements_however_many_wait(desk: Desk) -> None:
    for _ in range(6):
        desk.joins()
    release()
    with statements() as seen:
        outlook = queries.outlook(desk.hospital.consult)
        told = [outlook.of(entry) for entry in outlook.places]
        assert outlook.newcomer.ahead == 6
    assert len(seen) == 4, seen
    assert [one.ahead for one in told if one] == list(range(6))


def test_choosing_between_queues_costs_three_statements(desk: Desk) -> None:
    desk.knows(10, off=(-1, 1, 2))
    for _ in range(4):
        desk.joins()
    release()
    consult = desk.queue().id
    with statements() as seen:
        assert queries.newcomer_seconds([consult, 999_999]) == {consult: 460.0, 999_999: None}
    assert len(seen) == 3, seen


def test_the_line_is_told_in_the_order_of_service(quick: Desk) -> None:
    first, second, third = quick.joins(), quick.joins(), quick.joins()

    def urgent() -> None:
        quick.entry(third).rank_class = 2

    unit(urgent)
    outlook = quick.outlook()
    told = {entry: outlook.of(entry) for entry in (first, second, third)}
    assert {entry: one.ahead for entry, one in told.items() if one} == {third: 0, first: 1, second: 2}


def test_whoever_does_not_wait_is_told_nothing(quick: Desk) -> None:
    entry = quick.joins()
    quick.is_called(entry)
    assert quick.outlook().of(entry) is None
    with pytest.raises(NotFoundError):
        queries.outlook(entry)


def test_under_twenty_services_the_configured_time_is_told_as_an_estimate(quick: Desk) -> None:
    for _ in range(6):
        quick.joins()
    quick.serves(*[60] * 19)
    before = quick.newcomer()
    assert before.eta_seconds == 4 * 600 / 3  # configured: ten minutes
    assert before.range is not None
    assert before.range.is_estimate
    quick.serves(60)
    assert quick.newcomer().eta_seconds == 4 * 3600 / 3


def test_a_free_room_and_nobody_before_is_at_once(quick: Desk) -> None:
    quick.knows(10)
    assert minutes_of(quick.newcomer()) == (0, 5)


def test_a_paused_room_moves_the_range_in_the_next_look(quick: Desk) -> None:
    quick.knows(10)
    for _ in range(9):
        quick.joins()
    before = minutes_of(quick.newcomer())
    quick.room(0, PointStatus.PAUSED, until=at("11:00"))
    after = minutes_of(quick.newcomer())
    assert (before, after) == ((20, 30), (35, 45))
    quick.room(0, PointStatus.OPEN)
    assert minutes_of(quick.newcomer()) == before


def test_with_every_room_paused_or_closed_no_number_is_told(quick: Desk) -> None:
    quick.knows(10)
    entry = quick.joins()
    for room in range(3):
        quick.room(room, PointStatus.PAUSED)
    assert [(one.range, one.why) for one in (quick.newcomer(), quick.outlook().of(entry)) if one] == [
        (None, "paused")
    ] * 2
    for room in range(3):
        quick.room(room, PointStatus.CLOSED)
    assert (quick.newcomer().range, quick.newcomer().why) == (None, "closed")


def test_a_closed_queue_and_the_hours_after_work_have_no_number(quick: Desk) -> None:
    quick.knows(10)
    quick.plans(("09:00", "18:00", 3))
    quick.travel(at("18:00"))
    assert (quick.newcomer().range, quick.newcomer().why) == (None, "closed")
    quick.travel(at("17:50"))
    for _ in range(9):
        quick.joins()
    assert (quick.newcomer().range, quick.newcomer().why) == (None, "unknown")

    def close() -> None:
        quick.queue().is_open = False

    quick.travel(at("10:00"))
    unit(close)
    assert quick.newcomer().why == "closed"


def test_before_lunch_behind_ten_people_more_than_an_hour_is_predicted(quick: Desk) -> None:
    quick.knows(9)
    quick.plans(("09:00", "12:30", 3), ("13:30", "18:00", 3))
    for _ in range(10):
        quick.joins()
    quick.travel(at("12:20"))
    eta = quick.newcomer().eta_seconds
    assert eta is not None
    assert eta >= 3600
    quick.plans()
    without = quick.newcomer().eta_seconds
    assert without is not None
    assert without < 1800


def test_a_range_over_an_hour_wide_is_not_told(quick: Desk) -> None:
    quick.knows(10, off=(-20, 0, 55))
    for _ in range(12):
        quick.joins()
    told = quick.newcomer()
    assert (told.range, told.why) == (None, "wide")
    assert told.eta_seconds is not None


def test_a_slow_day_is_said_to_be_one(quick: Desk) -> None:
    quick.knows(10)
    quick.joins()
    assert quick.newcomer().why is None
    quick.serves(*[25] * 4)
    assert quick.newcomer().why == "busier"


def test_who_waits_for_one_room_is_told_that_it_is_paused(quick: Desk) -> None:
    quick.knows(10)
    entry, other = quick.joins(), quick.joins()
    point = db.session.query(ServicePoint.id).filter_by(public_id=quick.hospital.rooms[1]).scalar()

    def pin() -> None:
        db.session.query(QueueEntry).filter_by(public_id=entry).one().pinned_point_id = point

    unit(pin)
    quick.room(1, PointStatus.PAUSED)
    outlook = quick.outlook()
    told, told_other = outlook.of(entry), outlook.of(other)
    assert told is not None
    assert told_other is not None
    assert (told.range, told.why) == (None, "paused")
    assert told_other.range is not None
