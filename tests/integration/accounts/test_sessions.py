"""A session's row decides: copied cookies, changed roles and closed accounts open nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, select, update

from app.accounts import queries, services
from app.accounts.events import SessionsEnded
from app.accounts.models import AuthSession, SocketTicket, Staff
from app.accounts.roles import Role
from app.accounts.rules import Channel
from app.core import clock
from app.core.actor import ANONYMOUS, SYSTEM, Actor
from app.core.db import db
from app.core.errors import BadCredentialsError, InvalidError, NotAllowedError, NotFoundError
from app.core.events import Event
from app.core.transaction import transactional
from tests.integration.accounts.conftest import PASSWORD


def signed_in(secret: str) -> queries.SignedIn | None:
    db.session.rollback()
    return queries.signed_in(secret, clock.utcnow())


def actor_of(secret: str) -> Actor:
    found = signed_in(secret)
    assert found is not None
    return found.actor()


@pytest.fixture
def session(app: Flask, anne: UUID, eve: Actor) -> services.OpenSession:
    return services.sign_in_staff("anne", PASSWORD, by=eve)


def test_a_copied_cookie_is_refused_after_signing_out(
    session: services.OpenSession, told: list[Event]
) -> None:
    services.sign_out(by=actor_of(session.secret))

    assert signed_in(session.secret) is None
    assert queries.alive([session.session_id], clock.utcnow(), idle=services.idle_time()) == {}
    assert told == [SessionsEnded(session_ids=(session.session_id,))]


def test_signing_out_twice_changes_nothing(session: services.OpenSession, told: list[Event]) -> None:
    anne = actor_of(session.secret)
    services.sign_out(by=anne)
    services.sign_out(by=anne)
    assert len(told) == 1


def test_every_sign_in_has_a_new_secret_and_the_database_none(
    session: services.OpenSession, eve: Actor
) -> None:
    again = services.sign_in_staff("anne", PASSWORD, by=eve)
    assert again.secret != session.secret
    assert again.session_id != session.session_id
    kept = db.session.execute(select(AuthSession.sid_digest)).scalars().all()
    assert session.secret not in kept
    assert again.secret not in kept


def test_disabling_ends_all_sessions_of_the_account_and_no_others(
    session: services.OpenSession, anne: UUID, chris: Actor, eve: Actor, told: list[Event]
) -> None:
    second = services.sign_in_staff("anne", PASSWORD, by=eve, channel=Channel.API)
    other = services.sign_in_staff("chris", PASSWORD, by=eve)

    services.disable_staff(anne, by=chris)

    sessions = (session.session_id, second.session_id, other.session_id)
    assert queries.alive(sessions, clock.utcnow(), idle=services.idle_time()) == {other.session_id: False}
    ended = told[0]
    assert isinstance(ended, SessionsEnded)
    assert set(ended.session_ids) == {session.session_id, second.session_id}


def test_enabling_again_revives_no_old_session(
    session: services.OpenSession, anne: UUID, chris: Actor, eve: Actor
) -> None:
    services.disable_staff(anne, by=chris)
    services.enable_staff(anne, by=chris)
    assert signed_in(session.secret) is None
    assert services.sign_in_staff("anne", PASSWORD, by=eve)


def test_a_changed_role_ends_sessions(session: services.OpenSession, anne: UUID, chris: Actor) -> None:
    services.change_role(anne, Role.CHARGE_NURSE, by=chris)
    assert signed_in(session.secret) is None


def test_a_session_opened_while_the_role_changed_does_not_outlive_it(
    session: services.OpenSession, anne: UUID
) -> None:
    # What a sign-in leaves that committed between the change's look at the sessions and its own commit.
    @transactional
    def change_behind_the_back() -> None:
        db.session.execute(update(Staff).where(Staff.public_id == anne).values(role=Role.DOCTOR))

    change_behind_the_back()
    assert signed_in(session.secret) is None


def test_a_changed_password_ends_sessions_and_wants_the_old_one(
    session: services.OpenSession, eve: Actor
) -> None:
    anne = actor_of(session.secret)
    with pytest.raises(BadCredentialsError):
        services.change_password("not the old one", "an even quieter ward", by=anne)
    services.change_password(PASSWORD, "an even quieter ward", by=anne)

    assert signed_in(session.secret) is None
    with pytest.raises(BadCredentialsError):
        services.sign_in_staff("anne", PASSWORD, by=eve)
    assert services.sign_in_staff("anne", "an even quieter ward", by=eve)


def test_idle_and_absolute_ends(session: services.OpenSession) -> None:
    now = clock.utcnow()
    assert queries.signed_in(session.secret, now + timedelta(hours=12, minutes=1)) is None
    with time_machine.travel(now, tick=False) as moved:
        for _ in range(3):
            moved.shift(timedelta(hours=8) - timedelta(minutes=1))
            if found := signed_in(session.secret):
                services.unlock_screen(PASSWORD, by=found.actor())  # eight hours on, the screen is covered
        assert signed_in(session.secret) is not None  # 23 h 57 min, never idle for 12 h
        moved.shift(timedelta(minutes=5))
        assert signed_in(session.secret) is None


def test_touching_writes_once_a_minute(session: services.OpenSession) -> None:
    written: list[str] = []

    def hear(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE"):
            written.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        for _ in range(6):
            now.shift(timedelta(seconds=20))
            found = signed_in(session.secret)
            assert found is not None
            services.touch_session(found)
    event.remove(db.engine, "before_cursor_execute", hear)
    assert len(written) == 2


def test_who_is_signed_in_costs_one_statement_and_so_do_all_open_sockets(
    session: services.OpenSession, eve: Actor
) -> None:
    others = [services.sign_in_staff("anne", PASSWORD, by=eve).session_id for _ in range(3)]
    db.session.rollback()
    asked: list[str] = []

    def hear(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    assert queries.signed_in(session.secret, clock.utcnow()) is not None
    sessions = [session.session_id, *others]
    held = queries.alive([*sessions, uuid4()], clock.utcnow(), idle=services.idle_time())
    assert held == dict.fromkeys(sessions, False)
    event.remove(db.engine, "before_cursor_execute", hear)
    assert len([one for one in asked if one.startswith("SELECT")]) == 2


def test_a_patient_is_over_after_half_an_hour_the_day_or_the_visit(app: Flask, told: list[Event]) -> None:
    evening = datetime(2026, 3, 2, 18, 40, tzinfo=UTC)  # 03:40 in Seoul: twenty minutes to the new day
    visit = uuid4()
    phone = replace(ANONYMOUS, device_id=uuid4())
    with time_machine.travel(evening, tick=False):
        first = services.open_patient_session(visit, by=phone)
        second = services.open_patient_session(visit, by=phone)
        other = services.open_patient_session(uuid4(), by=phone)
        assert actor_of(first.secret).visit_id == visit
        assert actor_of(first.secret).role == "patient"
        assert queries.signed_in(first.secret, evening + timedelta(minutes=19)) is not None
        assert queries.signed_in(first.secret, evening + timedelta(minutes=21)) is None

        assert services.end_sessions_of_visit(visit) == 2
        assert signed_in(first.secret) is signed_in(second.secret) is None
        assert signed_in(other.secret) is not None
    with time_machine.travel(evening - timedelta(hours=12), tick=False) as now:
        morning = services.open_patient_session(visit, by=phone)
        now.shift(timedelta(minutes=29))
        assert signed_in(morning.secret) is not None
        now.shift(timedelta(minutes=2))
        assert signed_in(morning.secret) is None


def test_the_cast_before_other_peoples_sessions(
    session: services.OpenSession, anne: UUID, chris: Actor, eve: Actor
) -> None:
    ben = services.create_staff("ben", "벤", Role.NURSE, PASSWORD, by=chris)
    for nobody in (eve, Actor(kind="staff", role=Role.NURSE, id=ben)):
        for attempt in (
            lambda by=nobody: services.revoke_session(session.session_id, by=by),
            lambda by=nobody: services.revoke_all_of(anne, by=by),
            lambda by=nobody: services.disable_staff(anne, by=by),
            lambda by=nobody: services.change_role(anne, Role.ADMIN, by=by),
            lambda by=nobody: services.set_password(anne, "an even quieter ward", by=by),
        ):
            with pytest.raises(NotAllowedError):
                attempt()
    assert signed_in(session.secret) is not None
    services.revoke_session(session.session_id, by=actor_of(session.secret))
    assert signed_in(session.secret) is None
    with pytest.raises(NotFoundError):
        services.revoke_session(uuid4(), by=chris)


def test_the_last_administrator_stays(app: Flask, chris: Actor) -> None:
    assert chris.id is not None
    for attempt in (
        lambda: services.disable_staff(chris.id, by=SYSTEM),
        lambda: services.change_role(chris.id, Role.NURSE, by=SYSTEM),
    ):
        with pytest.raises(InvalidError, match="last_administrator"):
            attempt()


@pytest.mark.parametrize(
    ("account", "field"),
    [
        (("anne", "안네", "nurse", PASSWORD), "username"),
        (("이름", "안네", "nurse", PASSWORD), "username"),
        (("ben", " ", "nurse", PASSWORD), "name"),
        (("ben", "벤", "patient", PASSWORD), "role"),
        (("ben", "벤", "nurse", "too short"), "password"),
        (("ben", "벤", "nurse", "Password1234!"), "password"),
        (("ben", "벤", "nurse", "aaaaaaaaaaaaaa"), "password"),
    ],
)
def test_accounts_that_are_not_opened(
    anne: UUID, chris: Actor, account: tuple[str, str, str, str], field: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        services.create_staff(*account, by=chris)
    assert field in str(caught.value.details["fields"])


def test_lists(anne: UUID, chris: Actor, session: services.OpenSession) -> None:
    page = queries.staff_list()
    assert [(row.username, row.units) for row in page.rows] == [("anne", ("IM",)), ("chris", ())]
    assert not page.has_more
    assert queries.staff_named("ANNE") == page.rows[0]
    assert [one.id for one in queries.sessions_of(anne)] == [session.session_id]


def test_a_ticket_opens_one_socket_for_its_own_session_in_time(session: services.OpenSession) -> None:
    ticket = services.issue_ticket(session.session_id)
    assert services.use_ticket(ticket, uuid4()) is None
    assert services.use_ticket("never issued", session.session_id) is None
    assert services.use_ticket(ticket, session.session_id) == session.session_id
    assert services.use_ticket(ticket) is None
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        late = services.issue_ticket(session.session_id)
        now.shift(timedelta(seconds=31))
        assert services.use_ticket(late) is None


def test_of_twenty_sockets_with_one_ticket_one_opens(app: Flask, session: services.OpenSession) -> None:
    ticket = services.issue_ticket(session.session_id)

    def open_socket(_: int) -> UUID | None:
        with app.app_context():
            return services.use_ticket(ticket, session.session_id)

    with ThreadPoolExecutor(20) as pool:
        opened = list(pool.map(open_socket, range(20)))
    assert opened.count(session.session_id) == 1
    assert opened.count(None) == 19


def test_what_is_over_is_swept_away_and_the_rest_stays(session: services.OpenSession) -> None:
    services.issue_ticket(session.session_id)
    with time_machine.travel(clock.utcnow() + timedelta(days=100), tick=False):
        assert services.purge_expired() == 2
        assert services.purge_expired() == 0
    assert db.session.execute(select(func.count()).select_from(SocketTicket)).scalar() == 0
