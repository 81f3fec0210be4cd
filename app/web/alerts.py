"""Answers to alerts: I am going, done, later, no action needed. The strips stand on the ward's and the desk's pages."""

import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.alerts import rules
from app.alerts import services as alerts
from app.boards import queries as boards
from app.core.errors import RefusedError
from app.door import actor, field, requires, uuid_field, version_field
from app.web.errors import sentence
from app.web.forms import say

View = Callable[[UUID], str]
TELLABLE = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.PRECONDITION_REQUIRED})
# Where a strip stands: nobody is sent anywhere else, whatever a form says.
PAGES = re.compile(r"/(?:ward|desk)(?:/[a-z0-9-]+){0,3}")
LONGEST_MINUTES = 3

blueprint = Blueprint("alerts", __name__)


def answering(answer: View) -> Callable[[UUID], Response]:
    """Give an answer and repaint the strip; a refusal repaints it too, and says who was faster."""

    @wraps(answer)
    def give(alert_id: UUID) -> Response:
        try:
            return _told(answer(alert_id), "success", HTTPStatus.OK)
        except RefusedError as refused:
            if refused.status not in TELLABLE:
                raise
            return _told(_words(refused), "danger", refused.status)

    return give


@blueprint.post("/alerts/<uuid:alert_id>/take")
@requires(Permission.ANSWER_ALERTS)
@answering
def take(alert_id: UUID) -> str:
    """Say "I am going"."""
    alerts.take(alert_id, version=version_field(), by=actor())
    return str(_("It is yours. Press «Done» when you have been there."))


@blueprint.post("/alerts/<uuid:alert_id>/done")
@requires(Permission.ANSWER_ALERTS)
@answering
def done(alert_id: UUID) -> str:
    """Note that it was acted on."""
    alerts.finish(alert_id, version=version_field(), by=actor())
    return str(_("Noted as done."))


@blueprint.post("/alerts/<uuid:alert_id>/dismiss")
@requires(Permission.ANSWER_ALERTS)
@answering
def dismiss(alert_id: UUID) -> str:
    """End an alert that needs nothing, with the reason."""
    alerts.dismiss(
        alert_id,
        version=version_field(),
        reason=field("reason", longest=rules.LONGEST_REASON),
        by=actor(),
    )
    return str(_("Noted: no action needed."))


@blueprint.post("/alerts/<uuid:alert_id>/snooze")
@requires(Permission.ANSWER_ALERTS)
@answering
def snooze(alert_id: UUID) -> str:
    """Put an alert off for some minutes."""
    typed = field("minutes", longest=LONGEST_MINUTES)
    minutes = int(typed) if typed.isascii() and typed.isdecimal() else None
    alerts.snooze(alert_id, version=version_field(), minutes=minutes, by=actor())
    return str(_("You will be reminded again."))


def _told(text: str, kind: str, status: int) -> Response:
    if not request.headers.get("HX-Request"):
        say(text, kind=kind)
        return make_response(redirect(_back(), HTTPStatus.SEE_OTHER))
    post = uuid_field("post")
    boards.check_alert_post(post, by=actor())
    strip = boards.alert_strip(post, role=actor().role)
    return make_response(render_template("alerts/_answer.html", strip=strip, text=text, kind=kind), status)


def _back() -> str:
    asked = request.form.get("next", "")
    return asked if PAGES.fullmatch(asked) else url_for("login.choose")


def _words(refused: RefusedError) -> str:
    details: dict[str, Any] = refused.details
    if details.get("state") == rules.State.TAKEN and details.get("taken_by"):
        return str(_("%(name)s has taken this already.", name=details["taken_by"]))
    if details.get("state") == rules.State.ENDED:
        return str(_("This has been settled already."))
    return sentence(refused.code, details)
