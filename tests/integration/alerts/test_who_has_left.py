"""An urgent patient who leaves is told of in the same transaction, whoever says so; all others leave in silence."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.alerts import services as alerts_services
from app.alerts.models import Alert
from app.alerts.rules import Kind, Outcome
from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.core.transaction import release, transactional
from app.journey import services as journey
from app.journey.models import Visit
from app.journey.states import Command, State
from app.queues.models import QueueEntry
from tests.hospital import Hospital
from tests.integration.alerts.night import alerts, seq_of, the_alert, version_of
from tests.integration.journey.scenes import WHY, Stage


@pytest.fixture
def urgent(stage: Stage) -> UUID:
    """Let an urgent patient wait for a consultation."""
    visit = stage.bring("waiting")
    stage.give(Command.PRIORITY, visit)
    return visit


def by_the_nurse(hospital: Hospital, visit: UUID) -> None:
    journey.leave(visit, version=version_of(visit), reason=WHY, by=hospital.cast.anne)


def by_the_patient(hospital: Hospital, visit: UUID) -> None:
    journey.leave(visit, version=version_of(visit), by=hospital.cast.patient(visit))


def by_the_patient_who_cancels(hospital: Hospital, visit: UUID) -> None:
    journey.cancel(
        visit, version=version_of(visit), reason="기다리기 힘들어요", by=hospital.cast.patient(visit)
    )


def by_the_clock(_hospital: Hospital, visit: UUID) -> None:
    journey.leave(visit, version=version_of(visit), reason="no answer", by=SYSTEM)


WAYS = [by_the_nurse, by_the_patient, by_the_patient_who_cancels, by_the_clock]


@pytest.mark.parametrize("go", WAYS)
def test_an_urgent_patient_who_leaves_is_told_of_once(
    stage: Stage, urgent: UUID, go: Callable[[Hospital, UUID], None]
) -> None:
    hospital = stage.hospital
    before = seq_of(hospital.ward)
    go(hospital, urgent)
    alert = the_alert()
    assert (alert.kind, alert.priority, alert.owner) == (Kind.URGENT_LEFT, 1, "ward")
    assert alert.unit == hospital.ward
    assert alert.number == stage.visit(urgent).day_number
    assert seq_of(hospital.ward) == before + 1
    raised = db.session.execute(select(AuditRow).where(AuditRow.action == "alerts:alert:raise")).scalar_one()
    assert raised.object == f"alert:{alert.public_id}"


@pytest.mark.parametrize("go", WAYS)
def test_what_is_rolled_back_leaves_no_alert(
    stage: Stage, urgent: UUID, go: Callable[[Hospital, UUID], None]
) -> None:
    @transactional
    def undecided() -> None:
        go_inside(stage.hospital, urgent, go)
        assert db.session.execute(select(func.count()).select_from(Alert)).scalar_one() == 1
        raise ZeroDivisionError

    before = seq_of(stage.hospital.ward)
    with pytest.raises(ZeroDivisionError):
        undecided()
    assert alerts() == []
    assert seq_of(stage.hospital.ward) == before
    assert stage.where(urgent)[0] is State.WAITING


def go_inside(hospital: Hospital, visit: UUID, go: Callable[[Hospital, UUID], None]) -> None:
    """Go within a unit that is open: the version is the one that the unit sees."""
    known = cast_of(hospital, visit, go)
    version = stage_version(visit)
    if go is by_the_patient_who_cancels:
        journey.cancel(visit, version=version, reason=WHY, by=known)
    else:
        journey.leave(visit, version=version, reason=WHY, by=known)


def cast_of(hospital: Hospital, visit: UUID, go: Callable[[Hospital, UUID], None]) -> Actor:
    """Return who goes in this way."""
    if go is by_the_nurse:
        return hospital.cast.anne
    return SYSTEM if go is by_the_clock else hospital.cast.patient(visit)


def stage_version(visit: UUID) -> int:
    """Return the version as the open unit sees it."""
    return db.session.execute(select(Visit.version).where(Visit.public_id == visit)).scalar_one()


def test_who_was_given_no_priority_leaves_in_silence(stage: Stage) -> None:
    stage.give(Command.LEAVE, stage.bring("waiting"))
    stage.give(Command.LEAVE, stage.bring("arrived"))
    stage.give(Command.CANCEL, stage.bring("registered"))
    assert alerts() == []


def test_a_wait_that_grew_long_is_no_priority(stage: Stage) -> None:
    visit = stage.bring("waiting")
    with db.engine.begin() as connection:
        connection.execute(update(QueueEntry).values(rank_class=1))
    release()
    stage.give(Command.LEAVE, visit)
    assert alerts() == []


def test_staff_who_call_a_visit_off_know_it_themselves(stage: Stage, urgent: UUID) -> None:
    stage.give(Command.CANCEL, urgent)
    assert alerts() == []


def test_an_urgent_patient_who_leaves_between_two_lines_is_told_of_to_the_ward_of_the_last(
    stage: Stage,
) -> None:
    visit = stage.hospital.waiting("lab", "consult")
    stage.give(Command.PRIORITY, visit)
    stage.give(Command.CALL, visit)
    stage.give(Command.START, visit)
    stage.open(stage.hospital.consult, is_open=False)
    stage.give(Command.COMPLETE, visit)
    stage.give(Command.LEAVE, visit)
    left = the_alert(kind=Kind.URGENT_LEFT)
    assert left.unit == stage.hospital.ward
    assert the_alert(kind=Kind.NO_NEXT_STEP).outcome == Outcome.CLEARED


def test_whoever_comes_back_takes_the_alert_along(stage: Stage, urgent: UUID) -> None:
    stage.give(Command.LEAVE, urgent)
    stage.give(Command.UNDO, urgent)
    assert the_alert().outcome == Outcome.CLEARED
    stage.give(Command.LEAVE, urgent)
    assert [one.outcome for one in alerts()] == [Outcome.CLEARED, None]


def test_an_alert_that_was_settled_stays_settled_when_its_patient_comes_back(
    stage: Stage, urgent: UUID
) -> None:
    stage.give(Command.LEAVE, urgent)
    alert = the_alert()
    alerts_services.finish(alert.public_id, version=1, by=stage.hospital.cast.anne)
    stage.give(Command.UNDO, urgent)
    assert the_alert().outcome == Outcome.DONE
