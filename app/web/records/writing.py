"""Write into a record: who it is, allergies, contacts, flags; who was overtaken sees both and loses nothing."""

from collections.abc import Callable
from uuid import UUID

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.core.errors import InvalidError, RefusedError
from app.door import actor, back_to, requires, version_field
from app.emr import services as emr
from app.emr.rules import birth_date_of
from app.web import conflicts
from app.web.forms import say
from app.web.records.forms import AllergyForm, ContactForm, FlagForm, PersonForm, RecordForm
from app.web.records.reading import page_of
from app.web.records.surface import blueprint

PERSON = ("name", "birth_date", "gender", "phone")
ALLERGY = ("substance", "reaction", "criticality", "status")
CONTACT = ("name", "relation", "phone")


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
    mine = conflicts.typed(("substance", "reaction", "criticality"))
    return written(
        patient_id,
        "allergy",
        AllergyForm.of("allergy", is_sent=True),
        lambda: emr.add_allergy(patient_id, **mine, by=actor()),
    )


@blueprint.post("/<uuid:patient_id>/allergies/<uuid:allergy_id>")
@requires(Permission.WRITE_CLINICAL)
def edit_allergy(patient_id: UUID, allergy_id: UUID) -> Response:
    """Change an allergy, or take it away as entered in error."""
    mine, key = conflicts.typed(ALLERGY), f"allergy-{allergy_id}"
    version = conflicts.seen_version()
    return written(
        patient_id,
        key,
        AllergyForm.of(key, is_sent=True),
        lambda: emr.edit_allergy(patient_id, allergy_id, version=version, **mine, by=actor()),
        mine=mine,
        again=url_for("records.add_allergy", patient_id=patient_id),
    )


@blueprint.post("/<uuid:patient_id>/contacts")
@requires(Permission.EDIT_DEMOGRAPHICS)
def add_contact(patient_id: UUID) -> Response:
    """Note whom to phone."""
    mine = conflicts.typed(CONTACT)
    return written(
        patient_id,
        "contact",
        ContactForm.of("contact", is_sent=True),
        lambda: emr.add_contact(patient_id, **mine, by=actor()),
    )


@blueprint.post("/<uuid:patient_id>/contacts/<uuid:contact_id>")
@requires(Permission.EDIT_DEMOGRAPHICS)
def edit_contact(patient_id: UUID, contact_id: UUID) -> Response:
    """Change whom to phone."""
    mine, key = conflicts.typed(CONTACT), f"contact-{contact_id}"
    version = conflicts.seen_version()
    return written(
        patient_id,
        key,
        ContactForm.of(key, is_sent=True),
        lambda: emr.edit_contact(patient_id, contact_id, version=version, **mine, by=actor()),
        mine=mine,
        again=url_for("records.add_contact", patient_id=patient_id),
    )


@blueprint.post("/<uuid:patient_id>/contacts/<uuid:contact_id>/remove")
@requires(Permission.EDIT_DEMOGRAPHICS)
def remove_contact(patient_id: UUID, contact_id: UUID) -> Response:
    """Take a contact away."""
    emr.remove_contact(patient_id, contact_id, version=version_field(), by=actor())
    return done(patient_id)


@blueprint.post("/<uuid:patient_id>/flags")
@requires(Permission.WRITE_CLINICAL)
def raise_flag(patient_id: UUID) -> Response:
    """Let everybody know of a risk."""
    mine = conflicts.typed(("kind", "text"))
    return written(
        patient_id,
        "flag",
        FlagForm.of("flag", is_sent=True),
        lambda: emr.raise_flag(patient_id, **mine, by=actor()),
    )


@blueprint.post("/<uuid:patient_id>/flags/<uuid:flag_id>/remove")
@requires(Permission.WRITE_CLINICAL)
def remove_flag(patient_id: UUID, flag_id: UUID) -> Response:
    """Take a flag down."""
    emr.remove_flag(patient_id, flag_id, version=version_field(), by=actor())
    return done(patient_id)


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
    refused = _carry_out(form, command)
    if refused is None and not form.is_stale:
        return done(patient_id)
    if form.stale is not None:
        found = conflicts.conflict_of(
            form.stale,
            mine or {},
            patient_id=patient_id,
            labels=form.labels,
            words=form.WORDS,
            texts=form.TEXTS,
        )
        return conflicts.answer(
            found,
            action=request.path,
            again=again or request.path,
            back=url_for("records.record", patient_id=patient_id),
            surface="records",
            status=form.status,
        )
    if refused is not None and request.headers.get("HX-Request"):
        raise refused  # the page still shows what was typed; the sentence goes on top
    return make_response(page_of(patient_id, wrong=(key, form)), form.status)


def done(patient_id: UUID) -> Response:
    """Say that it is saved, on the record's page."""
    say(_("Saved."))
    return back_to("records.record", patient_id=patient_id)


def _carry_out(form: RecordForm, command: Callable[[], object]) -> RefusedError | None:
    """Return why a field was refused, which the form then says too."""
    kept: list[RefusedError] = []

    def run() -> object:
        try:
            return command()
        except InvalidError as refused:
            kept.append(refused)
            raise

    return None if form.carry_out(run) or not kept else kept[0]
