"""A repeated command gives the first one's result: the rules of the specification, by their numbers."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask, g
from sqlalchemy import func, select

from app.core import audit, idempotency, retention
from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import (
    InProgressError,
    KeyReusedError,
    MalformedError,
    QueueEmptyError,
    RefusedError,
    TransitionRefusedError,
)
from app.core.idempotency import IdempotencyKey, Presented, command, presenting, was_replayed
from app.core.transaction import command_id, release
from app.door import keys
from app.journey import services as journey
from tests.cast import Cast
from tests.hospital import SITE, Hospital
from tests.together import together

DEED = "tests:deed"


@dataclass(frozen=True, slots=True)
class Done:
    """What a deed answers."""

    command_id: UUID
    at: datetime
    words: tuple[str, ...]
    note: str | None = None


@command
def do(word: str, *, fails: RefusedError | None = None, first: threading.Event | None = None) -> Done:
    """Do a deed that the audit can count."""
    audit.record(DEED, by=SYSTEM)
    if fails is not None:
        raise fails
    if first is not None:
        db.session.flush()
        first.set()
        first_done.wait(20)
    return Done(command_id=command_id(), at=datetime.now(UTC), words=(word,))


first_done = threading.Event()


def key(name: str = "k", *, scope: str = "anne", content: str = "a") -> Presented:
    return Presented(scope=scope, key=name, fingerprint=content)


def present(presented: Presented, word: str = "a", **more: object) -> tuple[Done, bool]:
    with presenting(presented):
        return do(word, **more), was_replayed()  # type: ignore[arg-type]


def deeds() -> int:
    release()
    return db.session.execute(select(func.count()).where(AuditRow.action == DEED)).scalar_one()


def kept() -> int:
    release()
    return db.session.execute(select(func.count()).select_from(IdempotencyKey)).scalar_one()


def test_1_fifty_hands_with_one_key_do_one_deed(app: Flask) -> None:
    answers = together(app, [lambda: present(key())] * 50)
    assert {type(one) for one in answers} == {tuple}, answers
    assert len({done for done, _ in answers}) == 1
    assert [replayed for _, replayed in answers].count(False) == 1
    assert deeds() == 1


def test_2_the_same_key_with_other_content_is_refused(app: Flask) -> None:
    present(key())
    with pytest.raises(KeyReusedError) as refused:
        present(key(content="b"), "b")
    assert (refused.value.status, refused.value.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert deeds() == 1


@pytest.mark.timeout(30)
def test_3_the_same_key_while_the_first_still_runs(mariadb_app: Flask) -> None:
    begun = threading.Event()
    first_done.clear()

    def impatient() -> tuple[Done, bool]:
        begun.wait(10)
        try:
            return present(key())
        finally:
            first_done.set()

    slow, fast = together(mariadb_app, [lambda: present(key(), first=begun), impatient])
    assert isinstance(slow, tuple), slow
    assert isinstance(fast, InProgressError), fast
    assert (fast.status, fast.details["retry_after"]) == (409, 1)
    assert deeds() == 1


def test_4_a_crash_before_the_commit_leaves_nothing(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), presenting(key()):
        crash()
    assert (deeds(), kept()) == (0, 0)
    assert present(key())[1] is False
    assert deeds() == 1


@command
def crash() -> Done:
    """Write, and fall."""
    audit.record(DEED, by=SYSTEM)
    db.session.flush()
    raise ZeroDivisionError


def test_5_an_answer_that_was_lost_is_given_again(app: Flask) -> None:
    first, _ = present(key())
    again, replayed = present(key())
    assert (again, replayed) == (first, True)
    assert (again.at, again.words, again.note) == (first.at, ("a",), None)


def test_6_a_refusal_is_not_kept_so_that_it_may_be_tried_again(app: Flask) -> None:
    with pytest.raises(QueueEmptyError):
        present(key(), fails=QueueEmptyError())
    assert kept() == 0
    assert present(key())[1] is False


def test_7_nothing_that_failed_is_kept(app: Flask) -> None:
    for refusal in (RefusedError(), TransitionRefusedError(), InProgressError()):
        with pytest.raises(RefusedError):
            present(key(), fails=refusal)
    assert (deeds(), kept()) == (0, 0)


def test_8_another_user_or_route_may_use_the_same_key(app: Flask) -> None:
    for scope in ("anne POST /a", "ben POST /a", "anne POST /b", "anne PUT /a"):
        assert present(key(scope=scope))[1] is False
    assert deeds() == 4


def test_8_the_door_keeps_users_and_routes_apart(web: Flask, cast: Cast) -> None:
    def scope(by: Actor, path: str, method: str = "POST") -> str:
        with web.test_request_context(path, method=method, headers={"Idempotency-Key": "k"}):
            g.actor = by
            keys.read_key()
            found = idempotency._presented.get()
            idempotency.present(None)
            assert found is not None
            return found.scope

    anne = scope(cast.anne, "/ward/1")
    assert anne == scope(cast.anne, "/ward/1")
    others = [
        scope(cast.ben, "/ward/1"),
        scope(cast.anne, "/ward/2"),
        scope(cast.anne, "/ward/1", "PUT"),
        scope(cast.dana.for_visit(uuid4()), "/ward/1"),
        scope(cast.dana.for_visit(uuid4()), "/ward/1"),
    ]
    assert len({anne, *others}) == 6


def test_9_a_replay_needs_the_right_that_the_first_needed(web: Flask, cast: Cast) -> None:
    nurse = cast.anne
    demoted = Actor(kind="staff", role="cashier", id=nurse.id)
    scopes = []
    for by in (nurse, demoted):
        with web.test_request_context("/ward/1", method="POST", headers={"Idempotency-Key": "k"}):
            g.actor = by
            keys.read_key()
            found = idempotency._presented.get()
            idempotency.present(None)
            assert found is not None
            scopes.append(found.scope)
    assert scopes[0] != scopes[1], "who lost the right must not be given what was stored"


def test_10_keys_are_kept_a_day_and_the_natural_key_for_ever(
    app: Flask, hospital: Hospital, cast: Cast
) -> None:
    visit = hospital.expect()
    with presenting(key()):
        journey.arrive(visit, by=cast.henry)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=23)):
        retention.purge_expired()
    assert kept() == 1
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        retention.purge_expired()
    assert kept() == 0
    with presenting(key()):
        assert journey.arrive(visit, by=cast.henry).is_repeat


def test_10_one_open_visit_without_appointment_per_person_and_day(
    app: Flask, hospital: Hospital, cast: Cast
) -> None:
    from app.emr import services as emr  # noqa: PLC0415

    patient = emr.enter_patient(
        name="박두번",
        birth_date=datetime(1960, 1, 1, tzinfo=UTC).date(),
        phone="010-9999-0001",
        by=cast.henry,
    )

    def come() -> object:
        return journey.walk_in(patient, services=("consult",), site=SITE, by=cast.henry)

    answers = together(app, [come] * 8)
    assert sum(isinstance(one, journey.Outcome) for one in answers) == 1
    refusals = [one for one in answers if not isinstance(one, journey.Outcome)]
    assert {type(one) for one in refusals} == {TransitionRefusedError}, refusals


@pytest.mark.parametrize("sent", ["k" * 256, "열쇠"])
def test_11_a_key_that_is_too_long_or_no_key_at_all_is_malformed(web: Flask, cast: Cast, sent: str) -> None:
    with web.test_request_context("/ward/1", method="POST", data={"idempotency_key": sent}):
        g.actor = cast.anne
        with pytest.raises(MalformedError) as refused:
            keys.read_key()
    assert refused.value.status == 400


def test_11_a_key_of_255_signs_is_kept_whole(app: Flask) -> None:
    for _ in range(2):
        present(key("k" * 255))
    present(key("k" * 254 + "K"))
    assert deeds() == 2


def test_22_what_a_kiosk_sends_again_after_two_hours_was_done_once(
    app: Flask, hospital: Hospital, cast: Cast
) -> None:
    visit = hospital.expect()
    kiosk = cast.dana.for_visit(visit)
    answers = []
    for hours in (0, 2):
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours)), presenting(key()):
            answers.append(journey.check_in(visit, by=kiosk))
            assert was_replayed() is bool(hours)
    assert answers[0] == answers[1]
    assert kept() == 1


def test_the_content_is_compared_in_one_form(web: Flask) -> None:
    def content(**form: object) -> str:
        with web.test_request_context("/x", method="POST", data=form):
            return keys._content()

    assert content(a="1", b="2") == content(b="2", a="1", csrf_token="t", idempotency_key="k")
    assert content(name="가") == content(name="가")
    assert content(a="1") != content(a="2")


def test_commands_inside_a_command_are_part_of_it(app: Flask) -> None:
    @command
    def twice() -> Done:
        do("inner")
        return do("inner again")

    with presenting(key()):
        twice()
    assert (deeds(), kept()) == (2, 1)
