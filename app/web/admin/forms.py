"""What an administrator types, area by area."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
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
from app.queues.states import MergeRule
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
MERGE_WORDS = {
    MergeRule.ARRIVAL: _l("By arrival"),
    MergeRule.SLOT: _l("By the booked time"),
    MergeRule.HEAD_START: _l("By the booked time, with a head start"),
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


class RulesForm(Form):
    """The stated rules of a queue."""

    version = HiddenField()
    calls_ahead = IntegerField(_l("Patients called ahead, per room"), [NEEDED, at_least(1)])
    max_calls = IntegerField(_l("Calls of one patient, at most"), [NEEDED, at_least(1)])
    call_expiry_seconds = IntegerField(_l("A call is open for (seconds)"), [NEEDED, at_least(1)])
    recall_gap_seconds = IntegerField(_l("Between two calls (seconds)"), [NEEDED, at_least(0)])
    least_service_seconds = IntegerField(
        _l("Ask whether it is over if shorter than (seconds)"), [NEEDED, at_least(0)]
    )
    early_tolerance_seconds = IntegerField(
        _l("Counts as waiting before the booked time (seconds)"), [NEEDED, at_least(0)]
    )
    check_in_before_seconds = IntegerField(
        _l("Check-in opens before the time (seconds)"), [NEEDED, at_least(0)]
    )
    check_in_after_seconds = IntegerField(
        _l("Check-in closes after the time (seconds)"), [NEEDED, at_least(0)]
    )
    merge_rule = SelectField(_l("How booked patients and the others share the line"), [NEEDED])
    head_start_seconds = IntegerField(
        _l("Head start of punctual booked patients (seconds)"), [NEEDED, at_least(0)]
    )
    grace_seconds = IntegerField(_l("Late for the booked time after (seconds)"), [NEEDED, at_least(0)])
    ageing_seconds = IntegerField(_l("Preferred after waiting (seconds)"), [NEEDED, at_least(1)])
    max_overtaken = IntegerField(_l("Preferred after being overtaken (times)"), [NEEDED, at_least(1)])
    re_entry_places = IntegerField(_l("Places behind the next, after a missed call"), [NEEDED, at_least(1)])
    max_re_entries = IntegerField(_l("Re-entries after missed calls, at most"), [NEEDED, at_least(0)])
    max_own_holds = IntegerField(_l("Own pauses of a patient, at most"), [NEEDED, at_least(0)])
    own_hold_seconds = IntegerField(_l("An own pause lasts at most (seconds)"), [NEEDED, at_least(0)])
    takes_walk_ins = BooleanField(_l("Takes patients without appointment"))
    recalls_by_itself = BooleanField(_l("Calls again by itself when nobody comes"))
    keeps_credit = BooleanField(_l("Who is moved here keeps the waiting time"))
    is_overnight = BooleanField(_l("Goes on over the end of the day"))
    shows_masked_name = BooleanField(_l("The waiting board shows the masked name beside the number"))

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.merge_rule.choices = {str(rule): str(word) for rule, word in MERGE_WORDS.items()}

    def rules(self) -> dict[str, int | bool | str]:
        """Return the rules as typed."""
        return {name: value for name, value in self.data.items() if name != "version"}


class RoomForm(Form):
    """A new room or desk of a queue."""

    name_ko = StringField(_l("Korean name"), [NEEDED, FITS])
    name_en = StringField(_l("English name"), [NEEDED, FITS])
    place = SelectField(_l("Place"), [NEEDED])
    capacity = IntegerField(_l("Patients inside at once"), [NEEDED, at_least(1)], default=1)

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
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
