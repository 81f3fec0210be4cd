"""What the pharmacist types: that somebody was asked who it is, how many boxes, and why."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.core.actor import Actor
from app.door.language import named
from app.orders import queries as orders
from app.orders.rules import LONGEST_REASON, STOCKED
from app.web.forms import Form

NUMBER = InputRequired(_l("Please enter a whole number."))
REASON = Length(max=LONGEST_REASON, message=_l("This is too long or empty."))


class HandOutForm(Form):
    """Two identifiers, asked and compared: name and birth date."""

    checked = BooleanField(
        _l("I asked for name and birth date, and both are right."),
        [InputRequired(_l("Please ask for name and birth date first."))],
    )


class ShelfForm(Form):
    """A number for one shelf, and why."""

    quantity = IntegerField(_l("Quantity"), [NUMBER])
    reason = StringField(_l("Reason"), [REASON])


class PutUpForm(Form):
    """An item at a place where it has not lain before."""

    item = SelectField(_l("Item"), [InputRequired(_l("Please choose one of the list."))])
    location = StringField(_l("Place"), [InputRequired(_l("Please fill this in.")), Length(max=48)])
    quantity = IntegerField(_l("Quantity"), [NUMBER])

    def __init__(self, *, by: Actor, **data: object) -> None:
        super().__init__(**data)
        self.item.choices = {"": "—"} | {
            one.code: f"{named(one)} · {one.code}"
            for one in orders.catalogue(by=by)
            if one.category in STOCKED
        }
