"""Closed by default: every way in says who may use it, and stands in the stored list."""

import ast
import inspect

import pytest
from flask import Flask, g

from app.accounts.roles import POLICY, Permission, Role
from app.alerts.rules import CHARGE_ID, DESK_ID
from app.core.actor import ANONYMOUS, Actor
from app.core.errors import NotAllowedError, NotFoundError, RefusedError
from app.door import rights
from app.door.rights import check_rights
from app.live import topics
from tests.cast import Cast
from tests.conventions import doors
from tests.hospital import Hospital

TOPIC_KINDS = {"queue", "board", "visit", "line", "alerts", "orders", "study"}


def test_every_way_in_stands_in_the_stored_list(sqlite_app: Flask) -> None:
    stored = doors.STORED.read_text(encoding="utf-8").splitlines()
    assert doors.page(sqlite_app).splitlines() == stored, "look at the difference, then run `make docs`"


def test_every_route_says_who_may_use_it(sqlite_app: Flask) -> None:
    silent = [line for line, who in doors.routes(sqlite_app).items() if not who]
    assert not silent
    asked = {who for who in doors.routes(sqlite_app).values() if who != rights.PUBLIC}
    assert asked <= {str(permission) for permission in Permission}


def test_an_endpoint_that_says_nothing_is_refused_to_everybody(cast: Cast) -> None:
    app = Flask("annex")
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    for name in ("chris", "anne", "jonas"):
        with app.test_request_context("/forgotten"):
            g.actor = getattr(cast, name)
            with pytest.raises(NotAllowedError):
                check_rights()


def test_every_permission_names_its_roles_and_nobody_is_everybody() -> None:
    assert POLICY.keys() == set(Permission)
    open_to_strangers = {permission for permission, roles in POLICY.items() if Role.ANONYMOUS in roles}
    assert open_to_strangers == {Permission.SEE_PLACE, Permission.SEE_BOARD}


def test_every_topic_kind_has_an_audience_rule() -> None:
    compared = {
        node.comparators[0].value
        for node in ast.walk(ast.parse(inspect.getsource(topics._audience)))
        if isinstance(node, ast.Compare) and isinstance(node.comparators[0], ast.Constant)
    }
    assert compared | topics.OF_A_PATIENT >= TOPIC_KINDS
    assert set(topics.aliases("queue:x")) | {"visit:x", "alerts:x", "orders:x", "study:x"} == {
        f"{kind}:x" for kind in TOPIC_KINDS
    }


@pytest.mark.parametrize(
    "name", ["queue", "board", "visit", "line", "alerts", "orders", "study", "patient", "everything"]
)
def test_no_topic_is_open_to_a_stranger(web: Flask, hospital: Hospital, name: str) -> None:
    with web.test_request_context(), pytest.raises((NotAllowedError, NotFoundError)):
        topics.grant([f"{name}:{hospital.consult}"], by=ANONYMOUS, locale="ko")


@pytest.mark.parametrize(
    ("who", "queue", "board"),
    [
        ("anne", "ward:ko", "board:ko"),
        ("ben", "NOT_FOUND", "board:ko"),
        ("chris", "NOT_ALLOWED", "board:ko"),
        ("dana", "NOT_ALLOWED", "board:ko"),
        ("eve", "NOT_ALLOWED", "NOT_ALLOWED"),
        ("flora", "ward:ko", "board:ko"),
        ("henry", "ward:ko", "board:ko"),
        ("iris", "NOT_ALLOWED", "board:ko"),
    ],
)
def test_who_may_follow_a_queue_and_its_board(
    web: Flask, hospital: Hospital, cast: Cast, who: str, queue: str, board: str
) -> None:
    by: Actor = getattr(cast, who)

    def answer(kind: str) -> str:
        topic = f"{kind}:{hospital.consult}"
        try:
            return topics.grant([topic], by=by, locale="ko")[topic]
        except RefusedError as refused:
            return refused.code

    with web.test_request_context():
        assert (answer("queue"), answer("board")) == (queue, board)


@pytest.mark.parametrize(
    ("who", "ward", "desk", "charge"),
    [
        ("anne", "alerts:ko:nurse", "NOT_FOUND", "NOT_FOUND"),
        ("ben", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"),
        ("chris", "NOT_ALLOWED", "NOT_ALLOWED", "NOT_ALLOWED"),
        ("dana", "NOT_ALLOWED", "NOT_ALLOWED", "NOT_ALLOWED"),
        ("eve", "NOT_ALLOWED", "NOT_ALLOWED", "NOT_ALLOWED"),
        ("flora", "alerts:ko:charge_nurse", "NOT_FOUND", "alerts:ko:charge_nurse"),
        ("grace", "alerts:ko:doctor", "NOT_FOUND", "NOT_FOUND"),
        ("henry", "NOT_FOUND", "alerts:ko:desk", "NOT_FOUND"),
        ("iris", "NOT_ALLOWED", "NOT_ALLOWED", "NOT_ALLOWED"),
        ("jonas", "NOT_ALLOWED", "NOT_ALLOWED", "NOT_ALLOWED"),
    ],
)
def test_who_may_follow_which_alerts(
    web: Flask, hospital: Hospital, cast: Cast, who: str, ward: str, desk: str, charge: str
) -> None:
    by: Actor = getattr(cast, who)

    def answer(post: object) -> str:
        try:
            return topics.grant([f"alerts:{post}"], by=by, locale="ko")[f"alerts:{post}"]
        except RefusedError as refused:
            return refused.code

    with web.test_request_context():
        assert (answer(hospital.ward), answer(DESK_ID), answer(CHARGE_ID)) == (ward, desk, charge)
