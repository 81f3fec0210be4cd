"""What a phone is told instead of an error: what happened, and what to do with the phone in the hand."""

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import lazy_gettext as _l

from app.accounts.roles import Role
from app.core.errors import (
    BadCredentialsError,
    InvalidError,
    RefusedError,
    ScreenLockedError,
    SignInNeededError,
    TagRevokedError,
    TransitionRefusedError,
    UnknownTagError,
    VersionStaleError,
)
from app.door import actor
from app.web.errors import answer, sentence, wants_json

TAP = _l("Hold your phone to the nearest tag, or scan its code. Then you see your visit again.")
ASK = _l("Please come to the registration desk. Our staff will gladly help.")
LOOK = _l("Nothing was changed. Please look at your visit as it is now.")
HINTS: dict[type[RefusedError], tuple[Any, Any, str]] = {
    SignInNeededError: (_l("Please tap the tag once more"), TAP, "nfc"),
    UnknownTagError: (_l("We do not know this tag"), ASK, "circle-question-mark"),
    TagRevokedError: (_l("This tag is no longer in use"), ASK, "nfc"),
    BadCredentialsError: (
        _l("This link cannot be opened here"),
        _l("It was opened on another phone, or has run out. Please hold your phone to the nearest tag."),
        "smartphone",
    ),
    VersionStaleError: (_l("Your visit has just changed"), LOOK, "refresh-cw"),
    TransitionRefusedError: (_l("This is not possible just now"), LOOK, "info"),
}
# The same refusals as `app.web.errors` knows, said to the patient and not about the patient.
WHYS: dict[str, tuple[Any, Any, str]] = {
    "expired": HINTS[SignInNeededError],
    "holds_used_up": (
        _l("You have stepped out once already"),
        _l("Please tell a member of staff near you if you have to go again."),
        "hand",
    ),
    "re_entries_used_up": (
        _l("Please come to the registration desk"),
        _l("You were called several times. Our staff put you back in line; your number stays valid."),
        "hand",
    ),
    "examination_has_begun": (
        _l("Your examination has begun"),
        _l("Please tell the staff in the room if you want to stop."),
        "hand",
    ),
    "desk_first": (_l("Please come to the registration desk"), ASK, "clipboard-list"),
}


def register(blueprint: Blueprint) -> None:
    """Answer every refusal of a phone with words of its own."""
    blueprint.register_error_handler(RefusedError, refused)


def refused(error: RefusedError) -> Response:
    """Say it in large words, with the way back to the visit; a button of a live page gets it on the page."""
    is_live = bool(request.headers.get("HX-Request"))
    is_staffs = isinstance(error, ScreenLockedError)  # who came by here from a page of staff
    if is_staffs or wants_json() or (is_live and isinstance(error, SignInNeededError)):
        return answer(error.code, error.status, error.details)
    title, hint, icon_name = _words(error)
    if is_live:
        return _on_the_page(error, f"{title}. {hint}")
    page = render_template(
        "phone/stop.html",
        title=title,
        hint=hint,
        icon_name=icon_name,
        code=error.code,
        has_visit=actor().role == Role.PATIENT,
    )
    response = make_response(page, error.status)
    if retry := error.details.get("retry_after"):
        response.headers["Retry-After"] = str(retry)
    return response


def _words(error: RefusedError) -> tuple[Any, Any, str]:
    """Return title, hint and icon: by the reason, by the kind of refusal, else the house's own sentence."""
    if found := WHYS.get(str(error.details.get("why"))):
        return found
    for kind in type(error).__mro__:
        if kind in HINTS:
            return HINTS[kind]
    hint = ASK if isinstance(error, InvalidError) else LOOK
    return sentence(error.code, error.details), hint, "info"


def _on_the_page(error: RefusedError, words: str) -> Response:
    page = render_template("errors/_problem.html", code=error.code, message=words, confirm=None, action="")
    response = make_response(page, error.status)
    response.headers["HX-Retarget"] = "#conflict"
    response.headers["HX-Reswap"] = "innerHTML"
    return response
