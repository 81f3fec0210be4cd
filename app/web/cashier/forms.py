"""What the cashier types: how much, and how it was paid."""

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField
from wtforms.validators import NumberRange

from app.web.forms import Form

METHODS = {
    "card": _l("Card"),
    "cash": _l("Cash"),
    "deferred": _l("Pay later (Hi-Pass)"),
    "none": _l("Nothing to pay"),
}
MOST_WON = 100_000_000


class PayForm(Form):
    """A payment in won; 0 until orders have prices."""

    method = RadioField(_l("Method"), default="card")
    amount = IntegerField(
        _l("Amount (won)"),
        [NumberRange(min=0, max=MOST_WON, message=_l("Please enter 0 or more."))],
        default=0,
    )

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.method.choices = {method: str(word) for method, word in METHODS.items()}
