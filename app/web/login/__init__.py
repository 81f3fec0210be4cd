"""Doors: choose who you are, sign in and out, pair a device, choose a language."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from app import settings
from app.accounts import services as accounts
from app.accounts.roles import Permission
from app.core.errors import BadCredentialsError, NotAllowedError, SignInNeededError, TooManyTriesError
from app.door import actor, back_to, field, inside, public, requires
from app.door.context import home_of
from app.door.identity import cookie_name, enter, leave
from app.door.privacy import works_covered
from app.web.errors import sentence
from app.web.login import locking

blueprint = Blueprint("login", __name__)
LANGUAGE_DAYS = 400


@blueprint.get("/")
@public
def choose() -> str:
    """Let anybody choose: patient or staff."""
    return render_template("login/choose.html")


@blueprint.get("/login")
@public
def sign_in() -> str:
    """Show the staff's sign-in."""
    return render_template(
        "login/sign_in.html", message=None, next=inside(request.args.get("next", "")), username=""
    )


@blueprint.post("/login")
@public
def enter_staff() -> Response:
    """Sign a member of staff in, with a new session each time."""
    where = inside(request.form.get("next", ""))
    username = field("username", longest=80)
    try:
        opened = accounts.sign_in_staff(
            username, field("password", longest=200), field("totp", longest=12) or None, by=actor()
        )
    except (BadCredentialsError, TooManyTriesError) as refused:
        page = render_template(
            "login/sign_in.html",
            message=sentence("STAFF_" + refused.code, refused.details),
            next=where,
            username=username,
        )
        return make_response(page, refused.status)
    enter(opened.secret)
    return make_response(redirect(where or url_for(home_of(opened.role)), 303))


@blueprint.post("/logout")
@requires(Permission.SIGNED_IN)
@works_covered
def sign_out() -> Response:
    """End this session: here, in every process, and in every open socket."""
    accounts.sign_out(by=actor())
    leave()
    response = back_to("login.choose")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.post("/language")
@public
def choose_language() -> Response:
    """Keep the language that was chosen, and go back to the same page."""
    response = make_response(redirect(inside(request.form.get("next", "")) or "/", 303))
    chosen = request.form.get("language", "")
    if chosen in settings.current().locales:
        response.set_cookie(
            cookie_name("language"),
            chosen,
            max_age=LANGUAGE_DAYS * 86400,
            secure=settings.current().is_https,
            httponly=True,
            samesite="Lax",
        )
    return response


@blueprint.get("/pair", defaults={"code": ""})
@blueprint.get("/pair/<code>")
@public
def pair(code: str) -> str:
    """Ask before this browser becomes a kiosk or a board; a GET pairs nothing."""
    return render_template("login/pair.html", code=code[:20], message=None)


@blueprint.post("/pair")
@public
def pair_device() -> Response:
    """Make this browser the device that the code was given for."""
    code = field("code", longest=20)
    try:
        paired = accounts.pair_device(code, by=actor())
    except (BadCredentialsError, TooManyTriesError) as refused:
        page = render_template(
            "login/pair.html", code="", message=sentence("PAIR_" + refused.code, refused.details)
        )
        return make_response(page, refused.status)
    enter(paired.session.secret)
    response = start_of_device(paired.kind, paired.queue_id)
    response.set_cookie(
        cookie_name("work"),
        paired.device_secret,
        max_age=90 * 86400,
        secure=settings.current().is_https,
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.get("/wake")
@public
def wake() -> Response:
    """Open a paired device's session anew after a night switched off."""
    secret = request.cookies.get(cookie_name("work"), "")
    if not secret:
        raise SignInNeededError
    try:
        paired = accounts.open_device_session(secret, by=actor())
    except (BadCredentialsError, NotAllowedError) as refused:
        raise SignInNeededError from refused
    enter(paired.session.secret)
    return start_of_device(paired.kind, paired.queue_id)


def start_of_device(kind: str, queue_id: object) -> Response:
    """Send a device to its page."""
    if kind == "board" and queue_id is not None:
        return back_to("board.wall", queue_id=queue_id)
    return back_to("kiosk.start")


locking.register(blueprint)
