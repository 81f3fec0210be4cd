"""Who gets in, who does not, and that nobody can tell why."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pyotp
import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from app.accounts import passwords, queries, rules, services
from app.accounts.events import IdentificationPaused
from app.accounts.models import SignInFailure, Staff
from app.accounts.roles import Role
from app.accounts.rules import TryKind
from app.core import clock
from app.core.actor import ANONYMOUS, Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import BadCredentialsError, BusyError, RefusedError, TooManyTriesError
from app.core.events import Event
from tests.integration.accounts.conftest import PASSWORD


def refusal(username: str, password: str, by: Actor, totp: str | None = None) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        services.sign_in_staff(username, password, totp, by=by)
    return caught.value


def spy_on_comparing(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Return the list of hashes that will have been compared; None is nobody's."""
    compared: list[str | None] = []
    real = passwords.verify

    def verify(stored: str | None, password: str) -> bool:
        compared.append(stored)
        return real(stored, password)

    monkeypatch.setattr(passwords, "verify", verify)
    return compared


def fail(kind: TryKind, identity: str, by: Actor) -> None:
    with services.trying(kind, identity, by=by):
        raise BadCredentialsError


def test_a_nurse_signs_in_with_her_units(app: Flask, anne: UUID, eve: Actor) -> None:
    session = services.sign_in_staff(" Anne ", PASSWORD, by=eve)

    signed_in = queries.signed_in(session.secret, clock.utcnow())
    assert signed_in is not None
    actor = signed_in.actor(ip="203.0.113.7")
    assert (actor.kind, actor.role, actor.id, actor.name) == ("staff", "nurse", anne, "안네")
    assert actor.units == {unit.id for unit in queries.units()}
    assert actor.session_id == str(session.session_id)


def test_unknown_and_wrong_and_disabled_and_limited_get_the_same_answer(
    app: Flask, anne: UUID, chris: Actor
) -> None:
    answers = [
        refusal("nobody", PASSWORD, replace(ANONYMOUS, device_id=uuid4())),
        refusal("anne", "something else entirely", replace(ANONYMOUS, device_id=uuid4())),
    ]
    services.disable_staff(anne, by=chris)
    answers.append(refusal("anne", PASSWORD, replace(ANONYMOUS, device_id=uuid4())))
    answers += [
        refusal("anne", "something else entirely", replace(ANONYMOUS, device_id=uuid4())) for _ in range(6)
    ]

    assert {(type(one), one.code, one.status, str(one)) for one in answers} == {
        (BadCredentialsError, "BAD_CREDENTIALS", 401, "BAD_CREDENTIALS")
    }


def test_every_refusal_costs_one_comparison(
    app: Flask, anne: UUID, eve: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = spy_on_comparing(monkeypatch)

    for username in ("nobody", "anne"):
        refusal(username, "something else entirely", replace(eve, device_id=uuid4()))
    for _ in range(6):
        refusal("anne", "something else entirely", replace(eve, device_id=uuid4()))

    assert len(compared) == 8


def test_the_sixth_try_of_a_device_is_told_to_wait_before_anything_is_compared(
    app: Flask, anne: UUID, eve: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        assert refusal(f"guess{number}", PASSWORD, eve).status == 401
    monkeypatch.setattr(passwords, "verify", lambda *_: pytest.fail("compared"))

    limited = refusal("anne", PASSWORD, eve)

    assert (limited.code, limited.status) == ("TOO_MANY_TRIES", 429)
    assert 890 <= int(str(limited.details["retry_after"])) <= 900


def test_waiting_helps_and_refused_tries_do_not_prolong_it(app: Flask, anne: UUID, eve: Actor) -> None:
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        for number in range(5):
            refusal(f"guess{number}", PASSWORD, eve)
        now.shift(timedelta(minutes=14))
        assert refusal("anne", PASSWORD, eve).status == 429
        now.shift(timedelta(minutes=1, seconds=1))

        assert services.sign_in_staff("anne", PASSWORD, by=eve).role == Role.NURSE


def test_successes_are_not_counted(app: Flask, anne: UUID, eve: Actor) -> None:
    for _ in range(7):
        services.sign_in_staff("anne", PASSWORD, by=eve)
    assert db.session.execute(select(func.count()).select_from(SignInFailure)).scalar() == 0


def test_strangers_cannot_lock_a_nurse_out_of_her_own_browser(app: Flask, anne: UUID, eve: Actor) -> None:
    annes_browser = replace(ANONYMOUS, device_id=uuid4(), ip="198.51.100.1")
    services.sign_in_staff("anne", PASSWORD, by=annes_browser)
    for _ in range(10):
        refusal("anne", "something else entirely", replace(eve, device_id=uuid4()))

    assert refusal("anne", PASSWORD, replace(eve, device_id=uuid4())).status == 401
    assert services.sign_in_staff("anne", PASSWORD, by=annes_browser)


def test_throwing_the_device_cookie_away_does_not_help(app: Flask, anne: UUID) -> None:
    without = replace(ANONYMOUS, ip="203.0.113.9")
    for number in range(rules.NAMELESS_TRIES):
        refusal(f"guess{number}", PASSWORD, without)
    assert refusal("guess", PASSWORD, replace(without, ip="203.0.113.200")).status == 429


def test_of_thirty_guesses_at_once_no_more_than_five_are_compared(
    app: Flask, anne: UUID, eve: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = spy_on_comparing(monkeypatch)

    def guess(number: int) -> int:
        with app.app_context():
            try:
                services.sign_in_staff("anne", f"guess number {number}", by=eve)
            except BusyError:
                return 503
            except TooManyTriesError:
                return 429
            except BadCredentialsError:
                return 401
            return 200

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(guess, range(30)))

    assert len([stored for stored in compared if stored is not None]) <= 5
    assert 200 not in answers


def test_a_code_is_good_once(app: Flask, anne: UUID, chris: Actor, eve: Actor) -> None:
    uri = services.enrol_second_factor(anne, by=chris)
    otp = pyotp.parse_uri(uri)
    assert isinstance(otp, pyotp.TOTP)
    assert otp.secret not in str(db.session.execute(select(Staff.totp_secret)).scalars().all())
    with time_machine.travel(clock.utcnow(), tick=False):
        code = otp.at(clock.utcnow())
        assert refusal("anne", PASSWORD, eve).status == 401
        assert refusal("anne", PASSWORD, eve, "000000" if code != "000000" else "111111").status == 401
        assert services.sign_in_staff("anne", PASSWORD, code, by=eve)
        assert refusal("anne", PASSWORD, eve, code).status == 401


def test_one_code_in_four_browsers_opens_one_session(app: Flask, anne: UUID, chris: Actor) -> None:
    otp = pyotp.parse_uri(services.enrol_second_factor(anne, by=chris))
    assert isinstance(otp, pyotp.TOTP)
    code = otp.at(clock.utcnow())

    def sign_in(_: int) -> bool:
        with app.app_context():
            try:
                services.sign_in_staff("anne", PASSWORD, code, by=replace(ANONYMOUS, device_id=uuid4()))
            except (BadCredentialsError, BusyError):
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sign_in, range(4))) == 1
    db.session.rollback()
    assert len(queries.sessions_of(anne)) == 1


def test_an_outdated_hash_is_renewed_at_the_next_sign_in(
    app: Flask, anne: UUID, eve: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = db.session.execute(select(Staff.password_hash).where(Staff.public_id == anne)).scalar()
    monkeypatch.setattr(
        passwords, "_hasher", type(passwords._hasher)(time_cost=2, memory_cost=1024, parallelism=1)
    )

    services.sign_in_staff("anne", PASSWORD, by=eve)

    after = db.session.execute(select(Staff.password_hash).where(Staff.public_id == anne)).scalar()
    assert after != before
    assert services.sign_in_staff("anne", PASSWORD, by=eve)


def test_log_in_failure_and_log_out_stand_in_the_audit_without_what_was_typed(
    app: Flask, anne: UUID, eve: Actor
) -> None:
    refusal("anne's secret word", "typed into the wrong field", eve)
    session = services.sign_in_staff("anne", PASSWORD, by=eve)
    services.sign_out(by=_actor(session.secret))

    rows = db.session.execute(select(AuditRow).order_by(AuditRow.id)).scalars().all()
    told = [(row.action, row.outcome, row.reason) for row in rows if row.action.startswith("accounts:s")]
    assert told[-3:] == [
        ("accounts:staff:sign-in", "refused", None),
        ("accounts:session:open", "ok", None),
        ("accounts:session:end", "ok", "signed_out"),
    ]
    assert rows[-2].actor_id == rows[-1].actor_id == anne
    assert rows[-2].session_id == rows[-1].session_id
    assert "secret word" not in str([vars(row) for row in rows])


def test_thirty_one_failures_pause_identification_in_the_whole_house(app: Flask, told: list[Event]) -> None:
    dana = replace(ANONYMOUS, device_id=uuid4(), ip="192.0.2.1")
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        for number in range(31):
            guesser = replace(ANONYMOUS, device_id=uuid4(), ip=f"10.0.{number}.1")
            with pytest.raises(BadCredentialsError):
                fail(TryKind.PATIENT, str(number), guesser)
        assert told == [IdentificationPaused(seconds=900)]
        with pytest.raises(BadCredentialsError):
            services.may_try(TryKind.PATIENT, "dana", by=dana)

        now.shift(timedelta(minutes=15, seconds=1))
        services.may_try(TryKind.PATIENT, "dana", by=dana)


def test_an_identity_is_slowed_after_ten_failures_a_day_from_wherever_they_come(app: Flask) -> None:
    for number in range(10):
        services.note_failure(
            TryKind.PATIENT,
            "1234|1950-01-01",
            by=replace(ANONYMOUS, device_id=uuid4(), ip=f"10.1.{number}.1"),
        )
    somebody = replace(ANONYMOUS, device_id=uuid4(), ip="192.0.2.1")
    with pytest.raises(BadCredentialsError):
        services.may_try(TryKind.PATIENT, "1234|1950-01-01", by=somebody)
    services.may_try(TryKind.PATIENT, "1234|1950-01-02", by=somebody)
    assert "1950" not in str(db.session.execute(select(SignInFailure.identity)).scalars().all())


def test_a_kiosk_may_mistype_more_often_than_a_phone(app: Flask) -> None:
    kiosk = Actor(kind="kiosk", role=Role.KIOSK, device_id=uuid4(), ip="192.0.2.1")
    for number in range(20):
        services.note_failure(TryKind.PATIENT, str(number), by=kiosk)
    services.may_try(TryKind.PATIENT, "dana", by=kiosk)


def test_something_else_that_breaks_is_no_guess(app: Flask, eve: Actor) -> None:
    def break_down() -> None:
        with services.trying(TryKind.PATIENT, "dana", by=eve):
            raise BusyError(retry_after=1)

    with pytest.raises(BusyError):
        break_down()
    assert db.session.execute(select(func.count()).select_from(SignInFailure)).scalar() == 0


def _actor(secret: str) -> Actor:
    signed_in = queries.signed_in(secret, clock.utcnow())
    assert signed_in is not None
    return signed_in.actor()
