"""A notice is told once, by the ways that are set up and wanted, in the transaction that it belongs to."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, select

from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.errors import InvalidError, NotAllowedError, NotFoundError
from app.core.outbox import OutboxPromise
from app.core.transaction import release, transactional
from app.notices import queries, services
from app.notices.models import Notice, NoticePreference, PushSubscription
from app.notices.rules import Channel, Kind
from tests.cast import Cast
from tests.hospital import Hospital
from tests.integration.notices.browser import Phone
from tests.together import together

PLACE: dict[str, str | int] = {"number": 12, "place_ko": "2번 진료실", "place_en": "Room 2"}


def tell(visit: UUID, kind: Kind = Kind.CALLED, occasion: str = "call-1") -> tuple[Channel, ...]:
    return services.notify(
        visit, kind, occasion=occasion, params=PLACE, patient_id=uuid4(), lang="ko", by=SYSTEM
    )


def count(model: type) -> int:
    release()
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


def test_without_a_target_only_the_page_tells(app: Flask, visit: UUID, patient: Actor) -> None:
    services.prefer_sms(visit, wanted=True, by=patient)
    assert tell(visit) == (Channel.PAGE,)
    assert (count(Notice), count(OutboxPromise)) == (1, 0)


def test_each_wanted_way_gets_one_promise(app: Flask, told: None, visit: UUID, patient: Actor) -> None:
    assert tell(visit, occasion="a") == (Channel.PAGE,)
    services.prefer_sms(visit, wanted=True, by=patient)
    assert tell(visit, occasion="b") == (Channel.PAGE, Channel.SMS)
    Phone("http://127.0.0.1:9").subscribe(visit, patient)
    assert tell(visit, occasion="c") == (Channel.PAGE, Channel.PUSH, Channel.SMS)
    services.prefer_sms(visit, wanted=False, by=patient)
    assert tell(visit, occasion="d") == (Channel.PAGE, Channel.PUSH)
    release()
    rows = db.session.execute(select(OutboxPromise.consumer, OutboxPromise.kind).order_by(OutboxPromise.id))
    assert [tuple(row) for row in rows] == [
        ("sms", "notice-sms"),
        ("push", "notice-push"),
        ("sms", "notice-sms"),
        ("push", "notice-push"),
    ]


def test_the_same_occasion_is_told_once(app: Flask, by_sms: None, visit: UUID) -> None:
    assert tell(visit) == (Channel.PAGE, Channel.SMS)
    assert tell(visit) == ()
    assert tell(visit, Kind.MISSED) == (Channel.PAGE, Channel.SMS)
    assert tell(visit, occasion="call-2") == (Channel.PAGE, Channel.SMS)
    assert count(OutboxPromise) == 3


def test_two_workers_tell_the_same_once(app: Flask, by_sms: None, visit: UUID) -> None:
    answers = together(app, [lambda: tell(visit)] * 4)
    assert sorted(len(one) for one in answers) == [0, 0, 0, 2]
    assert (count(Notice), count(OutboxPromise)) == (2, 1)


def test_a_deed_that_fails_tells_nobody(app: Flask, by_sms: None, visit: UUID) -> None:
    @transactional
    def fails() -> None:
        tell(visit)
        raise RuntimeError("after the notice")

    with pytest.raises(RuntimeError):
        fails()
    assert (count(Notice), count(OutboxPromise)) == (0, 0)


@pytest.mark.parametrize("stray", ["name", "department", "reason", "phone"])
def test_a_notice_carries_number_and_place_only(app: Flask, visit: UUID, stray: str) -> None:
    with pytest.raises(ValueError, match=stray):
        services.notify(visit, Kind.CALLED, occasion="x", params={stray: "김안내"}, by=SYSTEM)
    assert count(Notice) == 0


def test_the_phone_reads_how_it_is_told(app: Flask, told: None, visit: UUID, patient: Actor) -> None:
    before = queries.settings_of(visit)
    assert (before.near_turn_at, before.has_push, before.may_sms, before.has_sms, before.notices) == (
        None,
        False,
        True,
        False,
        (),
    )
    assert before.push_key
    services.prefer_near_turn(visit, 3, by=patient)
    services.prefer_sms(visit, wanted=True, by=patient)
    phone = Phone("http://127.0.0.1:9")
    phone.subscribe(visit, patient)
    tell(visit)
    after = queries.settings_of(visit)
    assert (after.near_turn_at, after.has_push, after.has_sms) == (3, True, True)
    assert [(one.kind, dict(one.params)) for one in after.notices] == [("called", PLACE)]
    with time_machine.travel(clock.utcnow() + timedelta(minutes=11)):
        assert queries.settings_of(visit).notices == ()
    phone.unsubscribe(visit, patient)
    assert not queries.settings_of(visit).has_push


def test_the_settings_of_a_phone_cost_three_statements(
    sqlite_app: Flask, hospital: Hospital, visit: UUID
) -> None:
    said: list[str] = []

    def note(*given: Any) -> None:
        if not given[2].startswith("BEGIN"):
            said.append(given[2])

    release()
    event.listen(db.engine, "before_cursor_execute", note)
    queries.settings_of(visit)
    event.remove(db.engine, "before_cursor_execute", note)
    assert len(said) == 3


def test_who_wants_to_be_told_before_the_turn(app: Flask, visit: UUID, patient: Actor) -> None:
    assert queries.near_turn_of([]) == {}
    services.prefer_near_turn(visit, 2, by=patient)
    assert queries.near_turn_of([visit, uuid4()]) == {visit: 2}
    services.prefer_near_turn(visit, None, by=patient)
    assert queries.near_turn_of([visit]) == {}
    for wrong in (0, 11, -1):
        with pytest.raises(InvalidError):
            services.prefer_near_turn(visit, wrong, by=patient)


def test_two_taps_at_once_make_one_preference(app: Flask, visit: UUID, patient: Actor) -> None:
    answers = together(app, [lambda: services.prefer_near_turn(visit, 3, by=patient)] * 4)
    assert answers == [None] * 4
    assert count(NoticePreference) == 1


@pytest.mark.parametrize(
    ("who", "refusal"),
    [("anne", NotAllowedError), ("chris", NotAllowedError), ("eve", NotAllowedError), ("henry", None)],
)
def test_who_may_choose_for_a_visit(
    app: Flask, hospital: Hospital, cast: Cast, visit: UUID, who: str, refusal: type[Exception] | None
) -> None:
    by: Actor = getattr(cast, who)
    if refusal is None:
        services.prefer_near_turn(visit, 3, by=by)
        return
    with pytest.raises(refusal):
        services.prefer_near_turn(visit, 3, by=by)


def test_a_phone_chooses_for_its_own_visit_only(app: Flask, told: None, visit: UUID, patient: Actor) -> None:
    other = uuid4()
    for attempt in (
        lambda: services.prefer_near_turn(other, 3, by=patient),
        lambda: services.prefer_sms(other, wanted=True, by=patient),
        lambda: Phone("http://127.0.0.1:9").subscribe(other, patient),
        lambda: Phone("http://127.0.0.1:9").unsubscribe(other, patient),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    assert (count(NoticePreference), count(PushSubscription)) == (0, 0)


def test_the_same_browser_is_one_and_five_are_enough(
    app: Flask, told: None, visit: UUID, patient: Actor
) -> None:
    phone = Phone("http://127.0.0.1:9")
    for _ in range(3):
        phone.subscribe(visit, patient)
    assert count(PushSubscription) == 1
    for _ in range(4):
        Phone("http://127.0.0.1:9").subscribe(visit, patient)
    with pytest.raises(InvalidError):
        Phone("http://127.0.0.1:9").subscribe(visit, patient)
    phone.unsubscribe(visit, patient)
    Phone("http://127.0.0.1:9").subscribe(visit, patient)


def test_a_week_later_nothing_is_kept(app: Flask, by_sms: None, visit: UUID, patient: Actor) -> None:
    Phone("http://127.0.0.1:9").subscribe(visit, patient)
    tell(visit)
    assert services.purge() == 0
    with time_machine.travel(clock.utcnow() + timedelta(days=8)):
        assert services.purge() == 3 + 1 + 1
    assert (count(Notice), count(PushSubscription), count(NoticePreference)) == (0, 0, 0)
