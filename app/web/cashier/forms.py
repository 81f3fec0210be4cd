"""What the cashier types: how much, and how it was paid."""

from collections.abc import Iterable

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField
from wtforms.validators import NumberRange

from app.orders.queries import Bill
from app.web.forms import Form

METHODS = {
    "card": _l("Card"),
    "cash": _l("Cash"),
    "deferred": _l("Pay later (Hi-Pass)"),
    "none": _l("Nothing to pay"),
}
MOVES_MONEY = ("card", "cash")
MOST_WON = 100_000_000


class PayForm(Form):
    """A payment in won. What is due the orders say; the cashier types an amount where nothing was ordered."""

    method = RadioField(_l("Method"), default="card")
    amount = IntegerField(
        _l("Amount (won)"),
        [NumberRange(min=0, max=MOST_WON, message=_l("Please enter 0 or more."))],
        default=0,
    )

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.method.choices = _choices(METHODS)

    def offer(self, bill: Bill, *, is_over: bool) -> None:
        """Offer what fits the bill as it stands. Posted choices are not refused here: the bill may have moved."""
        fitting: tuple[str, ...] = tuple(METHODS)
        if is_over or bill.due_won < 0:
            fitting = MOVES_MONEY
        elif bill.lines:
            fitting = (*MOVES_MONEY, "deferred") if bill.due_won else ("none",)
        self.method.choices = _choices(fitting)
        if self.method.data not in fitting:
            self.method.data = fitting[0]
        if request.method == "GET" or self.is_stale:
            self.amount.data = max(bill.due_won, 0) if bill.lines else self.amount.data


def _choices(methods: Iterable[str]) -> dict[str, str]:
    return {name: str(METHODS[name]) for name in methods}
