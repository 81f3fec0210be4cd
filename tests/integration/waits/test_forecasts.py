"""What is told on joining is logged with all it was made of, and closed by the call."""

import pytest

from app.core.db import db
from app.journey import services as journey
from app.journey.models import Visit
from app.queues.models import QueueEntry
from app.queues.states import PointStatus
from app.waits import queries
from app.waits import services as waits
from app.waits.queries import Forecast
from tests.integration.waits.desk import Desk, at, statements, unit


def test_who_joins_is_forecast_and_the_log_says_from_what(desk: Desk) -> None:
    desk.knows(10)
    for _ in range(3):
        desk.joins()
    fourth = desk.joins()
    [row] = desk.told(fourth)
    # Three rooms are free for the three before; then one room is free every 200 s.
    assert (row.occasion, row.model, row.eta_seconds) == ("join", "ql-plan", 200.0)
    assert (row.low_minutes, row.high_minutes, row.called_at, row.is_clean) == (0, 10, None, True)
    assert row.made_at == at("10:00")
    assert {name: row.inputs[name] for name in ("ahead", "busy", "service_seconds", "observations")} == {
        "ahead": 3,
        "busy": 0,
        "service_seconds": 600.0,
        "observations": 500,
    }


def test_a_join_costs_four_statements_however_many_wait(desk: Desk) -> None:
    for _ in range(8):
        desk.joins()
    last = desk.joins()
    row_id = desk.entry(last).id

    def note() -> None:
        queue, entry = desk.queue(), db.session.get_one(QueueEntry, row_id)
        with statements() as seen:
            waits.note_join(queue, entry)
            db.session.flush()
        assert len(seen) == 4, seen

    unit(note)


def test_a_call_costs_one_statement_and_a_service_two(desk: Desk) -> None:
    entry = desk.joins()
    desk.is_called(entry)
    desk.serves(10)

    def note() -> None:
        queue, row = desk.queue(), desk.entry(entry)
        with statements() as seen:
            waits.note_called(queue, row)
        assert len(seen) == 1
        with statements() as seen:
            waits.note_served(queue, row, 300)
            db.session.flush()
        assert len(seen) == 2, seen

    unit(note)


def replay(desk: Desk) -> list[tuple[Forecast, tuple[object, ...]]]:
    return [
        (
            queries.replayed(row.made_at, row.inputs),
            (row.eta_seconds, row.low_minutes, row.high_minutes),
        )
        for row in desk.told()
    ]


def test_the_log_replayed_gives_identical_forecasts(desk: Desk) -> None:
    desk.knows(7.3, off=(-1.7, 0.3, 6.1))
    desk.plans(("09:00", "10:07", 3), ("10:07", "10:31", 1), ("10:31", "18:00", 2))
    for _ in range(7):
        desk.joins()
        desk.later(0.13)
    desk.room(1, PointStatus.PAUSED, until=at("10:21"))
    desk.joins()
    desk.room(2, PointStatus.CLOSED)
    waits.log_changes()
    desk.room(0, PointStatus.PAUSED)
    desk.joins()
    desk.travel(at("21:00"))
    desk.room(0, PointStatus.OPEN)
    desk.joins()
    found = replay(desk)
    assert len(found) > 10
    for forecast, logged in found:
        assert (forecast.eta_seconds, *queries.bounds(forecast)) == logged
    assert {forecast.why for forecast, _ in found} == {None, "paused", "closed"}
    assert len({logged for _, logged in found}) > 5


def test_the_first_call_ends_the_wait(desk: Desk) -> None:
    first, second = desk.joins(), desk.joins()
    desk.later(12)
    desk.is_called(first)
    [row] = desk.told(first)
    assert (row.called_at, row.is_clean) == (at("10:12"), True)
    assert desk.told(second)[0].called_at is None


def test_a_missed_call_was_a_call_and_what_is_told_after_it_counts_to_the_next(desk: Desk) -> None:
    by = desk.hospital.cast.anne
    entry = desk.joins()
    desk.later(5)
    desk.is_called(entry)
    desk.later(5)
    journey.miss(entry, version=desk.entry(entry).version, by=by)
    journey.re_enter(entry, version=desk.entry(entry).version, by=by)
    desk.later(1)
    desk.room(0, PointStatus.PAUSED)
    desk.room(1, PointStatus.PAUSED)
    desk.room(2, PointStatus.PAUSED)
    waits.log_changes()
    desk.room(0, PointStatus.OPEN)
    desk.later(9)
    desk.is_called(entry)
    assert [(row.called_at, row.is_clean) for row in desk.told(entry)] == [
        (at("10:05"), True),
        (at("10:20"), True),
    ]


@pytest.mark.parametrize("what", ["held", "skipped", "urgent"])
def test_who_was_held_moved_or_preferred_is_left_out_of_the_figures(desk: Desk, what: str) -> None:
    by = desk.hospital.cast.anne
    entry = desk.joins()
    desk.joins()
    version = desk.entry(entry).version
    if what == "held":
        journey.hold(entry, version=version, reason="검사 준비", by=by)
        desk.later(20)
        journey.resume(entry, version=desk.entry(entry).version, by=by)
    elif what == "skipped":
        journey.skip_once(entry, version=version, reason="보호자 대기", by=by)
    else:
        journey.prioritise(entry, priority=2, version=version, reason="통증", by=by)
    desk.later(5)
    desk.is_called(entry)
    [row] = desk.told(entry)
    assert row.called_at is not None
    assert not row.is_clean


def test_who_leaves_was_never_called(desk: Desk) -> None:
    entry = desk.joins()
    visit = db.session.get_one(Visit, desk.entry(entry).visit_id)
    journey.leave(visit.public_id, version=visit.version, reason="귀가", by=desk.hospital.cast.anne)
    assert desk.told(entry)[0].called_at is None
