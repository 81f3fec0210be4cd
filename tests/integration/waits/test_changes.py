"""The clock logs who would be told something else now, and nobody twice."""

import pytest
from flask import Flask

from app.journey import services as journey
from app.queues.states import PointStatus
from app.waits import services as waits
from tests.hospital import Hospital
from tests.integration.waits.desk import Desk, at, statements
from tests.together import together


def test_only_who_would_be_told_another_range_is_logged(desk: Desk) -> None:
    desk.knows(10)
    line = [desk.joins() for _ in range(9)]
    assert waits.log_changes() == 0
    desk.later(1)
    desk.room(0, PointStatus.PAUSED, until=at("11:00"))
    before = len(desk.told())
    logged = waits.log_changes()
    assert 0 < logged < 9  # the first in line come at once all the same
    assert len(desk.told()) == before + logged
    assert waits.log_changes() == 0
    last = desk.told(line[-1])[-1]
    assert (last.occasion, last.made_at) == ("change", at("10:01"))


def test_calls_that_were_foreseen_change_nothing_and_later_ones_are_the_occasion(desk: Desk) -> None:
    desk.knows(10)
    line = [desk.joins() for _ in range(9)]
    desk.later(1)
    for room in range(3):
        desk.is_called(line[room], room)
    assert waits.log_changes() == 0
    desk.later(9)
    for room in range(3):
        desk.is_served(line[room])
        desk.is_called(line[3 + room], room)
    assert waits.log_changes() > 0
    assert {row.occasion for row in desk.told(*line[6:])} == {"join", "call"}
    assert all(len(desk.told(entry)) == 1 for entry in line[:6])


def test_looking_costs_six_statements_and_nothing_where_nobody_waits(desk: Desk) -> None:
    with statements() as seen:
        assert waits.log_changes() == 0
    assert len(seen) == 1
    for _ in range(3):
        desk.joins()
    with statements() as seen:
        assert waits.log_changes() == 0
    assert len(seen) == 6, seen


@pytest.mark.mariadb
def test_the_log_never_stands_in_a_nurses_way(mariadb_app: Flask, hospital: Hospital) -> None:
    for _ in range(9):
        hospital.waiting("consult")
    anne = hospital.cast.anne
    calls = [lambda room=room: journey.call_next(hospital.consult, room, by=anne) for room in hospital.rooms]
    answers = together(mariadb_app, [*calls, *[waits.log_changes] * 5])
    assert not [one for one in answers if isinstance(one, Exception)], answers
