"""The catalogue and the shelves; nobody's data."""

from datetime import datetime

from app.orders.rules import Category, MovementKind
from app.web.api.shapes.base import Paged, Told, Versioned


class ItemShape(Versioned):
    """One item of the catalogue."""

    code: str
    category: Category
    name_ko: str
    name_en: str
    service_code: str | None
    preparation_ko: str
    preparation_en: str
    after_care_ko: str
    after_care_en: str
    price_won: int
    is_active: bool


class CatalogueShape(Paged):
    """A page of the catalogue."""

    items: list[ItemShape]


class MemberShape(Told):
    """So many of an item."""

    item: str
    quantity: int


class SetShape(Versioned):
    """Items that are ordered together."""

    code: str
    name_ko: str
    name_en: str
    items: list[MemberShape]


class SetsShape(Paged):
    """A page of the sets."""

    sets: list[SetShape]


class ShelfShape(Versioned):
    """One item at one place; `available` is what may still be promised."""

    item: str
    name: str
    location: str
    on_hand: int
    reserved: int
    available: int
    reorder_point: int
    is_low: bool


class StockShape(Paged):
    """A page of the shelves."""

    shelves: list[ShelfShape]


class MovementShape(Told):
    """One thing that happened on a shelf."""

    kind: MovementKind
    quantity: int
    is_of_order: bool
    actor_role: str
    reason: str | None
    at: datetime


class MovementsShape(Paged):
    """A page of what happened on a shelf, the newest first."""

    movements: list[MovementShape]


class ShelvedShape(Versioned):
    """A shelf as a command has left it."""

    on_hand: int
    reserved: int
