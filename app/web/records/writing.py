"""Write into a record: who it is, allergies, contacts, flags; who was overtaken sees both and loses nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.door import actor, back_to, requires, version_field
from app.emr import services as emr
from app.emr.rules import birth_date_of
from app.web import conflicts
from app.web.forms import say
from app.web.records.forms import (
    AllergyForm,
    ContactForm,
    EndForm,
    FlagForm,
    IdentifierForm,
    PersonForm,
    RecordForm,
)
from app.web.records.reading import page_of
from app.web.records.surface import blueprint

PERSON = ("name", "birth_date", "gender", "phone")


@dataclass(frozen=True, slots=True)
class Part:
    """What a record has several of: its form, how one is added, what is typed then, and what may be changed later."""

    name: str
    form: type[RecordForm]
    add: Callable[..., object]
    typed: tuple[str, ...]
    later: tuple[str, ...] = ()


ALLERGY = Part("allergy", AllergyForm, emr.add_allergy, ("substance", "reaction", "criticality"), ("status",))
CONTACT = Part("contact", ContactForm, emr.add_contact, ("name", "relation", "phone"))
NUMBER = Part("identifier", IdentifierForm, emr.add_identifier, ("kind", "system", "value"))
FLAG = Part("flag", FlagForm, emr.raise_flag, ("kind", "text"))


@blueprint.post("/<uuid:patient_id>")
@requires(Permission.EDIT_DEMOGRAPHICS)
def edit_person(patient_id: UUID) -> Response:
    """Mend name, birth date, sex or phone."""
    form, mine = PersonForm.of("person", is_sent=True), conflicts.typed(PERSON)
    if not mine.get("phone"):
        mine.pop("phone", None)  # empty keeps it

    def edit() -> object:
        if "birth_date" in mine:
            mine["birth_date"] = birth_date_of(mine["birth_date"]).isoformat()
        changes = {name: mine[name] for name in ("name", "gender", "phone") if name in mine}
        return emr.edit_demographics(
            patient_id,
            version=conflicts.seen_version(),
            birth_date=birth_date_of(mine["birth_date"]) if "birth_date" in mine else None,
            **changes,
            by=actor(),
        )

    return written(patient_id, "person", form, edit, mine=mine)


@blueprint.post("/<uuid:patient_id>/allergies")
@requires(Permission.WRITE_CLINICAL)
def add_allergy(patient_id: UUID) -> Response:
    """Note what must not be given."""
    return _added(ALLERGY, patient_id)


@blueprint.post("/<uuid:patient_id>/allergies/<uuid:allergy_id>")
@requires(Permission.WRITE_CLINICAL)
def edit_allergy(patient_id: UUID, allergy_id: UUID) -> Response:
    """Change an allergy, or take it away as entered in error."""
    return _edited(ALLERGY, emr.edit_allergy, patient_id, allergy_id)


@blueprint.post("/<uuid:patient_id>/contacts")
@requires(Permission.EDIT_DEMOGRAPHICS)
def add_contact(patient_id: UUID) -> Response:
    """Note whom to phone."""
    return _added(CONTACT, patient_id)


@blueprint.post("/<uuid:patient_id>/contacts/<uuid:contact_id>")
@requires(Permission.EDIT_DEMOGRAPHICS)
def edit_contact(patient_id: UUID, contact_id: UUID) -> Response:
    """Change whom to phone."""
    return _edited(CONTACT, emr.edit_contact, patient_id, contact_id)


@blueprint.post("/<uuid:patient_id>/contacts/<uuid:contact_id>/remove")
@requires(Permission.EDIT_DEMOGRAPHICS)
def remove_contact(patient_id: UUID, contact_id: UUID) -> Response:
    """Take a contact away."""
    return _removed(emr.remove_contact, patient_id, contact_id)


@blueprint.post("/<uuid:patient_id>/identifiers")
@requires(Permission.EDIT_DEMOGRAPHICS)
def add_identifier(patient_id: UUID) -> Response:
    """Note under which number somebody else knows the patient."""
    return _added(NUMBER, patient_id)


@blueprint.post("/<uuid:patient_id>/identifiers/<uuid:identifier_id>/end")
@requires(Permission.EDIT_DEMOGRAPHICS)
def end_identifier(patient_id: UUID, identifier_id: UUID) -> Response:
    """Let a number hold no longer, for a reason."""
    key, version = f"identifier-{identifier_id}", version_field()
    form = EndForm.of(key, is_sent=True)
    reason = form.reason.data or ""
    return written(
        patient_id,
        key,
        form,
        lambda: emr.end_identifier(patient_id, identifier_id, version=version, reason=reason, by=actor()),
    )


@blueprint.post("/<uuid:patient_id>/flags")
@requires(Permission.WRITE_CLINICAL)
def raise_flag(patient_id: UUID) -> Response:
    """Let everybody know of a risk."""
    return _added(FLAG, patient_id)


@blueprint.post("/<uuid:patient_id>/flags/<uuid:flag_id>/remove")
@requires(Permission.WRITE_CLINICAL)
def remove_flag(patient_id: UUID, flag_id: UUID) -> Response:
    """Take a flag down."""
    return _removed(emr.remove_flag, patient_id, flag_id)


def _added(part: Part, patient_id: UUID) -> Response:
    mine = {**dict.fromkeys(part.typed, ""), **conflicts.typed(part.typed)}
    form = part.form.of(part.name, is_sent=True)
    return written(patient_id, part.name, form, lambda: part.add(patient_id, **mine, by=actor()))


def _removed(remove: Callable[..., object], patient_id: UUID, row_id: UUID) -> Response:
    remove(patient_id, row_id, version=version_field(), by=actor())
    return done(patient_id)


def _edited(part: Part, edit: Callable[..., object], patient_id: UUID, row_id: UUID) -> Response:
    mine, key = conflicts.typed((*part.typed, *part.later)), f"{part.name}-{row_id}"
    version = conflicts.seen_version()
    return written(
        patient_id,
        key,
        part.form.of(key, is_sent=True),
        lambda: edit(patient_id, row_id, version=version, **mine, by=actor()),
        mine=mine,
        again=url_for(f"records.add_{part.name}", patient_id=patient_id),
    )


def written(
    patient_id: UUID,
    key: str,
    form: RecordForm,
    command: Callable[[], object],
    *,
    mine: dict[str, str] | None = None,
    again: str = "",
) -> Response:
    """Run one command of a record: done, or both versions side by side, or the page with what was typed."""
    if form.carry_out(command):
        return done(patient_id)
    if form.stale is None:
        return _given_back(patient_id, key, form)
    if mine is None:
        raise form.stale
    found = conflicts.conflict_of(
        form.stale, mine, patient_id=patient_id, labels=form.labels, words=form.WORDS, texts=form.TEXTS
    )
    return conflicts.answer(
        found,
        action=request.path,
        again=again or request.path,
        back=url_for("records.record", patient_id=patient_id),
        surface="records",
        status=form.status,
    )


def _given_back(patient_id: UUID, key: str, form: RecordForm) -> Response:
    """Return the page with what was typed; to htmx the one form alone: what stands in the others stays as typed."""
    page = page_of(patient_id, wrong=(key, form))
    response = make_response(page, form.status)
    if not request.headers.get("HX-Request"):
        return response
    place = f"form-{key}"
    if f'id="{place}"' in page:
        target, part, swap = f"#{place}", f"#{place}", "outerHTML"
    else:  # a visit of another page of the list is not there: then the sentence, on top
        target, part, swap = "#conflict", ".error-summary", "innerHTML"
    response.headers.update({"HX-Retarget": target, "HX-Reselect": part, "HX-Reswap": swap})
    return response


def done(patient_id: UUID) -> Response:
    """Say that it is saved, on the record's page."""
    say(_("Saved."))
    return back_to("records.record", patient_id=patient_id)
