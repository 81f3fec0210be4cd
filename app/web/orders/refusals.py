"""A refused order in words: what lacks, what cannot be; the form stands there again with all that was typed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.errors import (
    BusyError,
    ConfirmationNeededError,
    InsufficientStockError,
    KeyReusedError,
    RefusedError,
)
from app.door import actor
from app.door.language import named
from app.orders import queries as orders
from app.web.errors import sentence

TELLABLE = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.PRECONDITION_REQUIRED})
# In the words of an order, where it knows more than `app.web.errors`: by code, and by field or why.
WORDS: Mapping[tuple[str, str], Any] = {
    ("INVALID", "items"): _l("Please choose at least one item, and not more than 50."),
    ("INVALID", "quantity"): _l("Please enter whole numbers from 1 to 10,000 as quantities."),
    ("INVALID", "priority"): _l("Please choose a priority."),
    ("INVALID", "sets"): _l("This order set is no longer offered. Please choose the items themselves."),
    ("INVALID", "reason"): _l("Please write why, in a few words."),
    ("INVALID", "search"): _l("Please use fewer words to search."),
    ("TRANSITION_REFUSED", "line_closed"): _l(
        "One of these lines is done or taken back already. Please look again."
    ),
    ("TRANSITION_REFUSED", "in_room"): _l(
        "The patient is called or inside for this just now. Please ask the room."
    ),
    ("IDEMPOTENCY_KEY_REUSED", ""): _l(
        "This form was sent before, and its order stands in the list. Send it once more for another order."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why nothing was done; `is_key_spent` where the form needs a new key to be sent again."""

    status: int
    text: str
    retry_after: int | None = None
    is_key_spent: bool = False


def refused(command: Callable[[], object]) -> Problem | None:
    """Run a command; return why it was refused, where its form should come back, and raise the rest."""
    try:
        command()
    except ConfirmationNeededError:
        raise
    except (InsufficientStockError, BusyError) as error:
        return problem_of(error)
    except RefusedError as error:
        if error.status not in TELLABLE:
            raise
        return problem_of(error)
    return None


def problem_of(error: RefusedError) -> Problem:
    """Put a refusal into words."""
    retry = error.details.get("retry_after")
    return Problem(
        status=error.status,
        text=_words(error),
        retry_after=retry if isinstance(retry, int) else None,
        is_key_spent=isinstance(error, KeyReusedError),
    )


def _words(error: RefusedError) -> str:
    details: Any = error.details
    if isinstance(error, InsufficientStockError):
        lacking = ", ".join(
            _(
                "%(item)s (wanted %(wanted)s, left %(left)s)",
                item=named(_Item(**{name: one[name] for name in ("name_ko", "name_en")})),
                wanted=one["wanted"],
                left=one["available"],
            )
            for one in details.get("items", ())
        )
        return str(_("Not enough in stock: %(items)s. Nothing was ordered or changed.", items=lacking))
    if details.get("why") == "withdrawn":
        return str(
            _(
                "No longer offered: %(items)s. Please choose others.",
                items=", ".join(_called(details["items"])),
            )
        )
    for key in (details.get("why"), details.get("field"), ""):
        if found := WORDS.get((error.code, str(key or ""))):
            return str(found)
    return sentence(error.code, details)


def _called(codes: Collection[str]) -> list[str]:
    """Return what items are called, by their codes; 1 statement."""
    known = orders.items_named(codes, by=actor())
    return [named(known[code]) if code in known else code for code in codes]


@dataclass(frozen=True, slots=True)
class _Item:
    """An item's names, as a refusal carries them."""

    name_ko: str
    name_en: str
