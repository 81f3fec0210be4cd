"""flask users and flask devices: one sentence out, exit 1 on refusal, 2 on misuse."""

import re
from uuid import UUID, uuid4

import pytest
from click.testing import Result
from flask import Flask
from flask_babel import Babel

from app.accounts import queries, services
from app.cli.devices import devices
from app.cli.users import users
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import BadCredentialsError
from tests.integration.accounts.conftest import PASSWORD


@pytest.fixture
def flask(app: Flask) -> Flask:
    Babel(app)
    app.cli.add_command(users)
    app.cli.add_command(devices)
    return app


def run(flask: Flask, *words: str, typed: str | None = None) -> Result:
    result: Result = flask.test_cli_runner().invoke(args=list(words), input=typed)
    db.session.rollback()
    return result


def test_the_first_administrator_is_made_at_the_machine(flask: Flask, eve: Actor) -> None:
    made = run(
        flask,
        *("users", "create", "chris", "--name", "크리스", "--role", "admin"),
        typed=f"{PASSWORD}\n{PASSWORD}\n",
    )
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    assert services.sign_in_staff("chris", PASSWORD, by=eve).role == "admin"


def test_a_refusal_is_one_sentence_and_exit_1(flask: Flask) -> None:
    refused = run(flask, "users", "disable", "nobody")
    assert refused.exit_code == 1
    assert len(refused.output.strip().splitlines()) == 1
    assert "NOT_FOUND" in refused.output
    ben = ("users", "create", "ben", "--name", "벤", "--role", "nurse", "--password-file", "-")
    short = run(flask, *ben, typed="short\n")
    assert (short.exit_code, "too_short" in short.output) == (1, True)


def test_misuse_is_exit_2(flask: Flask) -> None:
    assert run(flask, "users", "create", "ben", "--name", "벤", "--role", "patient").exit_code == 2


def test_sessions_are_listed_and_revoked(flask: Flask, anne: UUID, eve: Actor) -> None:
    first = services.sign_in_staff("anne", PASSWORD, by=eve)
    second = services.sign_in_staff("anne", PASSWORD, by=eve)
    listed = run(flask, "users", "sessions", "anne")
    assert str(first.session_id) in listed.output
    assert first.secret not in listed.output

    assert run(flask, "users", "revoke", "anne", "--session", str(first.session_id)).exit_code == 0
    assert [one.id for one in queries.sessions_of(anne)] == [second.session_id]
    assert run(flask, "users", "revoke", "anne").exit_code == 0
    assert queries.sessions_of(anne) == ()


def test_closing_moving_and_opening_an_account(flask: Flask, anne: UUID, eve: Actor) -> None:
    assert run(flask, "users", "disable", "anne").exit_code == 0
    with pytest.raises(BadCredentialsError):
        services.sign_in_staff("anne", PASSWORD, by=eve)
    assert run(flask, "users", "enable", "anne").exit_code == 0
    assert run(flask, "users", "role", "anne", "charge_nurse").exit_code == 0
    new = run(flask, "users", "password", "anne", "--password-file", "-", typed="an even quieter ward\n")
    assert new.exit_code == 0
    assert services.sign_in_staff("anne", "an even quieter ward", by=eve).role == "charge_nurse"
    assert run(flask, "users", "second-factor", "anne").output.startswith("otpauth://totp/")
    assert run(flask, "users", "second-factor", "anne", "--remove").exit_code == 0


def test_a_board_is_announced_paired_again_and_revoked(flask: Flask, eve: Actor) -> None:
    announced = run(flask, "devices", "pair", "board", "대기실 화면", "--queue", str(uuid4()))
    code = re.search(r"\w{5}-\w{5}", announced.output)
    assert code, announced.output
    paired = services.pair_device(code.group(), by=eve)

    again = run(flask, "devices", "pair-again", str(paired.device_id))
    assert re.search(r"\w{5}-\w{5}", again.output)
    assert "paired" in run(flask, "devices", "list").output
    assert run(flask, "devices", "revoke", str(paired.device_id)).exit_code == 0
    assert "revoked" in run(flask, "devices", "list").output
    assert run(flask, "devices", "pair", "board", "화면").exit_code == 1
