"""What patients are told of what is done with them: number and place, once, in the deed's own transaction."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.db import db
from app.core.errors import RefusedError
from app.core.transaction import release
from app.journey import services as journey
from app.journey.states import Command
from app.notices import services as notices
from app.notices.models import Notice
from app.queues import services as queues
from tests.hospital import ALL_DAY, SITE, Hospital
from tests.integration.journey.scenes import Stage


def told(visit: UUID) -> list[tuple[str, dict[str, Any]]]:
    """Return what a patient was told, oldest first."""
    release()
    rows = db.session.execute(
        select(Notice.kind, Notice.params).where(Notice.visit_id == visit).order_by(Notice.id)
    )
    return [(row.kind, row.params) for row in rows]


@pytest.fixture
def stage(app: Flask, hospital: Hospital) -> Stage:
    """Give the hospital with a hand for every command."""
    return Stage(hospital, only_room=hospital.rooms[0])


def test_who_is_called_and_called_again_is_told_the_room_each_time(stage: Stage) -> None:
    visit = stage.bring("called")
    stage.give(Command.RECALL, visit)
    number = stage.visit(visit).day_number
    said = {"number": number, "place_ko": "1번 진료실", "place_en": "Room 1"}
    assert told(visit) == [("called", said), ("called", said)]


def test_who_missed_the_call_is_told_how_to_come_back(stage: Stage) -> None:
    visit = stage.bring("missed")
    assert [kind for kind, _ in told(visit)] == ["called", "missed"]


def test_who_goes_on_is_told_the_floor_and_no_department(stage: Stage) -> None:
    visit = stage.hospital.waiting("lab", "consult")
    stage.only_room = stage.hospital.lab_room
    for command in (Command.CALL, Command.START, Command.COMPLETE):
        stage.give(command, visit)
    kind, said = told(visit)[-1]
    assert kind == "next_step"
    assert said["place_ko"] == "2층"
    assert not {"내과", "채혈"} & set("".join(str(value) for value in said.values()))


def test_a_refused_command_tells_nobody_anything(stage: Stage) -> None:
    visit = stage.bring("waiting")
    with pytest.raises(RefusedError):
        stage.give(Command.RECALL, visit)
    assert told(visit) == []


def test_who_asked_for_it_is_told_once_that_the_turn_is_near(stage: Stage) -> None:
    first, second, third = (stage.hospital.waiting("consult") for _ in range(3))
    cast = stage.hospital.cast
    for visit, people in ((second, 1), (third, 1)):
        notices.prefer_near_turn(visit, people, by=cast.henry)
    assert journey.tell_whose_turn_is_near() == 1
    assert told(second) == [("near_turn", {"number": 2, "people": 1})]
    assert journey.tell_whose_turn_is_near() == 0
    stage.give(Command.CALL, first)
    assert journey.tell_whose_turn_is_near() == 1
    assert [kind for kind, _ in told(third)] == ["near_turn"]


def test_who_is_sent_to_another_line_is_told_where(stage: Stage) -> None:
    cast = stage.hospital.cast
    visit = stage.hospital.waiting("consult")
    other = queues.open_queue(
        "consult-2",
        service="consult",
        site=SITE,
        unit=stage.hospital.ward,
        name_ko="내과 2",
        name_en="Internal medicine 2",
        place="2f-demo-2",
        rules=ALL_DAY,
        by=cast.chris,
    )
    entry = stage.entry(visit)
    assert entry is not None
    journey.transfer(entry.public_id, version=entry.version, queue_id=other, by=cast.anne)
    assert [(kind, said["place_ko"]) for kind, said in told(visit)] == [("transferred", "2층")]
