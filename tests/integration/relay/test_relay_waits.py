"""A promise that has to wait for another one loses nothing by it, and what partners follow is promised by itself."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.core import relay
from app.core.db import db
from app.core.locking import hold
from app.core.relay import Delivered, Waits
from app.core.transaction import transactional
from app.queues.models import ServicePoint
from tests.hospital import Hospital
from tests.integration.relay.stage import Target, consumer, move, rows, standing


def test_who_waits_keeps_all_lives_and_is_no_repeat(app: Flask, hospital: Hospital) -> None:
    is_there = False
    repeats: list[bool] = []

    def answer(parcel: relay.Parcel) -> relay.Outcome:
        repeats.append(parcel.is_repeat)
        return Delivered() if is_there else Waits("its patient is not there yet", 60)

    mine = consumer(Target(answer=answer), mode="snapshot")
    move(hospital.consult)
    move(hospital.consult)
    relay.deliver_due(mine)
    assert {(row.status, row.attempts, row.claims) for row in rows()} == {("pending", 0, 0)}
    assert rows()[0].last_error == "its patient is not there yet"
    relay.deliver_due(mine)
    assert repeats == [False]  # its time has not come
    is_there = True
    with time_machine.travel(rows()[0].next_attempt_at + timedelta(seconds=1), tick=True):
        relay.deliver_due(mine)
    assert repeats == [False, False]
    assert {status for _seq, status, _outcome in standing()} == {"completed"}


@transactional
def rename(point_id: int, *names: str) -> None:
    """Rename a room, as often as there are names."""
    point = db.session.get_one(ServicePoint, point_id)
    for name in names:
        point.name_en = name
        db.session.flush()


@transactional
def touch(point_id: int) -> None:
    """Change what nobody outside hears of."""
    db.session.get_one(ServicePoint, point_id).paused_until = None
    db.session.get_one(ServicePoint, point_id).version += 1


def test_what_partners_follow_is_promised_once_a_transaction(app: Flask, hospital: Hospital) -> None:
    point_id = db.session.execute(select(ServicePoint.id).limit(1)).scalar_one()
    rename(point_id, "Before anybody listened")
    consumer(Target(), kinds=frozenset({"point"}), mode="snapshot")
    assert rows() == []
    rename(point_id, "One", "Two", "Three")
    rename(point_id, "Four")
    assert [row.seq for row in rows()] == [1, 2]
    touch(point_id)
    assert len(rows()) == 2


def test_what_was_rolled_back_was_never_promised(app: Flask, hospital: Hospital) -> None:
    consumer(Target(), kinds=frozenset({"point"}), mode="snapshot")
    point_id = db.session.execute(select(ServicePoint.id).limit(1)).scalar_one()

    @transactional
    def rename_and_fail() -> None:
        hold(ServicePoint, db.session.get_one(ServicePoint, point_id).public_id).name_en = "Nowhere"
        db.session.flush()
        raise ValueError("and then it failed")

    with pytest.raises(ValueError, match="and then it failed"):
        rename_and_fail()
    assert rows() == []
