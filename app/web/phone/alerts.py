"""How the own phone is to tell: at how many people ahead, by push, by message; and the worker that a push needs."""

from pathlib import Path

from flask import Blueprint, Response, render_template

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.core.errors import InvalidError
from app.door import actor, back_to, field, public, requires, show
from app.notices import queries as notice_queries
from app.notices import services as notices
from app.settings import ROOT
from app.web.phone.visit import mine, repainted

WORKER: Path = ROOT / "static/js/sw.js"


def register(blueprint: Blueprint) -> None:
    """Add the settings, the worker and the page it shows without a network."""
    blueprint.add_url_rule("/me/alerts", view_func=alerts, methods=["GET"])
    blueprint.add_url_rule("/me/alerts", view_func=choose_near_turn, methods=["POST"])
    blueprint.add_url_rule("/me/messages", view_func=choose_messages, methods=["POST"])
    blueprint.add_url_rule("/sw.js", view_func=worker, methods=["GET"])
    blueprint.add_url_rule("/offline", view_func=offline, methods=["GET"])


@requires(Permission.GUIDE_OWN_VISIT)
def alerts() -> str:
    """Show how the patient is told now."""
    return show(
        "phone/alerts.html",
        visit=boards.my_visit(mine(), by=actor()),
        told=notice_queries.settings_of(mine()),
    )


@requires(Permission.GUIDE_OWN_VISIT)
def choose_near_turn() -> Response:
    """Tell the patient when so many are ahead, or not before the call."""
    text = field("people", longest=2)
    if not (text.isascii() and text.isdecimal()):
        raise InvalidError(field="people", why="missing")
    notices.prefer_near_turn(mine(), int(text) or None, by=actor())
    return repainted()


@requires(Permission.GUIDE_OWN_VISIT)
def choose_messages() -> Response:
    """Let the hospital's gateway send messages, or no more."""
    notices.prefer_sms(mine(), wanted=field("wanted") == "yes", by=actor())
    return back_to("phone.alerts")


@public
def worker() -> Response:
    """Give the phone's worker from the root: from below /static it could not stand before the visit's page."""
    response = Response(WORKER.read_bytes(), mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


@public
def offline() -> str:
    """Show what the worker keeps for a phone without a network: words, and nothing of anybody."""
    return render_template("phone/offline.html")
