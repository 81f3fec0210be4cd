"""The form of a new order as it was typed: it comes back with every refusal, and with every search."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import request

from app.core.errors import InvalidError
from app.door import field as typed_field
from app.door.identity import new_key
from app.orders.rules import Wanted

PREFIX = "item-"
LONGEST_NOTE, LONGEST_SEARCH = 500, 100
MOST_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted: quantities by item as typed, sets, and the rest; `key` stays until the order stands.

    `is_chosen_now`: what the search had found has got a quantity since, so the search has served.
    """

    key: str
    quantities: Mapping[str, str] = field(default_factory=dict)
    sets: frozenset[str] = frozenset()
    priority: str = "routine"
    note: str = ""
    is_draft: bool = False
    search: str = ""
    category: str = ""
    is_chosen_now: bool = False

    @classmethod
    def typed(cls) -> "Wish":
        """Return what this request's form holds."""
        before = request.form.get("chosen", "").split()
        typed = {
            name.removeprefix(PREFIX): text.strip()
            for name, text in request.form.items()
            if name.startswith(PREFIX) and text.strip() not in {"", "0"}
        }
        # In the order in which they were chosen, wherever they stand in the page.
        quantities = {code: typed[code] for code in dict.fromkeys([*before, *typed]) if code in typed}
        search = typed_field("search", longest=LONGEST_SEARCH)
        is_same_search = search == request.form.get("searched", "")
        return cls(
            key=request.form.get("idempotency_key") or new_key(),
            quantities=quantities,
            sets=frozenset(request.form.getlist("set")),
            priority=request.form.get("priority", "routine"),
            note=request.form.get("note", "").replace("\r\n", "\n").strip(),
            is_draft="draft" in request.form,
            search=search,
            category=request.form.get("category", ""),
            is_chosen_now=is_same_search and not quantities.keys() <= set(before),
        )

    @property
    def items(self) -> list[Wanted]:
        """Return the items with their quantities. Raise InvalidError for what is no number."""
        return [Wanted(code, quantity_of(text)) for code, text in self.quantities.items()]


def quantity_of(text: str) -> int:
    """Return a typed quantity; what makes sense, the service says. Raise InvalidError for what is no number."""
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise InvalidError(field="quantity", why="range")
    return int(text)
