"""A locked screen is a row: who covers it, who opens it, how often one may try, and what two windows do at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.accounts import queries, services
from app.accounts.events import ScreensCovered, ScreensOpened
from app.accounts.models import AuthSession, Staff
from app.accounts.rules import Channel, LockReason
from app.core import clock, events
from app.core.actor import Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import (
    BadCredentialsError,
    InvalidError,
    NotAllowedError,
    SignInNeededError,
    TooManyTriesError,
)
from app.core.events import Event
from tests.integration.accounts.conftest import PASSWORD

PIN = "2580"


@pytest.fixture
def heard() -> Iterator[list[Event]]:
    told: list[Event] = []
    events.react({ScreensCovered: (told.append,), ScreensOpened: (told.append,)})
    yield told
    events.react({})


@pytest.fixture
def screen(app: Flask, anne: UUID, eve: Actor) -> services.OpenSession:
    return services.sign_in_staff("anne", PASSWORD, by=replace(eve, device_id=uuid4()))


@pytest.fixture
def nurse(screen: services.OpenSession) -> Actor:
    return look(screen).actor(ip="192.0.2.7")


def look(screen: services.OpenSession) -> queries.SignedIn:
    db.session.rollback()
    found = queries.signed_in(screen.secret, clock.utcnow())
    assert found is not None
    return found


def covered_since(screen: services.OpenSession) -> datetime | None:
    return look(screen).covered_since(clock.utcnow(), services.idle_time())


def deeds() -> list[tuple[str, str, str | None]]:
    db.session.rollback()
    rows = db.session.execute(
        select(AuditRow.action, AuditRow.outcome, AuditRow.reason)
        .where(AuditRow.action.startswith("accounts:screen"))
        .order_by(AuditRow.id)
    )
    return [(row.action.removeprefix("accounts:screen:"), row.outcome, row.reason) for row in rows]


def test_a_screen_is_covered_by_its_owner_and_opened_by_the_password(
    screen: services.OpenSession, nurse: Actor, heard: list[Event]
) -> None:
    assert covered_since(screen) is None
    services.lock_screen(LockReason.ASKED, by=nurse)
    services.lock_screen(LockReason.IDLE, by=nurse)  # the other window, a moment later
    assert covered_since(screen) is not None
    assert queries.alive([screen.session_id], clock.utcnow(), idle=services.idle_time()) == {
        screen.session_id: True
    }

    services.unlock_screen(PASSWORD, by=nurse)
    services.unlock_screen(PASSWORD, by=nurse)
    assert covered_since(screen) is None
    assert deeds() == [("lock", "ok", "asked"), ("unlock", "ok", None)]
    ids = (screen.session_id,)
    assert heard == [ScreensCovered(session_ids=ids), ScreensOpened(session_ids=ids)]


def test_who_leaves_is_covered_as_of_then_and_comes_back_to_a_lock(
    screen: services.OpenSession, nurse: Actor
) -> None:
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        for _ in range(4):  # reading and scrolling: the page says once a minute that somebody is there
            now.shift(timedelta(minutes=9))
            services.touch_session(look(screen))
            assert covered_since(screen) is None
        left_at = look(screen).last_seen_at
        now.shift(timedelta(minutes=11))
        assert covered_since(screen) == left_at + timedelta(minutes=10)
        services.touch_session(look(screen))  # a gesture opens nothing
        assert look(screen).last_seen_at == left_at
        assert services.lock_if_idle(by=nurse)
        now.shift(timedelta(minutes=5))
        assert services.lock_if_idle(by=nurse)
        assert look(screen).locked_at == left_at + timedelta(minutes=10)
        services.unlock_screen(PASSWORD, by=nurse)
        assert covered_since(screen) is None
        assert not services.lock_if_idle(by=nurse)
    assert deeds() == [("lock", "ok", "idle"), ("unlock", "ok", None)]


def test_a_page_that_reports_every_minute_is_always_heard(screen: services.OpenSession) -> None:
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        now.shift(timedelta(seconds=59))
        services.touch_session(look(screen))
        assert look(screen).last_seen_at < clock.utcnow()
        services.touch_session(look(screen), grain=timedelta(seconds=30))
        assert look(screen).last_seen_at == clock.utcnow()


def test_a_pin_opens_the_screen_and_nothing_else(
    screen: services.OpenSession, nurse: Actor, eve: Actor, anne: UUID
) -> None:
    services.set_pin(PASSWORD, PIN, by=nurse)
    stored = db.session.execute(select(Staff.pin_hash).where(Staff.public_id == anne)).scalar_one()
    assert stored is not None
    assert stored.startswith("$argon2id$")
    services.lock_screen(LockReason.ASKED, by=nurse)
    services.unlock_screen(PIN, by=nurse)
    assert covered_since(screen) is None
    with pytest.raises(BadCredentialsError):
        services.sign_in_staff("anne", PIN, by=eve)
    services.set_pin(PASSWORD, "", by=nurse)
    assert not services.has_pin(by=nurse)
    with pytest.raises(BadCredentialsError):
        services.unlock_screen(PIN, by=nurse)


def test_another_password_takes_the_pin_along(
    screen: services.OpenSession, nurse: Actor, chris: Actor, anne: UUID
) -> None:
    services.set_pin(PASSWORD, PIN, by=nurse)
    services.set_password(anne, "an even quieter ward", by=chris)
    assert not services.has_pin(by=nurse)
    with pytest.raises(SignInNeededError):  # and its sessions are over
        services.unlock_screen("an even quieter ward", by=nurse)


@pytest.mark.parametrize(
    ("pin", "why"), [("12", "malformed"), ("12345678", "malformed"), ("1234", "too_common")]
)
def test_pins_that_are_not_taken(nurse: Actor, pin: str, why: str) -> None:
    with pytest.raises(InvalidError) as refused:
        services.set_pin(PASSWORD, pin, by=nurse)
    assert refused.value.details["fields"] == {"pin": why}
    with pytest.raises(BadCredentialsError):
        services.set_pin("not my password", PIN, by=nurse)
    assert not services.has_pin(by=nurse)


def test_the_fifth_wrong_pin_of_a_day_leaves_only_the_password(
    screen: services.OpenSession, nurse: Actor
) -> None:
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        services.set_pin(PASSWORD, PIN, by=nurse)
        services.lock_screen(LockReason.ASKED, by=nurse)
        for _ in range(5):
            with pytest.raises(BadCredentialsError) as refused:
                services.unlock_screen("9999", by=nurse)
            assert not refused.value.details
        for wait in (timedelta(0), timedelta(minutes=16), timedelta(hours=3)):
            now.shift(wait)
            with pytest.raises(BadCredentialsError) as refused:
                services.unlock_screen(PIN, by=nurse)  # the right one
            assert refused.value.details == {"why": "pin_used_up"}
        assert covered_since(screen) is not None
        services.unlock_screen(PASSWORD, by=nurse)
        services.lock_screen(LockReason.ASKED, by=nurse)
        services.unlock_screen(PIN, by=nurse)  # the stronger proof forgives the weaker one's failures
        assert covered_since(screen) is None
    assert [one for one in deeds() if one[1] == "refused"] == [
        *[("unlock", "refused", None)] * 5,
        *[("unlock", "refused", "limited")] * 3,
    ]


def test_wrong_passwords_are_limited_for_a_quarter_of_an_hour(
    screen: services.OpenSession, nurse: Actor
) -> None:
    services.lock_screen(LockReason.ASKED, by=nurse)
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        for _ in range(5):
            with pytest.raises(BadCredentialsError):
                services.unlock_screen("not my password", by=nurse)
        with pytest.raises(TooManyTriesError):
            services.unlock_screen(PASSWORD, by=nurse)
        assert covered_since(screen) is not None
        now.shift(timedelta(minutes=15, seconds=1))
        services.unlock_screen(PASSWORD, by=nurse)
        assert covered_since(screen) is None


def test_a_colleagues_password_opens_nothing(
    screen: services.OpenSession, nurse: Actor, chris: Actor
) -> None:
    services.lock_screen(LockReason.ASKED, by=nurse)
    ben = services.create_staff("ben", "벤", "nurse", "a louder ward by day", by=chris)
    with pytest.raises(BadCredentialsError):
        services.unlock_screen("a louder ward by day", by=nurse)
    with pytest.raises(SignInNeededError):  # the right word of somebody who has no screen
        services.unlock_screen("a louder ward by day", by=replace(nurse, id=ben, session_id=None))
    assert covered_since(screen) is not None


def test_only_staff_have_a_screen_and_a_program_has_none(app: Flask, anne: UUID, eve: Actor) -> None:
    for kind in ("patient", "kiosk", "board", "anonymous"):
        with pytest.raises(NotAllowedError):
            services.lock_screen(LockReason.ASKED, by=Actor(kind=kind, role=kind, session_id=str(uuid4())))
    program = services.sign_in_staff("anne", PASSWORD, by=eve, channel=Channel.API)
    found = queries.signed_in_as(program.session_id, clock.utcnow())
    assert found is not None
    services.lock_screen(LockReason.ASKED, by=found.actor())
    assert not deeds()
    alive = queries.alive(
        [program.session_id], clock.utcnow() + timedelta(hours=1), idle=services.idle_time()
    )
    assert alive == {program.session_id: False}


def test_windows_that_lock_and_open_at_once_end_as_the_last_one_said(
    app: Flask, screen: services.OpenSession, nurse: Actor
) -> None:
    def act(number: int) -> None:
        with app.app_context():
            if number % 2:
                services.lock_screen(LockReason.ASKED, by=nurse)
            else:
                services.unlock_screen(PASSWORD, by=nurse)
            db.session.remove()

    with ThreadPoolExecutor(5) as windows:  # more unlocks at once would be guesses
        list(windows.map(act, range(24)))
    told = [deed for deed, outcome, _ in deeds() if outcome == "ok"]
    assert told == ["lock" if at % 2 == 0 else "unlock" for at in range(len(told))], "each changed what was"
    db.session.rollback()
    locked_at = db.session.execute(
        select(AuthSession.locked_at).where(AuthSession.public_id == screen.session_id)
    ).scalar_one()
    assert (locked_at is not None) == (bool(told) and told[-1] == "lock")


def test_a_hundred_guesses_at_once_are_five(app: Flask, screen: services.OpenSession, nurse: Actor) -> None:
    services.set_pin(PASSWORD, PIN, by=nurse)
    services.lock_screen(LockReason.ASKED, by=nurse)

    def guess(number: int) -> str:
        with app.app_context():
            try:
                services.unlock_screen(f"{3000 + number * 37:04}", by=nurse)
            except BadCredentialsError as refused:
                return "limited" if refused.details else "compared"
            finally:
                db.session.remove()
            return "open"

    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(guess, range(40)))
    assert "open" not in answers
    assert answers.count("compared") <= 5
