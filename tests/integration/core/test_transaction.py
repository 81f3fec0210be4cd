"""One unit of work: joined by nested calls, rerun whole, told after the commit, refused outside."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pymysql
import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError

from app import subscribers
from app.core import clock, events, outbox
from app.core.db import db
from app.core.errors import BusyError
from app.core.events import Event, Moved
from app.core.lease import DutyRow
from app.core.locking import hold
from app.core.outbox import OutboxPromise, TopicEvent
from app.core.transaction import (
    RerunError,
    WriteOutsideUnitError,
    after_commit,
    command_id,
    promise,
    release,
    tell,
    transactional,
)
from app.queues.models import Queue
from tests.hospital import Hospital
from tests.together import together

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def told() -> Iterator[list[Event]]:
    heard: list[Event] = []
    events.react({Moved: (heard.append,)})
    yield heard
    events.react(subscribers.REACTIONS)


def write(name: str) -> None:
    db.session.add(DutyRow(name=name, last_done=LONG_AGO))


def written() -> set[str]:
    release()
    return set(db.session.execute(select(DutyRow.name)).scalars())


def refused_by_the_database(code: int) -> OperationalError:
    return OperationalError("UPDATE", {}, pymysql.err.OperationalError(code, "said the database"))


@transactional
def touch(queue_id: UUID, kind: str = "queue.update") -> None:
    promise(hold(Queue, queue_id), kind)


def test_nested_calls_join_the_unit_that_is_open(app: Flask) -> None:
    ids = []

    @transactional
    def inner(name: str) -> None:
        ids.append(command_id())
        write(name)

    @transactional
    def outer(*, fails: bool) -> None:
        inner("first")
        inner("second")
        if fails:
            raise ValueError("after both")

    with pytest.raises(ValueError, match="after both"):
        outer(fails=True)
    assert written() == set()
    outer(fails=False)
    assert written() == {"first", "second"}
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_writes_outside_a_unit_are_refused(app: Flask) -> None:
    write("stray")
    with pytest.raises(WriteOutsideUnitError):
        db.session.flush()
    release()
    with pytest.raises(WriteOutsideUnitError):
        db.session.execute(update(DutyRow).values(last_done=LONG_AGO))
    release()
    write("before the service")
    with pytest.raises(WriteOutsideUnitError):
        transactional(lambda: None)()
    release()
    for inside_only in (command_id, lambda: tell(Event()), lambda: after_commit(lambda: None)):
        with pytest.raises(WriteOutsideUnitError):
            inside_only()
    assert written() == set()


@pytest.mark.parametrize("code", [1213, 1020])
def test_a_deadlock_reruns_the_whole_unit(app: Flask, told: list[Event], code: int) -> None:
    runs: list[int] = []
    seen: list[int] = []

    @transactional
    def unit_of_work() -> str:
        runs.append(len(runs))
        seen.append(db.session.execute(select(func.count()).select_from(DutyRow)).scalar_one())
        write(f"run-{len(runs)}")
        tell(Moved(topic=f"run:{len(runs)}", seq=1, kind="x"))
        db.session.flush()
        if len(runs) < 3:
            raise refused_by_the_database(code)
        return "done"

    assert unit_of_work() == "done"
    assert written() == {"run-3"}
    assert seen == [0, 0, 0]
    assert [event.topic for event in told if isinstance(event, Moved)] == ["run:3"]


def test_a_deadlock_that_does_not_end_is_rerun_three_times(app: Flask) -> None:
    runs: list[int] = []

    @transactional
    def unit_of_work() -> None:
        runs.append(1)
        raise refused_by_the_database(1213)

    with pytest.raises(OperationalError):
        unit_of_work()
    assert len(runs) == 4


def test_a_lock_that_was_waited_for_is_not_waited_for_again(app: Flask) -> None:
    runs: list[int] = []

    @transactional
    def unit_of_work() -> None:
        runs.append(1)
        raise refused_by_the_database(1205)

    with pytest.raises(BusyError):
        unit_of_work()
    assert len(runs) == 1


def test_what_was_chosen_without_a_lock_is_chosen_again(app: Flask) -> None:
    runs: list[int] = []

    @transactional
    def unit_of_work(*, until: int) -> int:
        runs.append(1)
        if len(runs) < until:
            raise RerunError
        return len(runs)

    assert unit_of_work(until=3) == 3
    runs.clear()
    with pytest.raises(BusyError):
        unit_of_work(until=99)
    assert len(runs) == 4


def test_two_who_lock_in_opposite_order_both_finish(mariadb_app: Flask, hospital: Hospital) -> None:
    first_tries = threading.Barrier(2)
    runs: list[str] = []

    @transactional
    def in_order(name: str, one: UUID, other: UUID) -> str:
        runs.append(name)
        hold(Queue, one)
        if runs.count(name) == 1:
            first_tries.wait(10)
        promise(hold(Queue, other), "queue.update")
        return name

    a, b = hospital.consult, hospital.lab
    answers = together(mariadb_app, [lambda: in_order("up", a, b), lambda: in_order("down", b, a)])
    assert answers == ["up", "down"]
    assert len(runs) == 3


@pytest.mark.timeout(30)
def test_who_waits_too_long_for_a_lock_is_told_so(app: Flask, hospital: Hospital) -> None:
    held, done = threading.Event(), threading.Event()

    def sit_on_it() -> None:
        sqlite = db.engine.dialect.name == "sqlite"
        with db.engine.connect().execution_options(begin="IMMEDIATE") as connection:
            begun = connection.begin()
            if not sqlite:
                connection.execute(text("SELECT id FROM queue ORDER BY id LIMIT 1 FOR UPDATE"))
            held.set()
            done.wait(20)
            begun.rollback()

    def hurry() -> float:
        held.wait(10)
        began = clock.monotonic()
        with pytest.raises(BusyError) as refused:
            touch(hospital.consult)
        assert (refused.value.status, refused.value.details["retry_after"]) == (503, 1)
        seconds = clock.monotonic() - began
        done.set()
        return seconds

    _, waited = together(app, [sit_on_it, hurry])
    assert isinstance(waited, float), waited
    assert waited <= 4
    touch(hospital.consult)  # the session is fit to work after it


def test_events_are_told_after_the_commit_and_only_then(app: Flask, hospital: Hospital) -> None:
    seen: list[tuple[str, bool]] = []
    order: list[str] = []

    def look(event: Event) -> None:
        order.append(type(event).__name__)
        release()
        seen.append((type(event).__name__, "promised" in written()))

    events.react({Moved: (look,), Told: (look,)})

    @transactional
    def work(*, fails: bool) -> None:
        write("promised")
        tell(Told())
        promise(hold(Queue, hospital.consult), "queue.update")
        after_commit(lambda: order.append("after"))
        assert not order
        if fails:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work(fails=True)
    assert not order
    work(fails=False)
    events.react(subscribers.REACTIONS)
    assert order == ["Moved", "Told", "after"]
    assert seen == [("Moved", True), ("Told", True)]


def test_a_row_that_moves_twice_in_one_unit_moves_once(
    app: Flask, hospital: Hospital, told: list[Event]
) -> None:
    @transactional
    def move() -> None:
        queue = hold(Queue, hospital.consult)
        promise(queue, "patient_called")
        promise(queue, "queue.update")
        promise(hold(Queue, hospital.lab), "queue.update")

    before = seq_of(hospital.consult)
    move()
    assert seq_of(hospital.consult) == before + 1
    assert [(event.topic, event.seq, event.kind) for event in told if isinstance(event, Moved)] == [
        (f"queue:{hospital.consult}", before + 1, "patient_called"),
        (f"queue:{hospital.lab}", seq_of(hospital.lab), "queue.update"),
    ]


def test_only_registered_consumers_get_rows(app: Flask, hospital: Hospital) -> None:
    touch(hospital.consult)
    assert not promises()
    outbox.register("partner", frozenset({"queue"}), "snapshot")
    try:
        touch(hospital.consult)
    finally:
        outbox.clear()
    [row] = promises()
    assert (row.consumer, row.kind, row.seq, row.status) == (
        "partner",
        "queue",
        seq_of(hospital.consult),
        "pending",
    )
    assert row.payload is None


@pytest.mark.parametrize("hands", [8])
def test_a_topics_numbers_have_no_gap(app: Flask, hospital: Hospital, hands: int) -> None:
    before = seq_of(hospital.consult)

    def forty() -> None:
        for _ in range(40):
            touch(hospital.consult)

    works: list[Callable[[], None]] = [forty] * hands
    assert together(app, works) == [None] * hands
    release()
    seqs = list(
        db.session.execute(
            select(TopicEvent.seq)
            .where(TopicEvent.topic == f"queue:{hospital.consult}", TopicEvent.seq > before)
            .order_by(TopicEvent.id)
        ).scalars()
    )
    assert sorted(seqs) == list(range(before + 1, before + 1 + 40 * hands))
    assert seq_of(hospital.consult) == before + 40 * hands


class Told(Event):
    """Something else was told."""


def seq_of(queue_id: UUID) -> int:
    release()
    return db.session.execute(select(Queue.seq).where(Queue.public_id == queue_id)).scalar_one()


def promises() -> list[OutboxPromise]:
    release()
    return list(db.session.execute(select(OutboxPromise)).scalars())


def test_the_retry_waits_between_5_and_200_milliseconds(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(clock, "pause", waits.append)

    @transactional
    def unit_of_work() -> None:
        raise refused_by_the_database(1213)

    with pytest.raises(OperationalError):
        unit_of_work()
    assert len(waits) == 3
    assert all(0.005 <= wait <= 0.2 for wait in waits)
