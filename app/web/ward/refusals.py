"""A refusal at the ward: the sheet once more, with what was typed, the newest state and who brought it about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Response, request
from flask_babel import lazy_gettext as _l

from app.core.errors import ConfirmationNeededError, RefusedError
from app.web.errors import sentence

View = Callable[..., Response]
TELLABLE = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.PRECONDITION_REQUIRED})
# In the words of the ward, where it knows more than `app.web.errors`: by code, and by field or why.
WORDS: Mapping[tuple[str, str], Any] = {
    ("INVALID", "reason"): _l("Please choose a reason or write one."),
    ("INVALID", "queue_id"): _l("Please choose where the patient goes."),
    ("INVALID", "service"): _l("Please choose an examination."),
    ("INVALID", "priority"): _l("Please choose a priority."),
    ("INVALID", "minutes"): _l("Please choose how long."),
    ("INVALID", "until"): _l("This time is already over. Please choose a later one."),
    ("INVALID", "not_planned"): _l("Nothing is planned there for this patient. Please choose another queue."),
    ("TRANSITION_REFUSED", "last_in_line"): _l("Nobody waits behind this patient."),
    ("TRANSITION_REFUSED", "same_queue"): _l("The patient already waits in this queue."),
    ("TRANSITION_REFUSED", "not_planned"): _l(
        "Nothing is planned there for this patient. Please choose another queue."
    ),
    ("TRANSITION_REFUSED", "not_a_room_of_this_queue"): _l("This room belongs to another queue."),
    ("TRANSITION_REFUSED", "no_open_step"): _l("There is no examination left that could be dropped."),
    ("TRANSITION_REFUSED", "already_void"): _l("This visit was marked as entered in error already."),
    ("CONFIRMATION_NEEDED", "everybody"): _l(
        "The number of patients has changed. Please look at it and confirm once more."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a command of a sheet was not done, and what would let it pass."""

    command: str
    status: int
    text: str
    confirm: tuple[str, ...] = ()
    typed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, refused: RefusedError) -> "Problem":
        """Put a refusal of this request into words."""
        details = refused.details
        confirm: Any = details.get("confirm") or ()
        return cls(
            command=request.path.rpartition("/")[2],
            status=refused.status,
            text=_words(refused, [*confirm] if isinstance(refused, ConfirmationNeededError) else []),
            confirm=tuple(str(word) for word in confirm),
            typed=request.form.to_dict(),
        )


def again(show_sheet: Callable[..., Response]) -> Callable[[View], View]:
    """Let a refused command show its sheet again; whatever the sheet cannot answer goes the house's way."""

    def wrap(view: View) -> View:
        @wraps(view)
        def give(**where: Any) -> Response:
            try:
                return view(**where)
            except RefusedError as refused:
                if refused.status not in TELLABLE:
                    raise
                return show_sheet(**where, problem=Problem.of(refused))

        return give

    return wrap


def _words(refused: RefusedError, confirm: list[str]) -> str:
    details = refused.details
    for key in (details.get("why"), details.get("field"), *confirm):
        if found := WORDS.get((refused.code, str(key))):
            return str(found)
    return sentence(refused.code, details)
