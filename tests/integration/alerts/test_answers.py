"""I am going, done, later, no action needed: who may, who was first, and what the clock does when nobody answers."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.accounts.roles import Role
from app.alerts import services
from app.alerts.models import Alert
from app.alerts.rules import CHARGE_ID, DESK_ID, Outcome, State, state_of
from app.alerts.services import Answered
from app.boards import queries as boards
from app.core import clock, idempotency
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import (
    BusyError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    TransitionRefusedError,
    VersionMissingError,
    VersionStaleError,
)
from app.core.idempotency import Presented
from app.core.transaction import release
from app.journey.states import Command
from tests.hospital import Hospital
from tests.integration.alerts.night import alerts, kiosk_of, seq_of, the_alert
from tests.integration.journey.scenes import Stage
from tests.together import together

MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.fixture
def left(stage: Stage) -> Alert:
    """Let an urgent patient of the ward leave."""
    visit = stage.bring("waiting")
    stage.give(Command.PRIORITY, visit)
    stage.give(Command.LEAVE, visit)
    return the_alert()


def where(alert: Alert) -> State:
    return state_of(alert.facts, clock.utcnow())


def test_who_goes_is_named_and_the_colleague_who_comes_second_is_told(
    left: Alert, hospital: Hospital
) -> None:
    services.take(left.public_id, version=1, by=hospital.cast.anne)
    taken = the_alert()
    assert (where(taken), taken.taken_by, taken.version) == (State.TAKEN, hospital.cast.anne.id, 2)
    with pytest.raises(VersionStaleError) as stale:
        services.take(left.public_id, version=1, by=hospital.cast.flora)
    assert stale.value.details["taken_by"] == "Anne"
    with pytest.raises(TransitionRefusedError) as refused:
        services.take(left.public_id, version=2, by=hospital.cast.flora)
    assert refused.value.details["taken_by"] == "Anne"
    with pytest.raises(VersionMissingError):
        services.take(left.public_id, version=None, by=hospital.cast.flora)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("anne", None),
        ("flora", None),
        ("grace", None),
        ("ben", NotFoundError),  # another ward's: not even that there is one
        ("henry", NotFoundError),
        ("chris", NotAllowedError),
        ("iris", NotAllowedError),
        ("jonas", NotAllowedError),
        ("dana", NotAllowedError),
        ("eve", NotAllowedError),
    ],
)
def test_who_may_answer_for_the_ward(
    left: Alert, hospital: Hospital, name: str, refusal: type[RefusedError] | None
) -> None:
    by: Actor = getattr(hospital.cast, name)
    for answer in (
        partial(services.take, version=1),
        partial(services.snooze, version=2, minutes=5),
        partial(services.dismiss, version=2, reason="다 보았음"),
        partial(services.finish, version=2),
    ):
        if refusal is None and answer.func in {services.snooze, services.dismiss}:
            continue
        if refusal is not None:
            with pytest.raises(refusal):
                answer(left.public_id, by=by)
        else:
            answer(left.public_id, by=by)
    assert the_alert().outcome == (None if refusal else Outcome.DONE)


def test_a_deed_without_a_word_before_is_a_taking_too(left: Alert, hospital: Hospital) -> None:
    services.finish(left.public_id, version=1, by=hospital.cast.anne)
    done = the_alert()
    assert (done.outcome, done.taken_by, done.open_slot) == (Outcome.DONE, hospital.cast.anne.id, None)
    for again in (services.take, services.finish):
        with pytest.raises(TransitionRefusedError) as refused:
            again(left.public_id, version=2, by=hospital.cast.anne)
        assert refused.value.details["why"] == "ended"


def test_what_needs_nothing_wants_a_reason(left: Alert, hospital: Hospital) -> None:
    for none in (None, "", "   "):
        with pytest.raises(InvalidError):
            services.dismiss(left.public_id, version=1, reason=none, by=hospital.cast.anne)
    services.dismiss(left.public_id, version=1, reason="검사실에 있음", by=hospital.cast.anne)
    assert (the_alert().outcome, the_alert().reason) == (Outcome.DISMISSED, "검사실에 있음")


def test_all_snoozes_together_are_fifteen_minutes(left: Alert, hospital: Hospital) -> None:
    by = hospital.cast.anne
    for wrong in (None, 0, 1, 20, 60):
        with pytest.raises(InvalidError):
            services.snooze(left.public_id, version=1, minutes=wrong, by=by)
    services.snooze(left.public_id, version=1, minutes=10, by=by)
    assert where(the_alert()) is State.SNOOZED
    services.snooze(left.public_id, version=2, minutes=5, by=by)
    with pytest.raises(InvalidError):
        services.snooze(left.public_id, version=3, minutes=5, by=by)
    with pytest.raises(DBAPIError), db.engine.begin() as connection:  # the table says so too
        connection.execute(update(Alert).values(snoozed_minutes=20))


def test_one_gesture_sent_twice_is_one(left: Alert, hospital: Hospital) -> None:
    key = Presented(scope="anne take", key="k-1", fingerprint="f")
    with idempotency.presenting(key):
        first = services.take(left.public_id, version=1, by=hospital.cast.anne)
    with idempotency.presenting(key):
        again = services.take(left.public_id, version=1, by=hospital.cast.anne)
    assert first == again
    assert the_alert().version == 2


def test_nobody_answers_and_it_is_told_on_once(stage: Stage) -> None:
    with time_machine.travel(MORNING, tick=False) as time:
        visit = stage.bring("waiting")
        stage.give(Command.PRIORITY, visit)
        stage.give(Command.LEAVE, visit)
        time.shift(timedelta(minutes=4, seconds=59))
        assert services.tend() == 0
        time.shift(timedelta(seconds=1))
        before = seq_of(stage.hospital.ward)
        assert services.tend() == 1
        assert services.tend() == 0
        assert the_alert().escalated_at == clock.utcnow()
        assert seq_of(stage.hospital.ward) == before + 1
        (strip,) = ward_strip(stage, Role.CHARGE_NURSE)
        assert strip.alerts[0].rings
        services.take(the_alert().public_id, version=1, by=stage.hospital.cast.flora)


def ward_strip(stage: Stage, role: str) -> tuple[boards.AlertStrip, ...]:
    return (boards.alert_strip(stage.hospital.ward, role=role),)


def test_what_the_desk_leaves_comes_to_every_charge_nurse_and_goes_from_there(
    kiosk: Actor, hospital: Hospital
) -> None:
    with time_machine.travel(MORNING, tick=False) as time:
        services.call_help(by=kiosk)
        with pytest.raises(NotFoundError):
            services.take(the_alert().public_id, version=1, by=hospital.cast.flora)
        time.shift(timedelta(minutes=5))
        services.tend()
        shown = {strip.id: strip for strip in boards.alert_strips(hospital.ward, by=hospital.cast.flora)}
        assert [one.device for one in shown[CHARGE_ID].alerts] == ["로비 키오스크"]
        assert shown[CHARGE_ID].alerts[0].rings
        before = seq_of(CHARGE_ID), seq_of(DESK_ID)
        services.take(the_alert().public_id, version=1, by=hospital.cast.flora)
        assert (seq_of(CHARGE_ID), seq_of(DESK_ID)) == (before[0] + 1, before[1] + 1)


def test_a_snooze_holds_the_telling_on_back_and_then_wakes(stage: Stage) -> None:
    with time_machine.travel(MORNING, tick=False) as time:
        visit = stage.bring("waiting")
        stage.give(Command.PRIORITY, visit)
        stage.give(Command.LEAVE, visit)
        services.snooze(the_alert().public_id, version=1, minutes=10, by=stage.hospital.cast.anne)
        time.shift(timedelta(minutes=9))
        assert services.tend() == 0
        assert not ward_strip(stage, Role.NURSE)[0].alerts[0].rings
        time.shift(timedelta(minutes=1))
        assert services.tend() == 1
        alert = the_alert()
        assert (where(alert), alert.snoozed_until) == (State.OPEN, None)
        assert alert.escalated_at is not None


def test_what_nobody_ever_answered_lapses_and_its_cause_may_be_told_again(kiosk: Actor) -> None:
    with time_machine.travel(MORNING, tick=False) as time:
        services.call_help(by=kiosk)
        time.shift(timedelta(minutes=30))
        assert services.tend() == 1
        assert the_alert().outcome == Outcome.LAPSED
        services.call_help(by=kiosk)
        assert [one.outcome for one in alerts()] == [Outcome.LAPSED, None]


def test_after_a_year_and_a_month_an_alert_is_forgotten(kiosk: Actor, hospital: Hospital) -> None:
    with time_machine.travel(MORNING, tick=False) as time:
        services.call_help(by=kiosk)
        services.finish(the_alert().public_id, version=1, by=hospital.cast.henry)
        time.shift(services.KEPT)
        assert services.purge() == 0
        services.call_help(by=kiosk)  # still open: never forgotten
        time.shift(timedelta(seconds=1))
        assert services.purge() == 1
        assert the_alert().ended_at is None


def patiently(work: Callable[[], Any]) -> Any:
    """Ask again where the house is busy, as clients do."""
    while True:
        try:
            return work()
        except BusyError:
            release()
            clock.pause(random.uniform(0.02, 0.2))  # noqa: S311 - so that not all come back together


@pytest.mark.mariadb
def test_of_many_who_go_at_once_exactly_one_goes(mariadb_app: Flask, hospital: Hospital) -> None:
    stage = Stage(hospital)
    for _ in range(5):
        visit = stage.bring("waiting")
        stage.give(Command.PRIORITY, visit)
        stage.give(Command.LEAVE, visit)
        (alert,) = alerts(open_slot=1, taken_at=None)
        cast = hospital.cast
        going = [
            partial(services.take, alert.public_id, version=1, by=by) for by in (cast.anne, cast.flora) * 5
        ]
        answers = together(mariadb_app, [partial(patiently, one) for one in going])
        got = [one for one in answers if isinstance(one, Answered)]
        told = [str(one.details["taken_by"]) for one in answers if isinstance(one, VersionStaleError)]
        assert (len(got), len(told)) == (1, 9)
        (named,) = set(told)
        assert {"Anne": cast.anne.id, "Flora": cast.flora.id}[named] == alerts()[-1].taken_by


@pytest.mark.mariadb
def test_many_presses_at_one_kiosk_are_one_call(
    mariadb_app: Flask, hospital: Hospital, request: pytest.FixtureRequest
) -> None:
    kiosk = request.getfixturevalue("pressed_kiosk")
    answers = together(
        mariadb_app, [partial(patiently, partial(services.call_help, by=kiosk)) for _ in range(20)]
    )
    assert len(Counter(one.alert_id for one in answers)) == 1
    alert = the_alert()
    assert (alert.occurrences, alert.version) == (20, 1)
    assert seq_of(DESK_ID) == 20


@pytest.fixture
def pressed_kiosk(mariadb_app: Flask, hospital: Hospital) -> Actor:
    """Give the lobby's kiosk on MariaDB, where nobody has ever called: its post is made in the rush."""
    return kiosk_of(hospital)


def test_one_cause_has_one_open_alert_by_the_table_itself(left: Alert) -> None:
    row = {
        column.name: getattr(left, column.name) for column in Alert.__table__.columns if column.name != "id"
    }
    row["public_id"] = left.public_id.__class__(int=left.public_id.int ^ 1)
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(insert(Alert).values(row))
