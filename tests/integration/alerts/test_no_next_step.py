"""Where no queue takes the next step, the desk is told once for the house, and until nobody stands there any more."""

from functools import partial
from uuid import UUID

import pytest
from flask import Flask

from app.alerts.rules import DESK_ID, Kind, Outcome
from app.journey import services as journey
from app.journey.states import Command, State
from tests.hospital import Hospital
from tests.integration.alerts.night import alerts, seq_of, the_alert
from tests.integration.journey.scenes import Stage
from tests.together import together


def test_the_desk_is_told_and_the_alert_goes_when_the_desk_has_found_a_line(stage: Stage) -> None:
    visit = stage.bring("between")
    alert = the_alert()
    assert (alert.kind, alert.priority, alert.owner, alert.unit) == (Kind.NO_NEXT_STEP, 2, "desk", None)
    before = seq_of(DESK_ID)
    stage.give(Command.JOIN, visit)
    ended = the_alert()
    assert (ended.outcome, ended.taken_by) == (Outcome.DONE, stage.hospital.cast.henry.id)
    assert seq_of(DESK_ID) == before + 1


def test_one_closed_queue_strands_many_and_is_one_alert(stage: Stage) -> None:
    visits = [stage.bring("between") for _ in range(3)]
    assert the_alert().occurrences == 3
    for visit in visits:
        assert the_alert().ended_at is None
        stage.give(Command.JOIN, visit)
    assert the_alert().outcome == Outcome.DONE


def test_whoever_goes_home_from_there_needs_no_line(stage: Stage) -> None:
    visit = stage.bring("between")
    stage.give(Command.LEAVE, visit)
    assert the_alert().outcome == Outcome.CLEARED


def test_a_new_look_at_the_same_visit_counts_nothing(stage: Stage) -> None:
    visit = stage.bring("between")
    stage.open(stage.hospital.lab, is_open=False)
    stage.open(stage.hospital.consult, is_open=False)
    stage.give(Command.ADD_STEP, visit)
    assert stage.where(visit) == (State.WAITING, None)
    assert the_alert().occurrences == 1


def test_whoever_pays_at_once_is_in_nobodys_way(stage: Stage) -> None:
    stage.bring("paying")
    stage.bring("waiting")
    assert alerts() == []


@pytest.mark.mariadb
def test_two_clerks_who_find_the_last_two_lines_at_once_end_it(
    mariadb_app: Flask, hospital: Hospital
) -> None:
    stage = Stage(hospital)
    for _ in range(5):
        visits: list[UUID] = [stage.bring("between"), stage.bring("between")]
        together(mariadb_app, [partial(journey.join, visit, by=hospital.cast.henry) for visit in visits])
        assert {stage.where(visit)[0] for visit in visits} == {State.WAITING}
        assert alerts(open_slot=1) == []
