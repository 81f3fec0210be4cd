"""What is typed of an item and of an order set."""

from collections.abc import Collection
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import FieldList, FormField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.door.language import named
from app.orders.queries import Item, Set
from app.orders.rules import MOST_LINES, MOST_WON, Category, Wanted
from app.orders.services import ItemWords
from app.queues import queries as queues
from app.web.forms import Form

NEEDED = InputRequired(_l("Please fill this in."))
FITS = Length(max=80, message=_l("This is too long or empty."))
TEXT = Length(max=2000, message=_l("This is too long or empty."))
CATEGORIES: dict[str, Any] = {
    Category.LAB: _l("Laboratory"),
    Category.IMAGING: _l("Imaging"),
    Category.PROCEDURE: _l("Procedure"),
    Category.MEDICATION: _l("Medication"),
    Category.SUPPLY: _l("Supplies"),
}
TEXTS = ("preparation_ko", "preparation_en", "after_care_ko", "after_care_en")
FIELDS = ("category", "name_ko", "name_en", "price_won", "service_code", *TEXTS)
SPARE_ROWS = 4
LONGEST_NUMBER = 9


class ItemForm(Form):
    """What is said of an item."""

    code = StringField(_l("Code"), [Optional(), Length(max=32)])
    category = SelectField(_l("Category"), [NEEDED])
    name_ko = StringField(_l("Korean name"), [NEEDED, FITS])
    name_en = StringField(_l("English name"), [NEEDED, FITS])
    price_won = IntegerField(
        _l("Price (won)"),
        [
            InputRequired(_l("Please enter a whole number.")),
            NumberRange(min=0, max=MOST_WON, message=_l("Please enter 0 or more.")),
        ],
    )
    service_code = SelectField(_l("Service"))
    preparation_ko = TextAreaField(_l("Preparation, in Korean"), [TEXT])
    preparation_en = TextAreaField(_l("Preparation, in English"), [TEXT])
    after_care_ko = TextAreaField(_l("Afterwards, in Korean"), [TEXT])
    after_care_en = TextAreaField(_l("Afterwards, in English"), [TEXT])

    def __init__(self, now: Item | None = None) -> None:
        super().__init__(**(values_of(now) if now else {}))
        self.category.choices = {str(one): str(word) for one, word in CATEGORIES.items()}
        self.service_code.choices = {"": str(_l("None: no examination of its own"))} | services()
        if now and now.service_code:
            self.service_code.choices.setdefault(now.service_code, now.service_code)

    def words(self, *, is_active: bool = True) -> ItemWords:
        """Return the words as typed."""
        said = {name: self[name].data for name in FIELDS}
        texts = {name: (said[name] or "").replace("\r\n", "\n").strip() for name in TEXTS}
        return ItemWords(
            **{**said, **texts, "service_code": said["service_code"] or None}, is_active=is_active
        )


class RowForm(PlainForm):
    """One item of a set, by its code."""

    item = StringField(_l("Item"), [Length(max=32)])
    quantity = StringField(_l("Quantity"), [Length(max=9)])


class SetForm(Form):
    """An order set: names, and items with their quantities. `items`: the same in lines, from the conflict's page."""

    code = StringField(_l("Code"), [Optional(), Length(max=32)])
    name_ko = StringField(_l("Korean name"), [NEEDED, FITS])
    name_en = StringField(_l("English name"), [NEEDED, FITS])
    rows = FieldList(FormField(RowForm), max_entries=MOST_LINES)
    items = HiddenField(_l("Items"))

    def __init__(self, now: Set | None = None) -> None:
        values = {"name_ko": now.name_ko, "name_en": now.name_en} if now else {}
        super().__init__(**values)
        if not self.rows.entries:
            self.fill(now.items if now else ())

    def take_lines(self) -> None:
        """Take the items from the lines, where the page of a conflict sent them."""
        if self.items.data:
            self.fill(read_lines(self.items.data))

    def fill(self, wanted: Collection[Wanted]) -> None:
        """Show these items, and empty rows for more."""
        while self.rows.entries:
            self.rows.pop_entry()
        for one in wanted:
            self.rows.append_entry({"item": one.item, "quantity": str(one.quantity)})
        for _spare in range(min(SPARE_ROWS, MOST_LINES - len(wanted))):
            self.rows.append_entry()

    def wanted(self) -> tuple[Wanted, ...]:
        """Return the items that were typed; a row without a quantity means one."""
        typed = [
            ((row.form.item.data or "").strip(), row.form.quantity.data or "") for row in self.rows.entries
        ]
        return tuple(Wanted(item, _many(many or "1")) for item, many in typed if item)


def services() -> dict[str, str]:
    """Return the services of the house by their codes."""
    return {one.code: named(one) for one in queues.offers()}


def values_of(item: Item) -> dict[str, Any]:
    """Return an item as its form holds it."""
    return {name: getattr(item, name) for name in FIELDS} | {"service_code": item.service_code or ""}


def words_of(item: Item, *, is_active: bool) -> ItemWords:
    """Return an item's words as they are, offered or withdrawn."""
    return ItemWords(**{name: getattr(item, name) for name in FIELDS}, is_active=is_active)


def lines_of(wanted: Collection[Wanted]) -> str:
    """Return items in lines, by code, as the page of a conflict compares them."""
    return "\n".join(f"{one.item} × {one.quantity}" for one in sorted(wanted, key=lambda one: one.item))


def read_lines(text: str) -> tuple[Wanted, ...]:
    """Return the items of such lines."""
    parts = [line.partition("×") for line in text.splitlines()[:MOST_LINES]]
    return tuple(Wanted(item.strip(), _many(many)) for item, _sign, many in parts)


def _many(text: str) -> int:
    """Return a quantity as typed; what is none is none, which the services refuse."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < LONGEST_NUMBER else 0
