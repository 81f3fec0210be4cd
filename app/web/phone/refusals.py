"""What a phone is told instead of an error: what happened, and what to do with the phone in the hand."""

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import lazy_gettext as _l

from app.core.errors import (
    BadCredentialsError,
    InvalidError,
    RefusedError,
    SignInNeededError,
    TagRevokedError,
    UnknownTagError,
)
from app.web.errors import answer, sentence

TAP = _l("Hold your phone to the nearest tag, or scan its code. Then you see your visit again.")
ASK = _l("Please come to the registration desk. Our staff will gladly help.")
HINTS: dict[type[RefusedError], tuple[Any, Any, str]] = {
    SignInNeededError: (_l("Please tap the tag once more"), TAP, "nfc"),
    InvalidError: (_l("Please tap the tag once more"), TAP, "nfc"),
    UnknownTagError: (_l("We do not know this tag"), ASK, "circle-question-mark"),
    TagRevokedError: (_l("This tag is no longer in use"), ASK, "nfc"),
    BadCredentialsError: (
        _l("This link cannot be opened here"),
        _l("It was opened on another phone, or has run out. Please hold your phone to the nearest tag."),
        "smartphone",
    ),
}


def register(blueprint: Blueprint) -> None:
    """Answer a phone's refusals with a page of its own; all others as everywhere."""
    for kind in HINTS:
        blueprint.register_error_handler(kind, refused)


def refused(error: RefusedError) -> Response:
    """Say it in large words; a button of a live page gets the usual fragment."""
    if request.headers.get("HX-Request"):
        return answer(error.code, error.status, error.details)
    title, hint, icon_name = next(HINTS[kind] for kind in type(error).__mro__ if kind in HINTS)
    if isinstance(error, InvalidError) and error.details.get("why") != "expired":
        title, hint = sentence(error.code, error.details), ASK
    page = render_template("phone/stop.html", title=title, hint=hint, icon_name=icon_name, code=error.code)
    return make_response(page, error.status)
