"""The privacy lock's doors: cover the own screen, say that one is still there, open it again, choose a PIN."""

from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from app.accounts import services as accounts
from app.accounts.roles import Permission
from app.accounts.rules import GESTURE_GRAIN, LockReason
from app.core.errors import BadCredentialsError, InvalidError, TooManyTriesError
from app.door import actor, back_to, inside, requires, signed_in
from app.door.context import home_of
from app.door.privacy import works_covered
from app.web.errors import locked_page, problem, sentence, wants_json

LONGEST_WORD = 200


def register(blueprint: Blueprint) -> None:
    """Add the doors."""
    blueprint.add_url_rule("/login/lock", view_func=lock, methods=["POST"])
    blueprint.add_url_rule("/login/here", view_func=still_here, methods=["POST"])
    blueprint.add_url_rule("/login/unlock", view_func=unlock, methods=["POST"])
    blueprint.add_url_rule("/login/pin", view_func=pin, methods=["GET"])
    blueprint.add_url_rule("/login/pin", view_func=set_pin, methods=["POST"], endpoint="set_pin")


@requires(Permission.LOCK_SCREEN)
@works_covered
def lock() -> Response:
    """Cover this screen, in all its windows; the page behind it stays where it was."""
    is_idle = request.form.get("reason") == LockReason.IDLE
    accounts.lock_screen(LockReason.IDLE if is_idle else LockReason.ASKED, by=actor())
    if wants_json():
        return make_response("", HTTPStatus.NO_CONTENT)
    return make_response(redirect(_where() or url_for(home_of(actor().role)), HTTPStatus.SEE_OTHER))


@requires(Permission.LOCK_SCREEN)
def still_here() -> Response:
    """Hear from a page that somebody has moved before it; a locked one is told so instead (423)."""
    found = signed_in()
    if found is not None:
        accounts.touch_session(found, grain=GESTURE_GRAIN)
    return make_response("", HTTPStatus.NO_CONTENT)


@requires(Permission.LOCK_SCREEN)
@works_covered
def unlock() -> Response:
    """Open this screen by its owner's PIN or password."""
    where = inside(request.form.get("next", "")) or url_for(home_of(actor().role))
    try:
        accounts.unlock_screen(request.form.get("word", "")[:LONGEST_WORD], by=actor())
    except (BadCredentialsError, TooManyTriesError) as refused:
        words = sentence("UNLOCK_" + refused.code, refused.details)
        if wants_json():
            return problem(refused.code, refused.status, words, refused.details)
        return locked_page(words, status=refused.status, where=where)
    if wants_json():
        return make_response("", HTTPStatus.NO_CONTENT)
    return make_response(redirect(where, HTTPStatus.SEE_OTHER))


@requires(Permission.LOCK_SCREEN)
def pin() -> str:
    """Show where a PIN is chosen, changed or taken away."""
    return _pin_page()


@requires(Permission.LOCK_SCREEN)
def set_pin() -> Response:
    """Choose one's own PIN, proven by the password; an empty one takes it away."""
    password, chosen = request.form.get("password", "")[:LONGEST_WORD], request.form.get("pin", "").strip()
    if chosen != request.form.get("again", "").strip():
        differs = sentence(InvalidError.code, {"why": "pin_differs"})
        return make_response(_pin_page(differs), InvalidError.status)
    try:
        accounts.set_pin(password, chosen, by=actor())
    except (BadCredentialsError, TooManyTriesError) as refused:
        words = sentence("UNLOCK_" + refused.code, refused.details)
        return make_response(_pin_page(words), refused.status)
    except InvalidError as refused:
        return make_response(_pin_page(sentence(refused.code, refused.details)), refused.status)
    return back_to("login.pin", done="set" if chosen else "removed")


def _pin_page(message: str | None = None) -> str:
    return render_template(
        "login/pin.html",
        message=message,
        has_pin=accounts.has_pin(by=actor()),
        done=request.args.get("done", ""),
    )


def _where() -> str:
    """Return the page from which the lock was asked for, if it is one of this house."""
    parts = urlsplit(request.referrer or "")
    return inside(parts.path + (f"?{parts.query}" if parts.query else ""))
