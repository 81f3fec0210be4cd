"""Pure rules of orders: what takes from a shelf, what a movement does to it, what a bill comes to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.errors import InvalidError
from app.orders.states import Priority


class Category(StrEnum):
    """What kind of thing is ordered."""

    LAB = "lab"
    IMAGING = "imaging"
    PROCEDURE = "procedure"
    MEDICATION = "medication"
    SUPPLY = "supply"


class MovementKind(StrEnum):
    """What happened on a shelf."""

    RECEIVE = "receive"
    RESERVE = "reserve"
    RELEASE = "release"
    ISSUE = "issue"
    ADJUST = "adjust"
    COUNT = "count"


class EntryKind(StrEnum):
    """A line of a bill: something to pay, something less to pay, money that changed hands."""

    CHARGE = "charge"
    REFUND = "refund"
    PAYMENT = "payment"


class Method(StrEnum):
    """How a bill was settled; `deferred` and `none` move no money."""

    CASH = "cash"
    CARD = "card"
    DEFERRED = "deferred"
    NONE = "none"


PAYING: Final = frozenset({Method.CASH, Method.CARD})
STOCKED: Final = frozenset({Category.MEDICATION, Category.SUPPLY})
MOST_OF_ONE_ITEM: Final = 10_000
MOST_LINES: Final = 50
MOST_ON_A_SHELF: Final = 10_000_000
MOST_WON: Final = 100_000_000
LONGEST_REASON: Final = 300
LONGEST_NOTE: Final = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many of an item, by its code."""

    item: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Effect:
    """What a movement adds to what lies on a shelf, and to what of it is promised."""

    on_hand: int
    reserved: int


def effect(kind: MovementKind, quantity: int, *, of_line: bool) -> Effect:
    """Return what a movement does; their sum is the shelf. What a line had reserved leaves both when it is issued."""
    return {
        MovementKind.RECEIVE: Effect(quantity, 0),
        MovementKind.RESERVE: Effect(0, quantity),
        MovementKind.RELEASE: Effect(0, -quantity),
        MovementKind.ISSUE: Effect(-quantity, -quantity if of_line else 0),
        MovementKind.ADJUST: Effect(quantity, 0),
        MovementKind.COUNT: Effect(quantity, 0),
    }[kind]


def due(entries: Iterable[tuple[EntryKind, int]]) -> int:
    """Return what is left to pay, in won; negative where the hospital owes it back."""
    return sum(amount if kind is EntryKind.CHARGE else -amount for kind, amount in entries)


def merged(wanted: Sequence[Wanted], sets: Mapping[str, Sequence[Wanted]]) -> tuple[Wanted, ...]:
    """Return what was asked for, by itself and by sets, each item once, as it was first named.

    Raise InvalidError for nothing, for too much, for less than one.
    """
    summed: dict[str, int] = {}
    for one in (*wanted, *(one for members in sets.values() for one in members)):
        check_quantity(one.quantity)
        summed[one.item] = summed.get(one.item, 0) + one.quantity
    if not summed or len(summed) > MOST_LINES:
        raise InvalidError(field="items", why="count", most=MOST_LINES)
    for quantity in summed.values():
        check_quantity(quantity)
    return tuple(Wanted(item, quantity) for item, quantity in summed.items())


def check_quantity(quantity: int, *, least: int = 1, most: int = MOST_OF_ONE_ITEM) -> int:
    """Return a quantity that makes sense. Raise InvalidError."""
    if not least <= quantity <= most:
        raise InvalidError(field="quantity", why="range", least=least, most=most)
    return quantity


def check_won(amount: int, *, field: str = "amount") -> int:
    """Return an amount of won that makes sense. Raise InvalidError."""
    if amount < 0:
        raise InvalidError(field=field, why="negative")
    if amount > MOST_WON:
        raise InvalidError(field=field, why="range", most=MOST_WON)
    return amount


def check_priority(priority: str) -> Priority:
    """Return a priority. Raise InvalidError."""
    if priority not in frozenset(Priority):
        raise InvalidError(field="priority", why="unknown", allowed=[str(one) for one in Priority])
    return Priority(priority)


def said(reason: str | None, *, longest: int = LONGEST_REASON) -> str:
    """Return a reason as it is kept. Raise InvalidError where none was given."""
    words = (reason or "").strip()[:longest]
    if not words:
        raise InvalidError(field="reason", why="missing")
    return words


def services_of(wanted: Collection[str | None]) -> tuple[str, ...]:
    """Return the services that ordered items need, each once: one drawing of blood serves every tube."""
    return tuple(dict.fromkeys(one for one in wanted if one))
