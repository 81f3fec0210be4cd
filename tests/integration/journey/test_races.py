"""The same patient wanted by several at once: one of them gets it, the others are told, nothing is left half done."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core import clock
from app.core.db import db
from app.core.errors import (
    BusyError,
    ConfirmationNeededError,
    QueueEmptyError,
    RefusedError,
    RoomBusyError,
    TransitionRefusedError,
    VersionStaleError,
)
from app.core.transaction import release
from app.journey import services as journey
from app.journey.models import FlowEvent, Visit
from app.journey.services import Moved, Outcome
from app.journey.states import Command, State
from app.queues import services as queues
from app.queues.models import Call, QueueEntry
from app.queues.states import EntryStatus, slots_of
from tests.hospital import SITE, Hospital
from tests.integration.journey.scenes import CONFIRMED, WHY, Stage
from tests.together import together

EVERYBODY = frozenset({"everybody"})
MOST_TRIES = 100


def entry_of(stage: Stage, visit: UUID) -> QueueEntry:
    release()
    found = stage.entry(visit)
    assert found is not None
    return found


def ticket(stage: Stage, visit: UUID) -> tuple[UUID, int]:
    """Return what a page knows of the visit's entry: its id and its version."""
    entry = entry_of(stage, visit)
    return entry.public_id, entry.version


def done(answers: list[Any]) -> list[Any]:
    return [one for one in answers if isinstance(one, Outcome | Moved) and not one.is_repeat]


def patiently(work: Callable[[], Outcome]) -> Outcome:
    """Ask again where the house is busy (503 with Retry-After), as clients do: nothing was written."""
    for _ in range(MOST_TRIES):
        try:
            return work()
        except (BusyError, PoolTimeoutError):
            release()
            clock.pause(random.uniform(0.05, 0.5))  # noqa: S311 - so that not all come back together
    raise AssertionError("busy for ever")


def check_house() -> None:
    """See that slots, states and histories agree, whoever was faster."""
    release()
    entries = list(db.session.execute(select(QueueEntry)).scalars())
    for entry in entries:
        slots = slots_of(EntryStatus(entry.status))
        held = (entry.active_slot, entry.engaged_slot, entry.serving_slot)
        assert tuple(slot is not None for slot in held) == (slots.active, slots.engaged, slots.serving)
    active = {entry.visit_id: entry for entry in entries if entry.active_slot}
    assert len(active) == sum(1 for entry in entries if entry.active_slot)
    for visit in db.session.execute(select(Visit)).scalars():
        lines = list(
            db.session.execute(
                select(FlowEvent).where(FlowEvent.visit_id == visit.id).order_by(FlowEvent.seq)
            ).scalars()
        )
        assert [line.seq for line in lines] == list(range(1, visit.history_length + 1))
        assert all(a.to_state == b.from_state and a.at <= b.at for a, b in pairwise(lines))
        own = active.get(visit.id)
        if own is not None:
            engaged = {EntryStatus.CALLED: State.CALLED, EntryStatus.IN_SERVICE: State.ONGOING}
            assert visit.state == engaged.get(EntryStatus(own.status), State.WAITING)
        else:
            assert visit.state not in {State.CALLED, State.ONGOING}


@pytest.mark.parametrize("round_", range(3))
def test_called_sent_elsewhere_and_cancelled_at_once_is_one_of_these(
    mariadb_app: Flask, hospital: Hospital, round_: int
) -> None:
    stage, anne = Stage(hospital), hospital.cast.anne
    visit = stage.bring("waiting")
    later = stage.bring("waiting")
    entry, version = entry_of(stage, visit), stage.visit(visit).version
    works: list[Callable[[], Any]] = [
        partial(journey.call_next, hospital.consult, hospital.rooms[0], by=anne),
        partial(
            journey.transfer,
            entry.public_id,
            version=entry.version,
            service_point_id=hospital.rooms[1],
            by=anne,
        ),
        partial(journey.cancel, visit, version=version, reason=WHY, by=hospital.cast.patient(visit)),
        partial(
            journey.hold, entry.public_id, version=entry.version, reason=WHY, by=hospital.cast.patient(visit)
        ),
    ]
    answers = together(mariadb_app, works[round_:] + works[:round_])
    assert all(isinstance(one, Outcome | RefusedError) for one in answers), answers
    assert not [one for one in answers if isinstance(one, BusyError)], answers
    on_this = [one for one in done(answers) if one.visit_id == visit]
    # Whoever came first; a cancelled visit's version is another than the entry's, so it may follow a call.
    assert 1 <= len(on_this) <= 2, answers
    assert stage.where(later)[0] in {State.WAITING, State.CALLED}
    check_house()


@pytest.mark.parametrize("round_", range(3))
def test_a_called_patient_taken_back_missed_recalled_and_let_in_at_once(
    app: Flask, stage: Stage, round_: int
) -> None:
    hospital, anne = stage.hospital, stage.hospital.cast.anne
    visit = stage.bring("called")
    entry = entry_of(stage, visit)
    one, version = entry.public_id, entry.version
    works: list[Callable[[], Any]] = [
        partial(journey.uncall, one, version=version, by=anne),
        partial(journey.miss, one, version=version, by=hospital.cast.flora),
        partial(journey.recall, one, version=version, by=anne),
        partial(journey.start, one, version=version, confirm=CONFIRMED, by=hospital.cast.grace),
    ]
    answers = together(app, works[round_:] + works[:round_])
    assert len(done(answers)) == 1, answers
    refused = [answer for answer in answers if isinstance(answer, RefusedError)]
    assert {type(answer) for answer in refused} <= {VersionStaleError, TransitionRefusedError}
    assert len(refused) == 3
    check_house()


def test_the_clock_and_a_nurse_answer_for_the_absent_once(app: Flask, stage: Stage) -> None:
    anne, visit = stage.hospital.cast.anne, stage.bring("called")
    for _ in range(2):
        stage.give(Command.RECALL, visit)
    entry = entry_of(stage, visit)
    works: list[Callable[[], Any]] = [
        partial(journey.miss, entry.public_id, version=entry.version, by=anne),
        partial(journey.miss, entry.public_id, version=entry.version, by=stage.hospital.cast.flora),
        partial(journey.recall, entry.public_id, version=entry.version, by=anne),
    ]
    answers = together(app, works)
    assert len(done(answers)) == 1
    assert stage.where(visit) == (State.WAITING, EntryStatus.NO_SHOW)
    check_house()


def test_two_nurses_skip_the_same_patient_once(app: Flask, stage: Stage) -> None:
    first, second, third = (stage.bring("waiting") for _ in range(3))
    entry = entry_of(stage, first)
    skip = partial(journey.skip_once, entry.public_id, version=entry.version, reason=WHY)
    answers = together(
        app, [partial(skip, by=stage.hospital.cast.anne), partial(skip, by=stage.hospital.cast.flora)]
    )
    assert len(done(answers)) == 1
    numbers = [entry_of(stage, visit).number for visit in (second, first, third)]
    assert stage.line(stage.hospital.consult) == numbers
    check_house()


def test_a_patient_steps_out_while_a_nurse_calls(app: Flask, stage: Stage) -> None:
    """Either the patient is aside and the next one is called, or the patient is called and stays."""
    hospital = stage.hospital
    for room in hospital.rooms:
        visit, later = stage.bring("waiting"), stage.bring("waiting")
        entry = entry_of(stage, visit)
        held, called = together(
            app,
            [
                partial(
                    journey.hold,
                    entry.public_id,
                    version=entry.version,
                    reason=WHY,
                    by=hospital.cast.patient(visit),
                ),
                partial(journey.call_next, hospital.consult, room, by=hospital.cast.anne),
            ],
        )
        assert isinstance(called, Outcome), called
        if isinstance(held, Outcome):
            assert (called.visit_id, stage.where(visit)[1]) == (later, EntryStatus.HELD)
        else:
            assert (called.visit_id, stage.where(visit)[0]) == (visit, State.CALLED)
        check_house()
        for one in (visit, later):
            stage.give(Command.CANCEL, one)


def test_everybody_is_moved_while_the_next_one_is_called(app: Flask, stage: Stage) -> None:
    """The count that the nurse saw still holds and all are moved, or one is called and the page asks again."""
    hospital, anne = stage.hospital, stage.hospital.cast.anne
    visits = [stage.bring("waiting") for _ in range(5)]
    move = partial(
        journey.move_everybody,
        hospital.consult,
        to_queue_id=None,
        until=clock.utcnow() + timedelta(hours=1),
        reason=WHY,
        count=5,
        confirm=EVERYBODY,
        by=anne,
    )
    call = partial(journey.call_next, hospital.consult, by=anne)
    moved, *called = together(app, [move, *(partial(call, room) for room in hospital.rooms)])
    states = Counter(stage.where(visit)[1] for visit in visits)
    if isinstance(moved, Moved):
        assert moved.count == 5
        assert states == {EntryStatus.HELD: 5}
        assert all(isinstance(one, QueueEmptyError) for one in called), called
    else:
        assert isinstance(moved, ConfirmationNeededError), moved
        assert states == {EntryStatus.CALLED: 3, EntryStatus.WAITING: 2}
    check_house()


def test_two_lines_are_emptied_into_each_other_without_a_deadlock(
    mariadb_app: Flask, hospital: Hospital
) -> None:
    """Queues are locked in the order of their rows, whichever way the patients go."""
    stage, anne = Stage(hospital), hospital.cast.anne
    here, there = [[stage.bring("waiting") for _ in range(3)] for _ in range(2)]
    second = queues.open_queue(
        "second",
        service="consult",
        site=SITE,
        unit=hospital.ward,
        name_ko="내과 2",
        name_en="Internal medicine 2",
        place="2f-demo-1",
        by=hospital.cast.chris,
    )
    send = partial(journey.transfer, by=anne)
    for visit in there:
        one, version = ticket(stage, visit)
        send(one, version=version, queue_id=second)
    works: list[Callable[[], Any]] = []
    for visits, target in ((here, second), (there, hospital.consult)):
        for visit in visits:
            one, version = ticket(stage, visit)
            works.append(partial(send, one, version=version, queue_id=target))
    back = partial(
        journey.move_everybody, second, to_queue_id=hospital.consult, reason=WHY, confirm=EVERYBODY, by=anne
    )
    works += [partial(back, count=3), partial(back, count=4)]
    answers = together(mariadb_app, works)
    assert all(isinstance(one, Outcome | Moved | RefusedError) for one in answers), answers
    assert not [one for one in answers if isinstance(one, BusyError)], answers
    assert len(stage.line(hospital.consult)) + len(stage.line(second)) == 6
    check_house()


def test_a_room_is_emptied_while_patients_are_sent_to_it(mariadb_app: Flask, hospital: Hospital) -> None:
    stage, anne = Stage(hospital), hospital.cast.anne
    visits = [stage.bring("waiting") for _ in range(4)]
    tickets = [ticket(stage, visit) for visit in visits]
    room = stage.new_room(hospital.consult)
    works: list[Callable[[], Any]] = [
        partial(journey.transfer, one, version=version, service_point_id=room, by=anne)
        for one, version in tickets
    ]
    works += [
        partial(journey.empty_room, room, reason=WHY, count=count, confirm=EVERYBODY, by=anne)
        for count in range(5)
    ]
    answers = together(mariadb_app, works)
    assert sum(isinstance(one, Outcome) for one in answers) == 4, answers
    emptied = [one for one in answers[4:] if isinstance(one, Moved)]
    assert all(isinstance(one, Moved | ConfirmationNeededError) for one in answers[4:]), answers
    pinned = [visit for visit in visits if entry_of(stage, visit).pinned_point_id is not None]
    assert len(pinned) + sum(one.count for one in emptied) == 4
    check_house()


@pytest.mark.parametrize(
    ("hands", "each"),
    [(16, 4), pytest.param(64, 79, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
)
def test_many_clients_take_numbers_and_each_is_given_once(
    mariadb_app: Flask, hospital: Hospital, hands: int, each: int
) -> None:
    """P1: all distinct, without a gap, in as many hands as there are."""
    henry = hospital.cast.henry
    visits = [[hospital.expect() for _ in range(each)] for _ in range(hands)]

    def take(mine: list[UUID]) -> list[Any]:
        return [patiently(partial(journey.arrive, visit, by=henry)) for visit in mine]

    answers = together(mariadb_app, [partial(take, mine) for mine in visits])
    assert all(isinstance(one, list) for one in answers), [
        one for one in answers if not isinstance(one, list)
    ]
    release()
    numbers = db.session.execute(select(Visit.day_number)).scalars().all()
    assert sorted(number or 0 for number in numbers) == list(range(1, hands * each + 1))


@pytest.mark.parametrize(
    ("nurses", "rounds"),
    [(8, 4), pytest.param(50, 20, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])],
)
def test_nurses_work_through_one_line_and_nobody_is_called_twice_or_skipped(
    mariadb_app: Flask, hospital: Hospital, nurses: int, rounds: int
) -> None:
    """P2, round after round: call, let in, complete; the line is empty in the end and everybody was seen once."""
    stage, anne = Stage(hospital), hospital.cast.anne
    visits = {hospital.waiting() for _ in range(nurses * rounds)}
    rooms = [stage.new_room(hospital.consult) for _ in range(nurses)]

    def work(room: UUID) -> list[UUID]:
        seen: list[UUID] = []
        for _ in range(nurses * rounds):
            try:
                called = patiently(partial(journey.call_next, hospital.consult, room, by=anne))
            except QueueEmptyError:
                return seen
            assert called.entry_id is not None
            entry = called.entry_id
            version = db.session.execute(
                select(QueueEntry.version).where(QueueEntry.public_id == entry)
            ).scalar_one()
            patiently(partial(journey.start, entry, version=version, confirm=CONFIRMED, by=anne))
            patiently(partial(journey.complete, entry, version=version + 1, confirm=CONFIRMED, by=anne))
            seen.append(called.visit_id)
        return seen

    answers = together(mariadb_app, [partial(work, room) for room in rooms])
    assert all(isinstance(one, list) for one in answers), [
        one for one in answers if not isinstance(one, list)
    ]
    seen = Counter(visit for one in answers for visit in one)
    assert set(seen) == visits
    assert set(seen.values()) == {1}
    release()
    assert len(db.session.execute(select(Call.id)).all()) == len(visits)
    check_house()


def test_one_room_is_given_to_one_patient(app: Flask, stage: Stage) -> None:
    """Two nurses let two patients into the same room without calling them."""
    tickets = [ticket(stage, stage.bring("waiting")) for _ in range(2)]
    room = stage.hospital.rooms[0]
    works = [
        partial(
            journey.start_direct,
            one,
            room,
            version=version,
            reason=WHY,
            confirm=CONFIRMED,
            by=stage.hospital.cast.grace,
        )
        for one, version in tickets
    ]
    answers = together(app, works)
    assert len(done(answers)) == 1
    assert sum(isinstance(one, RoomBusyError) for one in answers) == 1, answers
    check_house()
