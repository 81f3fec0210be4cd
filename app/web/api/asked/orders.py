"""Orders, and what is done with them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.orders.rules import LONGEST_NOTE, LONGEST_REASON, MOST_LINES, MOST_OF_ONE_ITEM
from app.orders.states import Priority
from app.web.api.asked.base import Asked, Code, PageWanted, Seen

Quantity = Annotated[int, Field(ge=1, le=MOST_OF_ONE_ITEM)]
Reason = Annotated[str, Field(max_length=LONGEST_REASON)]
OrderNote = Annotated[str, Field(max_length=LONGEST_NOTE)]


class ItemWanted(Asked):
    """So many of an item of the catalogue, by its code."""

    item: Code
    quantity: Quantity = 1


class OrderWanted(Asked):
    """What is ordered for a visit, by items and by sets; `order_no`: the caller's own number, once per visit."""

    visit_id: UUID
    items: Annotated[tuple[ItemWanted, ...], Field(max_length=MOST_LINES)] = ()
    sets: Annotated[tuple[Code, ...], Field(max_length=MOST_LINES)] = ()
    priority: Priority = Priority.ROUTINE
    note: OrderNote = ""
    order_no: Annotated[int, Field(ge=1, lt=10**7)] | None = None
    is_draft: bool = False


class LineChange(Asked):
    """Another quantity for a line."""

    line_id: UUID
    quantity: Quantity


class OrderChange(Seen):
    """What changes of an order; what is not given stays."""

    lines: Annotated[tuple[LineChange, ...], Field(max_length=MOST_LINES)] = ()
    priority: Priority | None = None
    note: OrderNote | None = None


class OrderDeed(Seen):
    """A command on an order: the version that the caller saw; `hold` and `revoke` say why."""

    reason: Reason | None = None


class LineDeed(OrderDeed):
    """One line that was handed out or done."""

    line_id: UUID


class OrdersWanted(PageWanted):
    """The orders of a visit or of a patient: one of them is named."""

    visit_id: UUID | None = None
    patient_id: UUID | None = None
