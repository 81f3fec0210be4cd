"""What an administrator types of queues, their rooms and the services behind them."""

from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.accounts import queries as accounts
from app.door.language import named
from app.queues import queries as queues
from app.queues.queries import ServiceDetails
from app.queues.services import ServiceWords
from app.wayfinding import queries as wayfinding
from app.web.admin.forms import FITS, NEEDED, at_least, place_choices
from app.web.admin.rules_form import MinutesField
from app.web.forms import Form

TEXT = Length(max=2000, message=_l("This is too long or empty."))


class RoomForm(Form):
    """A room or desk of a queue."""

    version = HiddenField()
    name_ko = StringField(_l("Korean name"), [NEEDED, FITS])
    name_en = StringField(_l("English name"), [NEEDED, FITS])
    place = SelectField(_l("Place"), [NEEDED])
    capacity = IntegerField(
        _l("Patients inside at once"),
        [NEEDED, at_least(1), NumberRange(max=99, message=_l("This is too much."))],
        default=1,
    )

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.place.choices = place_choices()


class QueueForm(Form):
    """A new queue: a service at a place, of a ward or department."""

    code = StringField(_l("Code"), [NEEDED, Length(max=32)])
    name_ko = StringField(_l("Korean name"), [NEEDED, FITS])
    name_en = StringField(_l("English name"), [NEEDED, FITS])
    service = SelectField(_l("Service"), [NEEDED])
    unit = SelectField(_l("Ward or department"), [NEEDED])
    place = SelectField(_l("Place"), [NEEDED])

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.service.choices = {"": "—"} | {offer.code: named(offer) for offer in queues.offers()}
        self.unit.choices = {"": "—"} | {str(unit.id): named(unit) for unit in accounts.units()}
        self.place.choices = place_choices()

    @property
    def site(self) -> str:
        """Return the site whose map has the place."""
        return next(
            code
            for code, _name in wayfinding.sites()
            if self.place.data in {one.code for one in wayfinding.places(code)}
        )


class ServiceForm(Form):
    """What is said of a service."""

    version = HiddenField()
    code = StringField(_l("Code"), [Optional(), Length(max=32)])
    name_ko = StringField(_l("Korean name"), [NEEDED, FITS])
    name_en = StringField(_l("English name"), [NEEDED, FITS])
    duration_seconds = MinutesField(
        _l("Usual length (minutes)"),
        [InputRequired(_l("Please fill this in."))],
        description=_l("Waits are forecast from it until there are figures of our own."),
    )
    preparation_ko = TextAreaField(_l("Preparation, in Korean"), [TEXT])
    preparation_en = TextAreaField(_l("Preparation, in English"), [TEXT])
    after_care_ko = TextAreaField(_l("Afterwards, in Korean"), [TEXT])
    after_care_en = TextAreaField(_l("Afterwards, in English"), [TEXT])
    is_any_order = BooleanField(
        _l("May be done in any order with others"),
        description=_l("The queue with the shortest way and wait comes first."),
    )
    follows = SelectMultipleField(
        _l("Must come after"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )

    def __init__(self, *, but: Collection[str] = (), **data: object) -> None:
        super().__init__(**data)
        self.follows.choices = {one.code: named(one) for one in queues.offers() if one.code not in but}

    def words(self) -> ServiceWords:
        """Return the words as typed."""
        plain = {name: value for name, value in self.data.items() if name not in {"version", "code"}}
        texts = {name: value.strip() for name, value in plain.items() if isinstance(value, str)}
        return ServiceWords(**{**plain, **texts, "follows": tuple(plain["follows"] or ())})


def service_form(details: ServiceDetails) -> ServiceForm:
    """Return the form of a service as it is."""
    names = [name for name in ServiceForm().data if name != "version"]
    return ServiceForm(
        but=(details.code,),
        **{name: getattr(details, name) for name in names},
        version=details.version,
    )
