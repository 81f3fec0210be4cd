"""Kiosks and boards: one code pairs one device, once, and a revoked one goes dark."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask

from app.accounts import queries, services
from app.accounts.events import SessionsEnded
from app.core import clock
from app.core.actor import ANONYMOUS, Actor
from app.core.db import db
from app.core.errors import (
    BadCredentialsError,
    InvalidError,
    NotAllowedError,
    SignInNeededError,
    TooManyTriesError,
)
from app.core.events import Event


@pytest.fixture
def kiosk(app: Flask, chris: Actor) -> services.Pairing:
    return services.announce_device("kiosk", "정문 키오스크", place="1F-LOBBY", by=chris)


def holds(secret: str) -> queries.SignedIn | None:
    db.session.rollback()
    return queries.signed_in(secret, clock.utcnow())


def test_a_paired_kiosk_is_somebody_and_stands_somewhere(kiosk: services.Pairing, eve: Actor) -> None:
    paired = services.pair_device(kiosk.code.lower(), by=eve)

    found = holds(paired.session.secret)
    assert found is not None
    assert (found.place, found.name, found.queue_id) == ("1F-LOBBY", "정문 키오스크", None)
    actor = found.actor()
    assert (actor.kind, actor.role, actor.id, actor.device_id) == (
        "kiosk",
        "kiosk",
        kiosk.device_id,
        kiosk.device_id,
    )


def test_a_code_pairs_once(kiosk: services.Pairing, eve: Actor) -> None:
    services.pair_device(kiosk.code, by=eve)
    with pytest.raises(BadCredentialsError):
        services.pair_device(kiosk.code, by=eve)


def test_of_five_screens_with_one_code_one_is_paired(app: Flask, kiosk: services.Pairing) -> None:
    def pair(number: int) -> bool:
        with app.app_context():
            try:
                services.pair_device(kiosk.code, by=replace(ANONYMOUS, device_id=uuid4()))
            except BadCredentialsError:
                return False
            return True

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(pair, range(5))) == 1


def test_a_code_is_late_after_an_hour_and_guesses_are_limited(kiosk: services.Pairing, eve: Actor) -> None:
    with time_machine.travel(clock.utcnow() + timedelta(minutes=61), tick=False):
        with pytest.raises(BadCredentialsError):
            services.pair_device(kiosk.code, by=eve)
        for number in range(4):
            with pytest.raises(BadCredentialsError):
                services.pair_device(f"GUESS-{number}", by=eve)
        with pytest.raises(TooManyTriesError):
            services.pair_device("GUESS-5", by=eve)


def test_revoking_darkens_the_screen_for_good(
    kiosk: services.Pairing, chris: Actor, eve: Actor, told: list[Event]
) -> None:
    paired = services.pair_device(kiosk.code, by=eve)
    services.revoke_device(kiosk.device_id, by=chris)

    assert holds(paired.session.secret) is None
    assert told == [SessionsEnded(session_ids=(paired.session.session_id,))]
    with pytest.raises(SignInNeededError):
        services.open_device_session(paired.device_secret, by=eve)
    with pytest.raises(InvalidError):
        services.reissue_pairing(kiosk.device_id, by=chris)


def test_a_device_has_one_session_and_a_copied_secret_shows(kiosk: services.Pairing, eve: Actor) -> None:
    paired = services.pair_device(kiosk.code, by=eve)
    again = services.open_device_session(paired.device_secret, by=eve)
    assert holds(paired.session.secret) is None
    assert holds(again.session.secret) is not None
    assert again.device_secret == paired.device_secret


def test_a_secret_is_renewed_after_sixty_days_and_dead_after_ninety(
    kiosk: services.Pairing, eve: Actor
) -> None:
    paired = services.pair_device(kiosk.code, by=eve)
    with time_machine.travel(clock.utcnow() + timedelta(days=61), tick=False) as now:
        renewed = services.open_device_session(paired.device_secret, by=eve)
        assert renewed.device_secret != paired.device_secret
        with pytest.raises(SignInNeededError):
            services.open_device_session(paired.device_secret, by=eve)
        now.shift(timedelta(days=91))
        assert holds(renewed.session.secret) is None
        with pytest.raises(SignInNeededError):
            services.open_device_session(renewed.device_secret, by=eve)


def test_only_an_administrator_announces_devices(app: Flask, anne: UUID, eve: Actor) -> None:
    for nobody in (eve, Actor(kind="staff", role="nurse", id=anne)):
        with pytest.raises(NotAllowedError):
            services.announce_device("board", "벽", queue_id=uuid4(), by=nobody)


def test_a_board_needs_its_queue_and_a_kiosk_its_place(app: Flask, chris: Actor) -> None:
    for kind, field in (("board", "queue_id"), ("kiosk", "place"), ("toaster", "kind")):
        with pytest.raises(InvalidError, match=field):
            services.announce_device(kind, "화면", by=chris)


def test_the_list_says_where_each_stands(kiosk: services.Pairing, chris: Actor, eve: Actor) -> None:
    board = services.announce_device("board", "대기실 화면", queue_id=uuid4(), by=chris)
    services.pair_device(board.code, by=eve)
    rows = {row.id: row.state for row in queries.devices().rows}
    assert rows == {kiosk.device_id: "waiting", board.device_id: "paired"}
