"""Forms of the staff's pages: typed fields, and each refusal in words at the field that it concerns."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from flask import flash, request
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import CombinedMultiDict
from wtforms import Form as PlainForm
from wtforms.i18n import get_translations

from app.core.errors import ConfirmationNeededError, InvalidError, RefusedError, VersionStaleError
from app.door.language import locale
from app.web.errors import WHYS, sentence

# The most precise sentence wins: field and reason, else reason, else what the error page would say.
AT_FIELD: dict[tuple[str, str], Any] = {
    ("username", "malformed"): _l("User names have 2 to 40 small letters, digits, dots or dashes."),
    ("username", "taken"): _l("This user name is taken."),
    ("role", "last_administrator"): _l("This is the last administrator. Please appoint another one first."),
    ("code", "malformed"): _l("Codes have 2 to 32 small letters, digits or dashes."),
    ("follows", "circle"): _l("These services would wait for each other. Please choose others."),
    ("name_ko", "taken"): _l("There is a room with this name already."),
    ("place", "unknown"): _l("The map has no such place."),
    ("queue_id", "missing"): _l("Please choose the queue that the board shows."),
    ("place", "missing"): _l("Please choose where it stands."),
    ("name", "missing"): _l("Neither form nor map gives this place a name. Please enter one."),
    ("at", "past"): _l("This time has passed. Please choose a later one, or leave it empty."),
    ("mrn", "unknown_record"): _l("No record has this number. Please check it."),
    ("mrn", "unknown"): _l("No record has this number. Please check it."),
    ("reason", "missing"): _l("Please write why, in a few words."),
    ("value", "form"): _l("Numbers have up to 64 letters and digits, without Hangul."),
    ("system", "missing"): _l("Please enter who gave the number, for example the hospital's name."),
    ("quantity", "kept"): _l("So many are not free on this shelf. What orders keep stays there."),
    ("code", "form"): _l("Codes have 2 to 32 small letters, digits or dashes."),
    ("category", "shelf"): _l("What is kept on shelves stays so. Please add a new item instead."),
    ("location", "form"): _l("Places have up to 48 letters, digits or dashes, for example pharmacy-a-12."),
    ("phone", "format"): _l("Please enter a phone number, for example 010-1234-5678."),
}
REASONS: dict[str, Any] = {
    "missing": _l("Please fill this in."),
    "taken": _l("This is taken already."),
    "unknown": _l("Please choose one of the list."),
    "negative": _l("Please enter 0 or more."),
    "at_least_one": _l("Please enter 1 or more."),
    "too_much": _l("This is too much."),
    "range": _l("Please enter a number that can be."),
    "length": _l("This is too long or empty."),
    "too_short": _l("Please use at least 12 characters."),
    "too_common": _l("This password is too easy to guess."),
    "not_xml": _l("This file is no SVG drawing."),
    "not_svg": _l("This file is no SVG drawing."),
    "no_view_box": _l("The drawing says no size (viewBox)."),
    "too_large": _l("The drawing is too large."),
    "element": _l("The drawing holds more than shapes and text (scripts, pictures, links), and was refused."),
    "attribute": _l(
        "The drawing holds more than shapes and text (scripts, pictures, links), and was refused."
    ),
    "reference": _l(
        "The drawing holds more than shapes and text (scripts, pictures, links), and was refused."
    ),
    "nested_use": _l("The drawing repeats its own parts too deeply."),
}


class Form(PlainForm):
    """A form of this request; the cross-site token is checked once, at the porch."""

    class Meta(PlainForm.Meta):
        """The library's own sentences, in the language of the request."""

        def get_translations(self, form: object) -> Any:  # noqa: ARG002 - WTForms hands it over
            """Return WTForms' catalogue."""
            return get_translations([locale()])

    def __init__(self, **data: object) -> None:
        posted: Any = CombinedMultiDict([request.form, request.files]) if request.method == "POST" else None
        super().__init__(posted, data=data or None)
        self.answer: Any = None
        self.is_stale = False
        self.stale: VersionStaleError | None = None
        self.status = int(HTTPStatus.OK)

    def submit(self, command: Callable[[], object], *, at: str | None = None) -> bool:
        """Validate, then run one command and keep its answer; False where the page must be shown again.

        A refusal is told at its field, or at the field `at`; what asks for a confirmation goes on to its page.
        """
        self.status = HTTPStatus.UNPROCESSABLE_ENTITY
        return self.validate() and self.carry_out(command, at=at)

    def carry_out(self, command: Callable[[], object], *, at: str | None = None) -> bool:
        """Run one command without looking at the fields; a refusal is told as `submit` tells it."""
        try:
            self.answer = command()
        except ConfirmationNeededError:
            raise
        except VersionStaleError as stale:
            self.is_stale, self.status, self.stale = True, stale.status, stale
            return False
        except RefusedError as refused:
            if not self._tell(refused, at):
                raise
            self.status = refused.status
            return False
        return True

    def _tell(self, refused: RefusedError, at: str | None) -> bool:
        told = [(name, why) for name, why in _faults(refused) if name in self._fields]
        if (
            not told
            and at is not None
            and refused.status in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
        ):
            told = [(at, str(refused.details.get("why") or refused.details.get("reason") or ""))]
        for name, why in told:
            field = self._fields[name]
            field.errors = [*field.errors, _words(name, why, refused)]
        return bool(told)


def say(text: str, *, undo_url: str | None = None, version: int | None = None, kind: str = "success") -> None:
    """Let the next page say a sentence, with ten seconds of undo where there is one. No names in it: a cookie."""
    flash({"text": text, "kind": kind, "undo_url": undo_url, "version": version})  # type: ignore[arg-type]


def page_number() -> int:
    """Return which page of a list is asked for."""
    typed = request.args.get("page", "1")
    return max(1, int(typed)) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else 1  # noqa: PLR2004


def _faults(refused: RefusedError) -> Iterable[tuple[str, str]]:
    """Yield field and reason, in each of the shapes that rooms use."""
    if not isinstance(refused, InvalidError):
        return
    fields: Any = refused.details.get("fields", ())
    if isinstance(fields, dict):
        yield from fields.items()
    else:
        yield from ((str(name), str(refused.details.get("reason", ""))) for name in fields)
    if "field" in refused.details:
        yield str(refused.details["field"]), str(refused.details.get("why", ""))


def _words(name: str, why: str, refused: RefusedError) -> str:
    found = AT_FIELD.get((name, why)) or WHYS.get((refused.code, why)) or REASONS.get(why)
    return str(found or sentence(refused.code, refused.details))
