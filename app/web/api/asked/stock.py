"""The catalogue and the shelves."""

from typing import Annotated

from pydantic import Field

from app.orders.rules import MOST_LINES, MOST_ON_A_SHELF, MOST_WON, Category
from app.web.api.asked.base import Asked, Code, PageWanted, Seen, change_of
from app.web.api.asked.orders import ItemWanted, Quantity, Reason

Name = Annotated[str, Field(min_length=1, max_length=80)]
Guidance = Annotated[str, Field(max_length=2000)]
Won = Annotated[int, Field(ge=0, le=MOST_WON)]
OnShelf = Annotated[int, Field(ge=0, le=MOST_ON_A_SHELF)]
Members = Annotated[list[ItemWanted], Field(min_length=1, max_length=MOST_LINES)]


class CatalogueWanted(PageWanted):
    """Which items: by a piece of code or name, by category, those too that are no longer offered."""

    search: Annotated[str, Field(max_length=100)] = ""
    category: Category | None = None
    withdrawn: bool = False


class ItemNew(Asked):
    """A new item; `service_code` names the service whose step it needs."""

    code: Code
    category: Category
    name_ko: Name
    name_en: Name
    price_won: Won
    service_code: Code | None = None
    preparation_ko: Guidance = ""
    preparation_en: Guidance = ""
    after_care_ko: Guidance = ""
    after_care_en: Guidance = ""
    is_active: bool = True


ItemChange = change_of(
    ItemNew,
    "ItemChange",
    "What changes of an item; what is not given stays, and `service_code` null takes it away.",
    but=("code",),
)


class SetNew(Asked):
    """Items that are ordered together."""

    code: Code
    name_ko: Name
    name_en: Name
    items: Members


class SetChange(Seen):
    """What changes of a set; its items are given whole."""

    name_ko: Name | None = None
    name_en: Name | None = None
    items: Members | None = None


class StockWanted(PageWanted):
    """Which shelves: all, or those of which it is time to order."""

    low: bool = False


class Received(Asked):
    """So many of an item were laid onto a shelf."""

    item: Code
    location: Annotated[str, Field(min_length=1, max_length=48)]
    quantity: Annotated[int, Field(ge=1, le=MOST_ON_A_SHELF)]
    reason: Reason | None = None


class Issued(Asked):
    """So many were handed out without an order."""

    quantity: Quantity
    reason: Reason | None = None


class Adjusted(Asked):
    """So many more or fewer."""

    difference: Annotated[int, Field(ge=-MOST_ON_A_SHELF, le=MOST_ON_A_SHELF)]
    reason: Reason | None = None


class Counted(Seen):
    """So many lie there; the version that the counter saw."""

    counted: OnShelf
    reason: Reason | None = None


class ReorderPoint(Seen):
    """From how few it is time to order."""

    point: OnShelf
