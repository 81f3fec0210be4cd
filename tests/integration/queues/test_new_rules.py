"""New rules while people wait: the preview tells what saving does, nobody is lost, and nurses go on calling."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import InvalidError, NotAllowedError, QueueEmptyError, RoomBusyError, VersionStaleError
from app.core.transaction import release, transactional
from app.journey import services as journey
from app.journey.services import Outcome
from app.queues import queries, services
from app.queues.models import Queue, QueueEntry
from app.queues.queries import OrderPreview
from app.queues.rules import Rules
from app.queues.services import ServiceWords, Stated
from app.queues.states import EntryStatus, MergeRule, PriorityClass
from tests.examples import up_to
from tests.hospital import Hospital
from tests.together import together

NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MINUTES = some.integers(-120, 0)
SECONDS = some.integers(0, 90).map(lambda minutes: minutes * 60)
WAITING = 6
RULES = some.builds(
    Rules,
    merge_rule=some.sampled_from(list(MergeRule)),
    early_tolerance_seconds=SECONDS,
    head_start_seconds=SECONDS,
    grace_seconds=SECONDS,
    ageing_seconds=some.integers(1, 150).map(lambda minutes: minutes * 60),
    max_overtaken=some.integers(1, 4),
)


@dataclass(frozen=True)
class Made:
    """What an entry was made of."""

    arrived: int
    booked: int | None
    given: int
    overtaken: int
    is_placed: bool
    status: EntryStatus


LINE = some.lists(
    some.builds(
        Made,
        arrived=MINUTES,
        booked=some.none() | some.integers(-120, 120),
        given=some.sampled_from([int(one) for one in PriorityClass]),
        overtaken=some.integers(0, 4),
        is_placed=some.booleans(),
        status=some.sampled_from([EntryStatus.WAITING, EntryStatus.WAITING, EntryStatus.HELD]),
    ),
    min_size=WAITING,
    max_size=WAITING,
)


@pytest.fixture
def line(sqlite_app: Flask, hospital: Hospital) -> Hospital:
    """Give a hospital where six wait."""
    for _one in range(WAITING):
        hospital.waiting("consult")
    return hospital


@transactional
def _make(line: list[Made]) -> None:
    entries = db.session.execute(select(QueueEntry).order_by(QueueEntry.id)).scalars()
    for entry, made in zip(entries, line, strict=True):
        since = NOON + timedelta(minutes=made.arrived)
        entry.since = entry.eligible_at = since
        entry.booked_at = None if made.booked is None else NOON + timedelta(minutes=made.booked)
        entry.priority_class = entry.rank_class = made.given
        entry.overtaken, entry.is_placed, entry.status = made.overtaken, made.is_placed, made.status
        entry.held_until = None


def _places() -> list[tuple[Any, ...]]:
    release()
    return [
        (one.id, one.rank_class, one.eligible_at, one.version)
        for one in db.session.execute(select(QueueEntry).order_by(QueueEntry.id)).scalars()
    ]


def _numbers() -> tuple[int, ...]:
    """Return the waiting numbers in the order in which the line calls."""
    release()
    rows = db.session.execute(
        select(QueueEntry.number)
        .where(QueueEntry.status == EntryStatus.WAITING)
        .order_by(QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
    )
    return tuple(rows.scalars())


def _look(hospital: Hospital, rules: Rules, *, is_for_waiting: bool) -> OrderPreview:
    release()
    present = queries.policy(hospital.consult)
    return queries.order_preview(hospital.consult, present, rules, is_for_waiting=is_for_waiting)


def _save(hospital: Hospital, rules: Rules, **also: Any) -> Stated:
    release()
    version = queries.policy(hospital.consult).version
    return services.set_rules(hospital.consult, rules, version=version, by=hospital.cast.chris, **also)


@settings(max_examples=up_to(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=LINE, before=RULES, after=RULES, is_for_waiting=some.booleans())
def test_a_preview_is_what_saving_does(
    line: Hospital, *, made: list[Made], before: Rules, after: Rules, is_for_waiting: bool
) -> None:
    with time_machine.travel(NOON, tick=False):
        _make(made)
        _save(line, before, is_for_waiting=True)
        preview = _look(line, after, is_for_waiting=is_for_waiting)
        assert preview.now == _numbers()
        _save(line, after, is_for_waiting=is_for_waiting)
        assert tuple(one.number for one in preview.then) == _numbers()
        assert sorted(one.was for one in preview.then) == sorted(one.will for one in preview.then)


@settings(max_examples=up_to(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=LINE, rules=RULES)
def test_rules_that_hold_already_move_nobody(line: Hospital, made: list[Made], rules: Rules) -> None:
    with time_machine.travel(NOON, tick=False):
        _make(made)
        _save(line, rules, is_for_waiting=True)
        before = _places()
        assert _save(line, rules, is_for_waiting=True).moved_count == 0
        assert _places() == before


@settings(max_examples=up_to(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=LINE, rules=RULES)
def test_the_urgent_stay_first_and_the_placed_keep_their_time(
    line: Hospital, made: list[Made], rules: Rules
) -> None:
    with time_machine.travel(NOON, tick=False):
        _make(made)
        before = {one[0]: one for one in _places()}
        _save(line, rules, is_for_waiting=True)
        for (entry_id, rank, eligible, _version), was in zip(_places(), made, strict=True):
            assert (rank == PriorityClass.URGENT) == (was.given == PriorityClass.URGENT)
            if was.is_placed:
                assert eligible == before[entry_id][2]


def test_who_was_skipped_keeps_the_place_and_undo_takes_that_back(app: Flask, hospital: Hospital) -> None:
    visits = [hospital.waiting("consult") for _one in range(3)]
    first = _numbers()[0]
    entry = db.session.execute(select(QueueEntry).where(QueueEntry.number == first)).scalar_one()
    visit = journey.skip_once(
        entry.public_id, version=entry.version, reason="보호자 통화", by=hospital.cast.anne
    )
    skipped = _numbers()
    _save(hospital, Rules(merge_rule=MergeRule.ARRIVAL), is_for_waiting=True)
    assert _numbers() == skipped
    assert skipped[1] == first
    journey.undo(visit.visit_id, version=visit.visit_version, by=hospital.cast.anne)
    release()
    assert not any(db.session.execute(select(QueueEntry.is_placed)).scalars())
    assert len(visits) == len(_numbers())


def test_a_change_of_rules_pushes_the_queue_once_and_is_audited(app: Flask, hospital: Hospital) -> None:
    for _one in range(3):
        hospital.waiting("consult")
    seq = select(Queue.seq).where(Queue.public_id == hospital.consult)
    release()
    before = db.session.execute(seq).scalar_one()
    _save(hospital, Rules(merge_rule=MergeRule.HEAD_START), is_for_waiting=True)
    release()
    assert db.session.execute(seq).scalar_one() == before + 1
    last = db.session.execute(select(AuditRow).order_by(AuditRow.id.desc()).limit(2)).scalars().all()
    assert [one.action for one in last] == ["queues:line:reckon", "queues:rules:set"]
    assert {one.actor_id for one in last} == {hospital.cast.chris.id}
    assert last[0].details is not None
    assert "moved" in last[0].details


@pytest.mark.parametrize("name", ["anne", "ben", "flora", "henry", "jonas", "dana", "eve"])
def test_nobody_else_states_rules(sqlite_app: Flask, hospital: Hospital, name: str) -> None:
    before = queries.policy(hospital.consult)
    with pytest.raises(NotAllowedError):
        services.set_rules(hospital.consult, Rules(), version=1, by=getattr(hospital.cast, name))
    assert queries.policy(hospital.consult) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"calls_ahead": 0},
        {"max_calls": 100},
        {"ageing_seconds": 0},
        {"grace_seconds": -1},
        {"head_start_seconds": 10**12},
        {"merge_rule": "favourites"},
    ],
)
def test_senseless_rules_are_refused(sqlite_app: Flask, hospital: Hospital, changed: dict[str, Any]) -> None:
    before = queries.policy(hospital.consult)
    with pytest.raises(InvalidError) as refused:
        services.set_rules(hospital.consult, Rules(**changed), version=1, by=hospital.cast.chris)
    assert refused.value.details["field"] in changed
    release()
    assert queries.policy(hospital.consult) == before


def _race(app: Flask, hospital: Hospital, works: list[Callable[[], Any]]) -> list[Any]:
    answers = together(app, works)
    unexpected = [
        one
        for one in answers
        if not isinstance(one, Outcome | Stated | QueueEmptyError | RoomBusyError | VersionStaleError)
    ]
    assert unexpected == []
    release()
    return answers


def test_nurses_call_on_while_the_line_is_reckoned_anew(mariadb_app: Flask, hospital: Hospital) -> None:
    for _one in range(24):
        hospital.waiting("consult")
    rooms = [
        services.add_room(
            hospital.consult, name_ko=f"{n}번", name_en=f"No. {n}", place="2f-demo-1", by=hospital.cast.chris
        )
        for n in range(20, 32)
    ]
    works: list[Callable[[], Any]] = [
        partial(journey.call_next, hospital.consult, room, by=hospital.cast.anne) for room in rooms
    ]
    works += [
        partial(
            services.set_rules,
            hospital.consult,
            Rules(merge_rule=rule, max_calls=calls),
            version=1,
            is_for_waiting=True,
            by=hospital.cast.chris,
        )
        for calls, rule in enumerate((*MergeRule, *MergeRule), 1)
    ]
    answers = _race(mariadb_app, hospital, works)
    called = [one for one in answers if isinstance(one, Outcome)]
    assert len({one.entry_id for one in called}) == len(called) == len(rooms)
    assert sum(isinstance(one, Stated) for one in answers) == 1
    assert queries.policy(hospital.consult).version == 2
    entries = list(db.session.execute(select(QueueEntry)).scalars())
    assert len(entries) == 24
    assert sum(one.status == EntryStatus.WAITING for one in entries) == 12


def test_skips_and_holds_stand_while_the_line_is_reckoned_anew(
    mariadb_app: Flask, hospital: Hospital
) -> None:
    for _one in range(12):
        hospital.waiting("consult")
    release()
    entries = list(db.session.execute(select(QueueEntry).order_by(QueueEntry.id)).scalars())
    anne = hospital.cast.anne
    works: list[Callable[[], Any]] = [
        partial(journey.skip_once, one.public_id, version=one.version, reason="통화", by=anne)
        for one in entries[:4]
    ]
    works += [
        partial(journey.hold, one.public_id, version=one.version, reason="화장실", by=anne)
        for one in entries[4:8]
    ]
    works.append(
        partial(
            services.set_rules,
            hospital.consult,
            Rules(merge_rule=MergeRule.ARRIVAL),
            version=1,
            is_for_waiting=True,
            by=hospital.cast.chris,
        )
    )
    answers = _race(mariadb_app, hospital, works)
    assert not any(isinstance(one, VersionStaleError) for one in answers)
    after = {one.id: one for one in db.session.execute(select(QueueEntry)).scalars()}
    assert all(after[one.id].is_placed for one in entries[:4])
    assert {after[one.id].status for one in entries[4:8]} == {EntryStatus.HELD}
    for one in entries[4:]:
        assert after[one.id].eligible_at == after[one.id].since


BLOOD = ServiceWords(name_ko="혈액", name_en="Blood", duration_seconds=300)


def test_two_administrators_never_close_a_circle_between_them(mariadb_app: Flask, hospital: Hospital) -> None:
    chris = hospital.cast.chris
    for code in ("first", "second"):
        services.add_service(code, BLOOD, by=chris)

    def follow(code: str, before: str) -> int:
        words = ServiceWords(name_ko=code, name_en=code, duration_seconds=60, follows=(before,))
        return services.edit_service(code, words, version=1, by=chris)

    works = [partial(follow, "first", "second"), partial(follow, "second", "first")]
    answers = together(mariadb_app, works)
    assert sorted(str(getattr(one, "details", one)) for one in answers) == [
        "2",
        "{'field': 'follows', 'why': 'circle'}",
    ]


def test_two_administrators_never_take_one_code(mariadb_app: Flask, hospital: Hospital) -> None:
    chris = hospital.cast.chris
    works: list[Callable[[], Any]] = [
        *(partial(services.add_service, "same", BLOOD, by=chris) for _n in range(4)),
        *(
            partial(
                services.open_queue,
                "same",
                service="lab",
                site="annae",
                unit=hospital.ward,
                name_ko="같은 방",
                name_en="Same",
                place="2f-demo-1",
                by=chris,
            )
            for _n in range(4)
        ),
    ]
    answers = together(mariadb_app, works)
    for half in (answers[:4], answers[4:]):
        refused = [one for one in half if isinstance(one, InvalidError)]
        assert len(refused) == 3, half
        assert all(one.details["why"] == "taken" for one in refused)
