"""What an administrator types, area by area."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    DateField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from app.accounts import queries as accounts
from app.accounts.roles import STAFF_ROLES
from app.accounts.rules import DeviceKind
from app.door.context import role_word
from app.door.language import locale, named
from app.queues import queries as queues
from app.tags.rules import TagKind
from app.wayfinding import queries as wayfinding
from app.wayfinding.rules import NodeKind
from app.web.forms import Form

NEEDED = InputRequired(_l("Please fill this in."))
FITS = Length(max=60, message=_l("This is too long or empty."))
TAG_WORDS = {
    TagKind.ENTRANCE: _l("Entrance"),
    TagKind.DESK: _l("Desk"),
    TagKind.CASHIER: _l("Cashier"),
    TagKind.ROOM: _l("Room"),
    TagKind.LIFT: _l("Lift"),
    TagKind.KIOSK: _l("Kiosk"),
}
DEVICE_WORDS = {DeviceKind.KIOSK: _l("Kiosk"), DeviceKind.BOARD: _l("Waiting board")}


def at_least(least: int) -> NumberRange:
    """Return the rule of a whole number, with its sentence."""
    return NumberRange(
        min=least, message=_l("Please enter 1 or more.") if least else _l("Please enter 0 or more.")
    )


def place_choices() -> dict[str, str | dict[str, str]]:
    """Return the named places of the map, floor by floor."""
    floors: dict[str, dict[str, str]] = {}
    for code, _site in wayfinding.sites():
        for place in wayfinding.places(code):
            if place.name is not None and place.kind is not NodeKind.CORRIDOR:
                named_place = f"{place.name.in_(locale())} · {place.code}"
                floors.setdefault(place.floor.name.in_(locale()), {})[place.code] = named_place
    return {"": "—", **floors}


class RoleForm(Form):
    """What a member of staff may do, and where."""

    role = SelectField(_l("Role"), [NEEDED])
    units = SelectMultipleField(
        _l("Wards and departments"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.role.choices = {str(role): role_word(role) for role in sorted(STAFF_ROLES)}
        self.units.choices = {unit.code: named(unit) for unit in accounts.units()}


class NewStaffForm(RoleForm):
    """A new account; the password is made by the house and shown once."""

    username = StringField(_l("User name"), [NEEDED, Length(max=40)])
    name = StringField(_l("Name"), [NEEDED, Length(max=100, message=_l("This is too long or empty."))])


class NewDeviceForm(Form):
    """A kiosk at a place, or the board of a queue."""

    kind = RadioField(_l("Kind"), default=str(DeviceKind.KIOSK))
    name = StringField(_l("Name"), [NEEDED, FITS])
    place = SelectField(_l("Place"), [Optional()])
    queue_id = SelectField(_l("Queue (for a board)"), [Optional()])

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.kind.choices = {str(kind): str(word) for kind, word in DEVICE_WORDS.items()}
        self.place.choices = place_choices()
        self.queue_id.choices = {"": "—"} | {str(head.id): named(head) for head in queues.heads()}


class NewTagForm(Form):
    """A tag at a place of the map."""

    place = SelectField(_l("Place"), [NEEDED])
    kind = SelectField(_l("Kind"), [NEEDED])
    name_ko = StringField(_l("Korean name (empty: as on the map)"), [Optional(), FITS])
    name_en = StringField(_l("English name"), [Optional(), FITS])

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.kind.choices = {str(kind): str(word) for kind, word in TAG_WORDS.items()}
        self.place.choices = place_choices()


class DrawingForm(Form):
    """A new drawing of a floor."""

    drawing = FileField(_l("SVG file"), [FileRequired(_l("Please choose a file."))])


class TrailForm(Form):
    """What the auditor looks for."""

    since = DateField(_l("From"), [Optional()])
    until = DateField(_l("To"), [Optional()])
    who = StringField(_l("Person or role"), [Optional(), Length(max=40)])
    action = StringField(_l("Deed"), [Optional(), Length(max=64), Regexp(r"^[a-z:-]*$")])


class LetterFilterForm(Form):
    """Which dead letters an administrator looks for."""

    consumer = StringField(_l("Target"), [Optional(), Length(max=64)])
    kind = StringField(_l("Kind"), [Optional(), Length(max=32)])
    error = StringField(_l("Reason holds"), [Optional(), Length(max=300)])
    age = SelectField(_l("Given up at"), validate_choice=False)

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.age.choices = [
            ("", _l("At any time")),
            ("1", _l("More than an hour ago")),
            ("24", _l("More than a day ago")),
            ("168", _l("More than a week ago")),
        ]
