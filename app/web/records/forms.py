"""What is typed into a record."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Self

from flask_babel import lazy_gettext as _l
from wtforms import Form as PlainForm
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from app.web.conflicts import Words
from app.web.forms import Form
from app.web.records import words


def _choices(table: Mapping[str, Any], *, empty: str | None = None) -> list[SelectChoice]:
    """Return a table as a list to choose from; `empty` where nothing is chosen for anybody."""
    return [
        *([SelectChoice("", empty)] if empty else []),
        *(SelectChoice(code, word) for code, word in table.items()),
    ]


class RecordForm(Form):
    """One of many forms of a page: `of` gives its fields ids of their own."""

    WORDS: ClassVar[Words] = {}
    TEXTS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, is_sent: bool = False, **data: object) -> None:
        if is_sent:
            super().__init__(**data)
            return
        # A page shows many forms, and only one of them was sent.
        PlainForm.__init__(self, None, data=data or None)
        self.is_stale, self.stale, self.status = False, None, int(HTTPStatus.OK)

    @classmethod
    def of(cls, key: str, *, is_sent: bool = False, **data: object) -> Self:
        """Return the form under a key of the page, with what it holds or what was sent."""
        form = cls(is_sent=is_sent, **data)
        for field in form:
            field.id = f"{key}-{field.name}"
            field.label.field_id = field.id
        return form

    @property
    def labels(self) -> Mapping[str, Any]:
        """Return what each field is called."""
        return {field.name: field.label.text for field in self}


class PersonForm(RecordForm):
    """Who somebody is; the phone is known by its last digits only, so empty keeps it."""

    WORDS: ClassVar[Words] = {"gender": words.GENDERS}
    name = StringField(_l("Name"))
    birth_date = StringField(_l("Date of birth"))
    gender = SelectField(_l("Sex"), choices=_choices(words.GENDERS))
    phone = StringField(_l("New phone number"))


class AllergyForm(RecordForm):
    """What must not be given."""

    WORDS: ClassVar[Words] = {"criticality": words.CRITICALITIES, "status": words.STATUSES}
    substance = StringField(_l("Substance"))
    reaction = StringField(_l("Reaction"))
    criticality = SelectField(_l("Risk"), choices=_choices(words.CRITICALITIES, empty="—"))
    standing = SelectField(_l("Status"), name="status", choices=_choices(words.STATUSES))


class ContactForm(RecordForm):
    """Whom to phone."""

    WORDS: ClassVar[Words] = {"relation": words.RELATIONS}
    name = StringField(_l("Name"))
    relation = SelectField(_l("Relation"), choices=_choices(words.RELATIONS, empty="—"))
    phone = StringField(_l("Phone"))


class IdentifierForm(RecordForm):
    """Under which number somebody else knows the patient."""

    kind = SelectField(_l("Kind"), choices=_choices(words.NUMBERS, empty="—"))
    system = StringField(_l("Issuer"))
    value = StringField(_l("Number"))


class EndForm(RecordForm):
    """Why a number holds no longer."""

    reason = StringField(_l("Reason"))


class FlagForm(RecordForm):
    """What to know before one goes near."""

    kind = SelectField(_l("Kind"), choices=_choices(words.FLAGS, empty="—"))
    text = StringField(_l("Details"))


class NoteForm(RecordForm):
    """The whole text of one kind."""

    TEXTS = ("text",)
    text = TextAreaField(_l("Text"))


class MergeForm(RecordForm):
    """Into which record, and why."""

    mrn = StringField(_l("Record number that stays"))
    reason = StringField(_l("Reason"))


class EmergencyForm(RecordForm):
    """Whose record, and why now."""

    mrn = StringField(_l("Record number"))
    reason = StringField(_l("Reason"))
