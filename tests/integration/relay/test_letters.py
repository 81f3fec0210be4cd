"""Dead letters: found by their error, compared with what is true now, decided about once, by who has seen them."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select

from app.core import clock, relay
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError, VersionMissingError, VersionStaleError
from app.core.outbox import OutboxPromise
from app.core.relay import Asked, Delivered, Outcome, Parcel, Refused, Rendered, Skipped, charting
from app.core.transaction import release
from tests.cast import Cast
from tests.hospital import Hospital
from tests.integration.relay.stage import Target, consumer, move, rows, standing
from tests.together import together

PATIENT = UUID("5f1c8f3e-7e0d-4f57-9c7e-1f6f0d5f0a11")
RESOURCE = f'{{"resourceType": "Encounter", "subject": {{"reference": "Patient/{PATIENT}"}}, "name": "%s"}}'


@pytest.fixture(autouse=True)
def _no_consumer_stays() -> Iterator[None]:
    yield
    relay.clear()


def refused(hospital: Hospital, reason: str = "422 wrong code", name: str = "test") -> relay.Letter:
    """Give the letter of a queue's move that its target refused."""
    mine = consumer(Target(answer=lambda _parcel: Refused(reason)), name=name)
    move(hospital.consult)
    relay.deliver_due(mine)
    return relay.dead_letters(Asked(consumer=name)).rows[0]


def deeds() -> list[tuple[str, str | None]]:
    release()
    return [
        (row.action, row.reason)
        for row in db.session.execute(
            select(AuditRow)
            .where(AuditRow.action.like("outbox:%") | AuditRow.action.like("phi:%"))
            .order_by(AuditRow.id)
        ).scalars()
    ]


def test_a_replayed_letter_is_rendered_anew_and_looked_for_first(
    app: Flask, hospital: Hospital, cast: Cast
) -> None:
    answers: list[Outcome] = [Refused("no"), Delivered()]
    seen: list[bool] = []

    def answer(parcel: Parcel) -> Outcome:
        seen.append(parcel.is_repeat)
        return answers.pop(0)

    mine = consumer(Target(answer=answer))
    move(hospital.consult)
    relay.deliver_due(mine)
    letter = relay.dead_letters().rows[0]
    relay.replay(letter.name, version=letter.version, by=cast.chris)
    assert rows()[0].payload is None
    with pytest.raises(NotFoundError):
        relay.replay(letter.name, version=letter.version, by=cast.chris)
    assert relay.deliver_due(mine) == 1
    assert seen == [False, True]
    assert standing()[0][1:] == ("completed", "delivered")
    assert deeds() == [("outbox:promise:replay", None)]


def test_who_decides_must_have_seen_this_death(app: Flask, hospital: Hospital, cast: Cast) -> None:
    seen = refused(hospital)
    mine = relay.find("test")
    assert mine is not None
    relay.replay(seen.name, version=seen.version, by=cast.chris)
    with time_machine.travel(clock.utcnow() + timedelta(seconds=5)):
        assert relay.deliver_due(mine) == 1  # it dies anew
    with pytest.raises(VersionStaleError):
        relay.discard(seen.name, version=seen.version, reason="told by telephone", by=cast.chris)
    with pytest.raises(VersionMissingError):
        relay.replay(seen.name, version=None, by=cast.chris)
    now = relay.dead_letter(seen.name)
    assert now.version > seen.version
    relay.discard(now.name, version=now.version, reason="told by telephone", by=cast.chris)
    assert (rows()[0].outcome, rows()[0].last_error) == ("discarded", "told by telephone")
    assert deeds()[-1] == ("outbox:promise:discard", "told by telephone")


def test_a_letter_is_given_up_with_a_reason_only(app: Flask, hospital: Hospital, cast: Cast) -> None:
    letter = refused(hospital)
    with pytest.raises(InvalidError):
        relay.discard(letter.name, version=letter.version, reason="  ", by=cast.chris)
    for strange in ("", "x", "a:b:c:d", f"{letter.name}9", f"{letter.name}{'9' * 30}", "환자:a:b:1"):
        with pytest.raises(NotFoundError):
            relay.discard(strange, version=letter.version, reason="again", by=cast.chris)
        with pytest.raises(NotFoundError):
            relay.compared(strange)


def test_letters_are_found_by_consumer_kind_error_and_age(app: Flask, hospital: Hospital) -> None:
    refused(hospital, "HTTP 422: 100% wrong code")
    refused(hospital, "HTTP 400: a_b", name="fhir:emr")
    assert relay.dead_letters().total == 2
    assert relay.dead_letters(Asked(consumer="fhir:emr")).total == 1
    assert relay.dead_letters(Asked(error="100% wrong")).total == 1
    assert relay.dead_letters(Asked(error="a_b")).total == 1
    assert relay.dead_letters(Asked(error="a%b")).total == 0  # no pattern of the database's
    assert relay.dead_letters(Asked(kind="patient")).rows == ()
    assert relay.dead_letters(Asked(older_than_hours=24)).total == 0
    with time_machine.travel(clock.utcnow() + timedelta(hours=25)):
        assert relay.dead_letters(Asked(older_than_hours=24)).total == 2
    alike = {(one.consumer, one.reason, one.count) for one in relay.dead_letters().alike}
    assert alike == {("test", "HTTP 422: 100% wrong code", 1), ("fhir:emr", "HTTP 400: a_b", 1)}


def test_a_page_of_letters_takes_four_statements(app: Flask, hospital: Hospital) -> None:
    refused(hospital)
    counted: list[str] = []
    release()

    def count(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        counted.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        relay.dead_letters()
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert len([one for one in counted if not one.startswith("BEGIN")]) == 4


def test_pages_hold_each_letter_once(app: Flask, hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = consumer(Target(answer=lambda _parcel: Refused("no")))
    for _ in range(5):
        move(hospital.consult)
    relay.deliver_due(mine)
    monkeypatch.setattr("app.core.relay.letters.PAGE_ROWS", 2)
    pages = [relay.dead_letters(number=number) for number in (1, 2, 3, 99)]
    assert [len(page.rows) for page in pages] == [2, 2, 1, 1]
    assert {page.pages for page in pages} == {3}
    assert len({row.name for page in pages for row in page.rows}) == 5


def test_all_of_one_error_are_sent_again(app: Flask, hospital: Hospital, cast: Cast) -> None:
    reasons = ["HTTP 422: code", "HTTP 422: code", "HTTP 400: date"]
    mine = consumer(Target(answer=lambda _parcel: Refused(reasons.pop(0))))
    for _ in range(3):
        move(hospital.consult)
    relay.deliver_due(mine)
    asked = Asked(consumer="test", error="422")
    seen = relay.dead_letters(asked).seen_until
    assert relay.replay_all(asked, seen_until=seen, by=cast.chris).count == 2
    assert relay.replay_all(asked, seen_until=seen, by=cast.chris).count == 0
    assert relay.replay_all(Asked(consumer="nobody"), seen_until=seen, by=cast.chris).count == 0
    assert [status for _, status, _ in standing()] == ["pending", "pending", "dead_letter"]
    assert {row.claims for row in rows()[:2]} == {1}
    assert deeds() == [("outbox:promise:replay", "422")]


def test_what_died_after_the_look_is_not_sent_again_unseen(
    app: Flask, hospital: Hospital, cast: Cast
) -> None:
    mine = consumer(Target(answer=lambda _parcel: Refused("no")))
    move(hospital.consult)
    relay.deliver_due(mine)
    seen = relay.dead_letters().seen_until
    move(hospital.consult)
    with time_machine.travel(clock.utcnow() + timedelta(seconds=2)):
        relay.deliver_due(mine)
    assert relay.replay_all(Asked(), seen_until=seen, by=cast.chris).count == 1
    assert [status for _, status, _ in standing()] == ["pending", "dead_letter"]


def test_a_letter_stands_beside_the_present_with_the_patient_covered(app: Flask, hospital: Hospital) -> None:
    names = ["김하나", "김두리"]

    def render(_kind: str, _id: UUID) -> Rendered:
        return Rendered(payload=RESOURCE % names.pop(0), seq=1)

    mine = consumer(Target(answer=lambda _parcel: Refused("no")), render=render)
    move(hospital.consult)
    relay.deliver_due(mine)
    found = relay.compared(relay.dead_letters().rows[0].name)
    fields = {one.path: one for one in found.fields}
    assert (fields["name"].was, fields["name"].now, fields["name"].is_same) == ("•••", "•••", False)
    assert fields["resourceType"].was == "Encounter"
    assert fields["subject.reference"].is_same
    assert "김" not in repr(found)
    assert rows()[0].status == "dead_letter"  # a look changes nothing


def test_a_letter_of_a_target_that_is_gone_can_still_be_read(app: Flask, hospital: Hospital) -> None:
    letter = refused(hospital)
    relay.clear()
    found = relay.compared(letter.name)
    assert not found.is_configured
    assert all(one.now is None for one in found.fields)


def test_what_would_not_be_sent_now_says_why(app: Flask, hospital: Hospital) -> None:
    letter = refused(hospital)
    consumer(Target(), render=lambda *_which: Skipped("gone"))
    assert relay.compared(letter.name).now_is == "gone"
    consumer(Target(), render=lambda *_which: 1 // 0)
    assert relay.compared(letter.name).now_is == "rendering failed: ZeroDivisionError"


def test_opening_one_is_written_down_with_its_patient_each_time(
    app: Flask, hospital: Hospital, cast: Cast
) -> None:
    payload = RESOURCE % "김하나"
    mine = consumer(
        Target(answer=lambda _parcel: Refused("no")),
        render=lambda *_which: Rendered(payload=payload, seq=1),
    )
    move(hospital.consult)
    relay.deliver_due(mine)
    name = relay.dead_letters().rows[0].name
    with pytest.raises(InvalidError):
        relay.open_letter(name, reason=" ", by=cast.chris)
    assert deeds() == []
    for reason in ("the EMR's support asks", "again"):
        opened = relay.open_letter(name, reason=reason, by=cast.chris)
        assert "김하나" in repr(opened.fields)
    release()
    written = list(
        db.session.execute(
            select(AuditRow).where(AuditRow.action.like("phi:%")).order_by(AuditRow.id)
        ).scalars()
    )
    assert [(row.action, row.patient, row.reason) for row in written] == [
        ("phi:support:open", PATIENT, "the EMR's support asks"),
        ("phi:support:open", PATIENT, "again"),
    ]
    assert all("김하나" not in repr(vars(row)) for row in written)


def test_the_day_is_drawn_by_quarter_hours(app: Flask, hospital: Hospital) -> None:
    mine = consumer(Target())
    with time_machine.travel("2026-11-20T23:59:00Z", tick=False):
        move(hospital.consult)
    with time_machine.travel("2026-11-21T00:01:00Z", tick=False):
        move(hospital.consult)
        relay.deliver_due(mine)
    with time_machine.travel("2026-11-21T00:20:00Z", tick=False):
        charting.forget()
        found = relay.throughput()
    charting.forget()
    assert len(found) == 96
    drawn = {one.at.strftime("%d %H:%M"): (one.promised, one.kept) for one in found[-3:]}
    assert drawn == {"20 23:45": (1, 0), "21 00:00": (1, 2), "21 00:15": (0, 0)}
    assert sum(one.promised for one in found[:-3]) == 0


@pytest.mark.mariadb
def test_two_administrators_decide_once(mariadb_app: Flask, hospital: Hospital, cast: Cast) -> None:
    letter = refused(hospital)

    def decide() -> int:
        return relay.discard(letter.name, version=letter.version, reason="told", by=cast.chris).count

    answers = together(mariadb_app, [decide] * 8)
    assert answers.count(1) == 1
    assert sum(isinstance(one, NotFoundError) for one in answers) == 7
    assert [action for action, _ in deeds()] == ["outbox:promise:discard"]


def test_a_promise_that_is_no_dead_letter_is_none(app: Flask, hospital: Hospital, cast: Cast) -> None:
    consumer(Target())
    move(hospital.consult)
    row = db.session.execute(select(OutboxPromise)).scalar_one()
    with pytest.raises(NotFoundError):
        relay.open_letter(
            f"{row.consumer}:{row.kind}:{row.aggregate_id}:{row.seq}", reason="look", by=cast.chris
        )
