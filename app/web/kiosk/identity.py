"""Who stands here: two answers by keypad, checked by eye, then one visit and nothing else."""

from flask import Blueprint, Response, make_response, render_template, session

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.core.errors import (
    BadCredentialsError,
    InvalidError,
    NotFoundError,
    SignInNeededError,
    TooManyTriesError,
)
from app.door import actor, back_to, field, requires, show, signed_in, uuid_field, version_field
from app.door.identity import remember_front
from app.emr.rules import birth_date_of, last4_of
from app.journey import services as journey
from app.journey.states import Command
from app.web.errors import sentence
from app.web.kiosk.start import ANSWERS, LINK, to_desk
from app.web.kiosk.way import in_front

COMING_BACK = frozenset({Command.RE_ENTER, Command.RESUME})


def register(blueprint: Blueprint) -> None:
    """Add the questions, the check of the answers, and the one button that books."""
    blueprint.add_url_rule("/kiosk/phone", view_func=phone, methods=["GET"])
    blueprint.add_url_rule("/kiosk/phone", view_func=keep_phone, methods=["POST"])
    blueprint.add_url_rule("/kiosk/birth", view_func=birth, methods=["GET"])
    blueprint.add_url_rule("/kiosk/birth", view_func=keep_birth, methods=["POST"])
    blueprint.add_url_rule("/kiosk/check", view_func=check, methods=["GET"])
    blueprint.add_url_rule("/kiosk/check", view_func=identify, methods=["POST"])
    blueprint.add_url_rule("/kiosk/confirm", view_func=confirm, methods=["GET"])
    blueprint.add_url_rule("/kiosk/confirm", view_func=check_in, methods=["POST"])
    blueprint.add_url_rule("/kiosk/back-in-line", view_func=out_of_line, methods=["GET"])
    blueprint.add_url_rule("/kiosk/back-in-line", view_func=back_in_line, methods=["POST"])


@requires(Permission.REGISTER_VISIT)
def phone() -> str:
    """Ask for the last four digits of the phone number."""
    return _ask("phone")


@requires(Permission.REGISTER_VISIT)
def keep_phone() -> Response:
    """Keep the first answer."""
    typed = field("phone_last4", longest=20)
    try:
        last4_of(typed)
    except InvalidError as refused:
        return make_response(_ask("phone", typed, refused), refused.status)
    _keep("phone_last4", typed)
    return back_to("kiosk.check" if _answer("birth_date") else "kiosk.birth")


@requires(Permission.REGISTER_VISIT)
def birth() -> str:
    """Ask for the birth date."""
    return _ask("birth")


@requires(Permission.REGISTER_VISIT)
def keep_birth() -> Response:
    """Keep the second answer."""
    typed = field("birth_date", longest=20)
    try:
        birth_date_of(typed)
    except InvalidError as refused:
        return make_response(_ask("birth", typed, refused), refused.status)
    _keep("birth_date", typed)
    return back_to("kiosk.check")


@requires(Permission.REGISTER_VISIT)
def check() -> str:
    """Show both answers before they are used, each with a way to change it."""
    last4, born = _both()
    return render_template("kiosk/check.html", phone_last4=last4, birth_date=birth_date_of(born))


@requires(Permission.REGISTER_VISIT)
def identify() -> Response:
    """Recognise the person in front; unknown, wrong and ambiguous look the same and lead to the desk."""
    last4, born = _both()
    try:
        found = journey.identify(phone_last4=last4_of(last4), birth_date=birth_date_of(born), by=actor())
    except (BadCredentialsError, NotFoundError):
        page = render_template("kiosk/unknown.html", guidance=to_desk(), message=None)
        return make_response(page, BadCredentialsError.status)
    except TooManyTriesError as refused:
        said = sentence(refused.code, refused.details)
        return make_response(
            render_template("kiosk/unknown.html", guidance=to_desk(), message=said), refused.status
        )
    remember_front(found.session.secret)
    session.pop(ANSWERS, None)
    return back_to("kiosk.confirm")


@requires(Permission.REGISTER_VISIT)
def confirm() -> str:
    """Ask whether it is the right person, before anything is booked."""
    return show("kiosk/confirm.html", visit=boards.my_visit(in_front(), by=actor()))


@requires(Permission.REGISTER_VISIT)
def check_in() -> Response:
    """Arrive and register; the slip gets a link that opens the visit on the person's own phone."""
    here = signed_in()
    outcome = journey.check_in(in_front(), place=here.place if here else None, by=actor())
    if outcome.advice:
        return back_to("kiosk.desk")
    if LINK not in session:
        session[LINK] = journey.issue_link(in_front(), by=actor())
    if not boards.my_visit(in_front(), by=actor()).offers.isdisjoint(COMING_BACK):
        return back_to("kiosk.out_of_line")
    return back_to("kiosk.number")


@requires(Permission.GUIDE_OWN_VISIT)
def out_of_line() -> str:
    """Tell somebody who missed the call, or had stepped out, and offer the line again; looking changes nothing."""
    return show("kiosk/back_in_line.html", visit=boards.my_visit(in_front(), by=actor()))


@requires(Permission.GUIDE_OWN_VISIT)
def back_in_line() -> Response:
    """Let the person in front wait again (V6a, E2); what is not possible leads to the number, which says so."""
    visit = boards.my_visit(in_front(), by=actor())
    comeback = {Command.RE_ENTER: journey.re_enter, Command.RESUME: journey.resume}
    for command in COMING_BACK & visit.offers:
        comeback[command](uuid_field("entry"), version=version_field(), by=actor())
    return back_to("kiosk.number")


def _ask(question: str, typed: str = "", refused: InvalidError | None = None) -> str:
    return render_template(
        f"kiosk/{question}.html",
        typed=typed or _answer({"phone": "phone_last4", "birth": "birth_date"}[question]),
        error=sentence(refused.code, refused.details) if refused else None,
        is_change=bool(_answer("phone_last4") and _answer("birth_date")),
    )


def _answer(name: str) -> str:
    return str(session.get(ANSWERS, {}).get(name, ""))


def _keep(name: str, typed: str) -> None:
    session[ANSWERS] = {**session.get(ANSWERS, {}), name: typed}


def _both() -> tuple[str, str]:
    """Return both answers. Raise SignInNeededError, which leads to the start, where one is missing."""
    last4, born = _answer("phone_last4"), _answer("birth_date")
    if not last4 or not born:
        raise SignInNeededError
    return last4, born
