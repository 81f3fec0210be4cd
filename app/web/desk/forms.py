"""What the desk types: a person, and what today's visit is for."""

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TimeField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.core import clock
from app.core.errors import InvalidError
from app.door.language import named
from app.emr.rules import birth_date_of
from app.queues import queries as queues
from app.wayfinding import queries as wayfinding
from app.web.errors import sentence
from app.web.forms import Form


class BirthDateField(StringField):
    """A birth date as people write it: 19530412, 1953-04-12, 1953.4.12."""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - WTForms hands it over
        """Read the date; the refusal says what is wrong with it."""
        if not self.data:
            return
        try:
            born = birth_date_of(self.data)
        except InvalidError as refused:
            raise ValidationError(sentence(refused.code, refused.details)) from refused
        if born > clock.today():
            raise ValidationError(sentence("INVALID", {"why": "future"}))

    def read(self) -> date:
        """Return the date of a field that was validated."""
        return birth_date_of(self.data or "")


class PersonForm(Form):
    """Who somebody is."""

    name = StringField(
        _l("Name"),
        [
            InputRequired(_l("Please enter the name.")),
            Length(max=100, message=_l("This is too long or empty.")),
        ],
    )
    birth_date = BirthDateField(_l("Date of birth"), [InputRequired(_l("Please enter the date of birth."))])
    phone = StringField(
        _l("Mobile phone"), [InputRequired(_l("Please enter the phone number.")), Length(max=30)]
    )


class EditPersonForm(PersonForm):
    """Who somebody is, mended; the phone is known by its last digits only, so empty keeps it."""

    version = HiddenField()
    phone = StringField(_l("New phone number"), [Optional(), Length(max=30)])


class ReasonForm(Form):
    """What a visit is for: up to three services in their order, at once or at a time of today."""

    first = SelectField(_l("First"), [InputRequired(_l("Please choose what the visit is for."))])
    second = SelectField(_l("Then"), [Optional()])
    third = SelectField(_l("Last"), [Optional()])
    at = TimeField(_l("Appointment time"), [Optional()])
    site = HiddenField()

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        offered = {"": "—"} | {offer.code: named(offer) for offer in queues.offers()}
        for field in (self.first, self.second, self.third):
            field.choices = offered
        # A house has one site until somebody draws a second one; its desk then says which.
        self.site.data = self.site.data or next((code for code, _name in wayfinding.sites()), "")

    def services(self) -> tuple[str, ...]:
        """Return the services chosen, in their order, each once."""
        chosen = (self.first.data, self.second.data, self.third.data)
        return tuple(dict.fromkeys(code for code in chosen if code))


class NewPatientForm(PersonForm, ReasonForm):
    """Somebody who was never here, and why they come."""
