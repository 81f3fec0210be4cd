"""The relay: nothing lost, nothing twice in effect, in order; leases, back-off, dead letters, replay."""

import json
import random
import threading
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.core import clock, relay
from app.core.audit import AuditRow
from app.core.db import db
from app.core.outbox import PromiseStatus
from app.core.relay import (
    Delivered,
    Failed,
    Outcome,
    Parcel,
    Refused,
    Rendered,
    Skipped,
)
from app.core.relay.claiming import CRASH_LOOP, MOST_CLAIMS, claim, store
from app.core.relay.finishing import finish
from app.core.transaction import release, transactional
from app.queues.models import Queue
from tests.hospital import Hospital
from tests.integration.relay.stage import Target, consumer, move, render, rows, standing
from tests.together import together


def seq_of(queue_id: UUID) -> int:
    release()
    return db.session.execute(select(Queue.seq).where(Queue.public_id == queue_id)).scalar_one()


def later(seconds: float) -> time_machine.travel:
    return time_machine.travel(clock.utcnow() + timedelta(seconds=seconds))


def test_no_consumer_no_rows(app: Flask, hospital: Hospital) -> None:
    move(hospital.consult)
    assert rows() == []
    consumer(Target(), kinds=frozenset({"patient"}))
    move(hospital.consult)
    assert rows() == []


def test_a_rolled_back_deed_promises_nothing(app: Flask, hospital: Hospital) -> None:
    consumer(Target())

    @transactional
    def fails() -> None:
        move(hospital.consult)
        raise RuntimeError("after the promise")

    with pytest.raises(RuntimeError):
        fails()
    assert rows() == []


def test_each_message_is_sent_by_itself_and_in_order(app: Flask, hospital: Hospital) -> None:
    sent: list[int] = []
    target = Target()
    mine = consumer(target, settled=lambda ends: sent.extend(parcel.row_id for parcel, _outcome in ends))
    for _ in range(3):
        move(hospital.consult)
    move(hospital.lab)
    assert relay.deliver_due(mine) == 4
    ids = [row.id for row in rows() if row.aggregate_id == str(hospital.consult)]
    assert [row_id for row_id in sent if row_id in ids] == ids
    assert {outcome for _, _, outcome in standing()} == {"delivered"}
    assert relay.deliver_due(mine) == 0


def test_a_snapshot_stands_for_all_that_it_contains(app: Flask, hospital: Hospital) -> None:
    target = Target()
    mine = consumer(target, mode="snapshot", bundle=50)
    for _ in range(3):
        move(hospital.consult)
    now = seq_of(hospital.consult)
    assert relay.deliver_due(mine) == 1
    assert target.arrived == [(hospital.consult, now)]
    assert [outcome for _, _, outcome in standing()] == ["superseded", "superseded", "delivered"]
    assert {row.superseded_by for row in rows()} == {None, rows()[-1].id}
    stored = json.loads(rows()[-1].payload or "")
    assert stored["seq"] == now == rows()[-1].rendered_seq


def test_what_moves_between_claim_and_rendering_needs_no_second_sending(
    app: Flask, hospital: Hospital
) -> None:
    target = Target()

    def late(kind: str, queue_id: UUID) -> Rendered | Skipped:
        move(queue_id)
        return render(kind, queue_id)

    mine = consumer(target, mode="snapshot", render=late)
    move(hospital.consult)
    claimed = claim(mine)
    assert claimed is not None
    move(hospital.consult)
    found = render("queue", hospital.consult)
    assert isinstance(found, Rendered)
    item = claimed.items[0]
    store(claimed, {item.row_id: found})
    assert finish(claimed, {item: Delivered()}, {item.row_id: found}, has_answered=True) == 1
    assert [outcome for _, _, outcome in standing()] == ["delivered", "superseded"]
    assert relay.deliver_due(mine) == 0


def test_nothing_of_an_aggregate_passes_its_failed_head(app: Flask, hospital: Hospital) -> None:
    target = Target(
        answer=lambda parcel: Failed("no") if parcel.aggregate_id == hospital.consult else Delivered()
    )
    mine = consumer(target)
    move(hospital.consult)
    move(hospital.consult)
    move(hospital.lab)
    assert relay.deliver_due(mine) == 2  # the head of one, and the other's
    assert [row.status for row in rows()] == ["failed", "pending", "completed"]
    assert target.requests == 2


def test_a_failure_waits_twice_as_long_each_time_and_the_fifth_is_the_last(
    app: Flask, hospital: Hospital
) -> None:
    target = Target(answer=lambda _parcel: Failed("HTTP 500"))
    mine = consumer(target)
    move(hospital.consult)
    waits: list[float] = []
    for _ in range(4):
        now = clock.utcnow()
        assert relay.deliver_due(mine) == 1
        row = rows()[0]
        waits.append((row.next_attempt_at - now).total_seconds())
        with later(waits[-1] - 1):
            assert relay.deliver_due(mine) == 0
        with later(waits[-1] + 1):
            assert relay.is_anything_due(mine)
        relay.hurry(mine.name)
    for wait, nominal in zip(waits, (60, 120, 240, 480), strict=True):
        assert nominal <= wait <= nominal * 1.2 + 1
    assert relay.deliver_due(mine) == 1
    row = rows()[0]
    assert (row.status, row.attempts, row.last_error) == ("dead_letter", 5, "HTTP 500")
    assert target.requests == 5


def test_a_target_may_ask_for_a_longer_pause(app: Flask, hospital: Hospital) -> None:
    mine = consumer(Target(answer=lambda _parcel: Failed("slow down", retry_after_seconds=900)))
    move(hospital.consult)
    relay.deliver_due(mine)
    assert rows()[0].next_attempt_at >= clock.utcnow() + timedelta(seconds=890)


def test_a_dead_letter_blocks_nobody_and_closes_when_a_newer_state_arrives(
    app: Flask, hospital: Hospital
) -> None:
    answers: list[Outcome] = [Refused("422 wrong code"), Delivered()]
    mine = consumer(Target(answer=lambda _parcel: answers.pop(0)), mode="snapshot")
    move(hospital.consult)
    relay.deliver_due(mine)
    assert standing()[0][1] == "dead_letter"
    assert relay.dead_letters().rows[0].reason == "422 wrong code"
    move(hospital.consult)
    relay.deliver_due(mine)
    assert [outcome for _, _, outcome in standing()] == ["superseded", "delivered"]
    assert relay.dead_letters().rows == ()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(None, "no birth date"), (KeyError("김안내"), "rendering failed: KeyError")],
)
def test_what_cannot_be_rendered_is_a_dead_letter_and_harms_no_other(
    app: Flask, hospital: Hospital, fault: Exception | None, reason: str
) -> None:
    def spoiled(kind: str, queue_id: UUID) -> Rendered | Skipped | Refused:
        if queue_id == hospital.consult and fault is None:
            return Refused("no birth date")
        if queue_id == hospital.consult and fault is not None:
            raise fault
        return render(kind, queue_id)

    target = Target()
    mine = consumer(target, render=spoiled)
    move(hospital.consult)
    move(hospital.lab)
    assert relay.deliver_due(mine) == 2
    assert [queue for queue, _ in target.arrived] == [hospital.lab]
    assert [letter.reason for letter in relay.dead_letters().rows] == [reason]


def test_an_aggregate_that_is_gone_is_skipped(app: Flask, hospital: Hospital) -> None:
    mine = consumer(Target(), render=lambda _kind, _id: Skipped("gone"))
    move(hospital.consult)
    assert relay.deliver_due(mine) == 1
    assert (rows()[0].outcome, rows()[0].last_error) == ("skipped", "gone")


def test_a_fault_of_ours_costs_lives_and_tells_no_content(app: Flask, hospital: Hospital) -> None:
    def broken(_parcel: Parcel) -> Outcome:
        raise ValueError("김안내 1953-04-12")

    mine = consumer(Target(answer=broken))
    move(hospital.consult)
    relay.deliver_due(mine)
    assert (rows()[0].attempts, rows()[0].last_error) == (1, "delivering failed: ValueError")


def test_a_target_that_forgets_an_answer_is_asked_again(app: Flask, hospital: Hospital) -> None:
    target = Target()
    mine = consumer(target, bundle=2, deliver=lambda parcels: target.deliver(parcels)[:1])
    move(hospital.consult)
    move(hospital.lab)
    assert relay.deliver_due(mine, most_seconds=0.5) == 0
    assert {(row.status, row.attempts) for row in rows()} == {("pending", 0)}


def test_the_lease_of_the_dead_is_taken_back_and_known_as_a_repeat(app: Flask, hospital: Hospital) -> None:
    repeats: list[bool] = []

    def look(parcel: Parcel) -> Outcome:
        repeats.append(parcel.is_repeat)
        return Delivered()

    mine = consumer(Target(answer=look))
    move(hospital.consult)
    assert claim(mine) is not None  # and dies
    assert relay.reap([mine.name]) == 0
    assert relay.deliver_due(mine) == 0
    with later(mine.lease_seconds + 1):
        assert relay.reap([mine.name]) == 1
        assert relay.reap([mine.name]) == 0
        assert relay.deliver_due(mine) == 1
    move(hospital.lab)
    relay.deliver_due(mine)
    assert repeats == [True, False]


def test_whoever_lost_the_lease_changes_nothing(app: Flask, hospital: Hospital) -> None:
    settled: list[Outcome] = []
    mine = consumer(Target(), settled=lambda ends: settled.extend(outcome for _parcel, outcome in ends))
    move(hospital.consult)
    slow = claim(mine)
    assert slow is not None
    with later(mine.lease_seconds + 1):
        relay.reap([mine.name])
        quick = claim(mine)
        assert quick is not None
        item = slow.items[0]
        assert store(slow, {item.row_id: Rendered(payload="old", seq=1)}) == frozenset()
        assert finish(slow, {item: Refused("late")}, {}, has_answered=True) == 0
        assert (rows()[0].status, rows()[0].lease_token) == ("processing", quick.token)
        assert finish(quick, {quick.items[0]: Delivered()}, {}, has_answered=True) == 1
    assert settled == [Delivered()]
    assert standing()[0][1:] == ("completed", "delivered")


def test_a_row_that_kills_its_workers_is_buried(app: Flask, hospital: Hospital) -> None:
    settled: list[Outcome] = []
    mine = consumer(Target(), settled=lambda ends: settled.extend(outcome for _parcel, outcome in ends))
    move(hospital.consult)
    start = clock.utcnow()
    for died in range(MOST_CLAIMS):
        with time_machine.travel(start + timedelta(seconds=died * (mine.lease_seconds + 1))):
            relay.reap([mine.name])
            claimed = claim(mine)
            assert claimed is not None
            assert len(claimed.items) == 1
    with time_machine.travel(start + timedelta(days=1)):
        relay.reap([mine.name])
        assert relay.deliver_due(mine) == 0
    assert (rows()[0].status, rows()[0].last_error) == ("dead_letter", CRASH_LOOP)
    assert settled == [Refused(CRASH_LOOP)]


def test_nothing_is_sent_that_could_outlive_its_lease(app: Flask, hospital: Hospital) -> None:
    left: list[float] = []
    repeats: list[bool] = []
    with time_machine.travel(clock.utcnow(), tick=False) as traveller:

        def slow(parcel: Parcel) -> Outcome:
            until = next(row.lease_until for row in rows() if row.id == parcel.row_id)
            left.append((until - clock.utcnow()).total_seconds() if until else 0.0)
            repeats.append(parcel.is_repeat)
            traveller.shift(timedelta(seconds=40))
            return Delivered()

        mine = consumer(Target(answer=slow), claim_rows=3)
        for queue in (hospital.consult, hospital.lab, hospital.elsewhere):
            move(queue)
        assert relay.deliver_due(mine) == 3
    # Two fit into a lease of 60 s; the third was given back and leased anew.
    assert left == [60, 20, 60]
    assert repeats == [False, False, False]  # what was given back was never sent


def test_only_what_was_completed_long_ago_is_forgotten(app: Flask, hospital: Hospital) -> None:
    answers: list[Outcome] = [Delivered(), Refused("no")]
    mine = consumer(Target(answer=lambda _parcel: answers.pop(0)))
    move(hospital.consult)
    relay.deliver_due(mine)
    move(hospital.lab)
    relay.deliver_due(mine)
    move(hospital.elsewhere)
    assert relay.purge() == 0
    with later(8 * 86400):
        assert relay.purge() == 1
    assert [status for _, status, _ in standing()] == ["dead_letter", "pending"]


def test_the_desk_tells_how_each_consumer_stands(app: Flask, hospital: Hospital) -> None:
    answers: list[Outcome] = [Delivered(), Refused("no")]
    mine = consumer(Target(answer=lambda _parcel: answers.pop(0)))
    for queue in (hospital.consult, hospital.lab):
        move(queue)
        relay.deliver_due(mine)
    move(hospital.elsewhere)
    with later(90):
        (found,) = relay.status()
    assert (found.pending, found.dead_letter, found.completed, found.breaker) == (1, 1, 1, "closed")
    assert 89 <= (found.oldest_pending_seconds or 0) <= 95
    relay.clear()
    assert not relay.status()[0].is_configured


def test_many_workers_deliver_each_message_once_in_effect(app: Flask, hospital: Hospital) -> None:
    chance = random.Random(7)  # noqa: S311 - the same moods each time, no secret
    lock = threading.Lock()
    delivered: list[int] = []

    def moody(parcel: Parcel) -> Outcome:
        with lock:
            if chance.random() < 0.2:
                return Failed("moody")
            delivered.append(parcel.row_id)
            return Delivered()

    mine = consumer(Target(answer=moody), first_backoff_seconds=0.01, lives=50, claim_rows=3)
    queues = (hospital.consult, hospital.lab, hospital.elsewhere)

    def write() -> None:
        for number in range(12):
            move(queues[number % 3])

    def work() -> None:
        until = clock.monotonic() + 60
        while clock.monotonic() < until:
            relay.deliver_due(mine, most_seconds=5)
            release()
            if all(status == "completed" for _, status, _ in standing()) and len(rows()) == 24:
                return

    answers = together(app, [write, write, work, work, work])
    assert [one for one in answers if one is not None] == []
    found = rows()
    assert len(found) == 24
    assert {(row.status, row.outcome) for row in found} == {("completed", "delivered")}
    # Each taken once, and those of one aggregate in the order of their seq.
    assert sorted(delivered) == [row.id for row in found]
    for queue in queues:
        line = {row.id: row.seq for row in found if row.aggregate_id == str(queue)}
        taken = [line[row_id] for row_id in delivered if row_id in line]
        assert taken == sorted(taken)


def test_many_workers_bring_the_newest_snapshot_and_never_go_back(app: Flask, hospital: Hospital) -> None:
    target = Target()
    mine = consumer(target, mode="snapshot", bundle=2, claim_rows=2)
    queues = (hospital.consult, hospital.lab, hospital.elsewhere)

    def write() -> None:
        for number in range(15):
            move(queues[number % 3])

    def work() -> None:
        until = clock.monotonic() + 60
        while clock.monotonic() < until:
            relay.deliver_due(mine, most_seconds=5)
            release()
            found = rows()
            if len(found) == 30 and all(row.status == PromiseStatus.COMPLETED for row in found):
                return

    answers = together(app, [write, write, work, work, work])
    assert [one for one in answers if one is not None] == []
    for queue in queues:
        brought = [seq for one, seq in target.arrived if one == queue]
        assert brought == sorted(brought)
        assert brought[-1] == seq_of(queue)
    assert {row.status for row in rows()} == {"completed"}


def deeds() -> list[str]:
    release()
    return list(
        db.session.execute(
            select(AuditRow.action).where(AuditRow.action.like("outbox:%")).order_by(AuditRow.id)
        ).scalars()
    )
