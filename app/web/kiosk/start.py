"""Where everybody begins and everybody ends: the start page, help, and the reset that forgets."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for

from app import settings
from app.accounts.roles import Permission, Role
from app.alerts import queries as alerted
from app.alerts import services as alerts
from app.alerts.rules import State
from app.boards import queries as boards
from app.boards.queries import Guidance
from app.core.errors import SignInNeededError
from app.door import actor, back_to, public, requires, signed_in
from app.door.identity import cookie_name, forget_front
from app.wayfinding.rules import Profile

DEVICES = frozenset({"32fhd", "27fhd", "24fhd", "22fhd", "16fhd", "10hd"})
ANSWERS, LINK, DEVICE = "answers", "slip_link", "kiosk_device"
HELP = "help"  # the call for help that is open here; it belongs to the kiosk and not to who stands there
LANGUAGE_SECONDS = 24 * 3600


def register(blueprint: Blueprint) -> None:
    """Add start, help and reset; nobody but a paired kiosk gets further than the start."""
    blueprint.before_request(only_kiosks)
    blueprint.context_processor(device)
    blueprint.register_error_handler(SignInNeededError, lambda _error: back_to("kiosk.start"))
    blueprint.add_url_rule("/kiosk", view_func=start, methods=["GET"])
    blueprint.add_url_rule("/kiosk/begin", view_func=begin, methods=["POST"])
    blueprint.add_url_rule("/kiosk/desk", view_func=desk, methods=["GET"])
    blueprint.add_url_rule("/kiosk/help", view_func=help_state, methods=["GET"])
    blueprint.add_url_rule("/kiosk/help", view_func=call_help, methods=["POST"])
    blueprint.add_url_rule("/kiosk/reset", view_func=reset, methods=["POST"])


def only_kiosks() -> None:
    """Send everybody but a kiosk to the start page, which says what to do. Raise SignInNeededError."""
    if request.endpoint not in {"kiosk.start", "kiosk.reset"} and actor().role != Role.KIOSK:
        raise SignInNeededError


def device() -> dict[str, Any]:
    """Tell the templates how many pixels a millimetre has on this panel, and whether somebody is on the way."""
    return {"device_profile": session.get(DEVICE, "22fhd"), "help": _help()}


@public
def start() -> Response:
    """Welcome the next person; a kiosk that slept wakes up, any other browser is told how to become one."""
    if request.args.get("device") in DEVICES:
        session[DEVICE] = request.args["device"]
    if actor().role == Role.KIOSK:
        return make_response(render_template("kiosk/start.html"))
    if signed_in() is None and request.cookies.get(cookie_name("work")):
        return make_response(redirect(url_for("login.wake")))
    return make_response(render_template("kiosk/not_connected.html"))


@requires(Permission.REGISTER_VISIT)
def begin() -> Response:
    """Begin with somebody new, in the language that they chose."""
    _forget()
    response = back_to("kiosk.phone")
    chosen = request.form.get("language", "")
    if chosen in settings.current().locales:
        response.set_cookie(
            cookie_name("language"),
            chosen,
            max_age=LANGUAGE_SECONDS,
            secure=settings.current().is_https,
            httponly=True,
            samesite="Lax",
        )
    return response


@requires(Permission.REGISTER_VISIT)
def desk() -> str:
    """Show the way to the registration desk: for walk-ins, and where the kiosk cannot help."""
    return render_template("kiosk/desk.html", guidance=to_desk())


@requires(Permission.REGISTER_VISIT)
def call_help() -> Response:
    """Call somebody to this kiosk, and say so; that somebody comes is said once somebody has taken it (K20)."""
    session[HELP] = str(alerts.call_help(by=actor()).alert_id)
    if request.headers.get("HX-Request"):
        return make_response(render_template("kiosk/_help.html", to_desk=to_desk()))
    return back_to("kiosk.desk")


@requires(Permission.REGISTER_VISIT)
def help_state() -> Response:
    """Give the page the answer to its call as soon as it differs from what is shown; asked every other second."""
    found = _help()
    if found is not None and found == request.args.get("shown"):
        return make_response("", 204)
    return make_response(render_template("kiosk/_help.html", to_desk=to_desk()))


@public
def reset() -> Response:
    """Forget the person: their session ends now, here and at the server."""
    _forget()
    response = back_to("kiosk.start")
    response.delete_cookie(
        cookie_name("language"), secure=settings.current().is_https, httponly=True, samesite="Lax"
    )
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def to_desk() -> Guidance:
    """Return the way from this kiosk to the registration desk."""
    here = signed_in()
    if here is None or here.place is None:
        return Guidance(profile=Profile.WALKING)
    return boards.way_to_desk(here.place, profile())


def profile() -> Profile:
    """Return how the person moves, as the page's switch says."""
    chosen = request.args.get("profile", "")
    return Profile(chosen) if chosen in set(Profile) else Profile.WALKING


def _help() -> State | None:
    """Return how this kiosk's call for help stands; None where none is open. 1 statement where one was made."""
    try:
        found = alerted.help_state(UUID(session[HELP])) if HELP in session else State.ENDED
    except ValueError:
        found = State.ENDED
    if found is State.ENDED:
        session.pop(HELP, None)
        return None
    return State.TAKEN if found is State.TAKEN else State.OPEN


def _forget() -> None:
    forget_front()
    session.pop(ANSWERS, None)
    session.pop(LINK, None)
