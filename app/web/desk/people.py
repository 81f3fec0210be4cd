"""People at the desk: enter somebody new, begin a visit of somebody known, mend name, birth date and phone."""

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response, make_response, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.core.errors import VersionStaleError
from app.door import actor, back_to, requires, show, version_field, words_field
from app.emr import queries as emr
from app.emr import services as emr_services
from app.emr.queries import PatientCard
from app.journey import services as journey
from app.web import conflicts
from app.web.desk.forms import EditPersonForm, NewPatientForm, ReasonForm
from app.web.desk.surface import blueprint
from app.web.forms import say


@blueprint.get("/patients/new")
@requires(Permission.BOOK_VISIT)
def new_patient() -> str:
    """Ask who somebody new is, and what for."""
    return show("desk/new.html", form=NewPatientForm())


@blueprint.post("/patients")
@requires(Permission.BOOK_VISIT)
def admit() -> Response:
    """Enter somebody new and begin the visit in one step."""
    form = NewPatientForm()
    if not form.submit(lambda: _admit(form), at="first"):
        return make_response(show("desk/new.html", form=form), form.status)
    say(_("Entered."))
    return back_to("desk.visit", visit_id=form.answer.visit_id)


@blueprint.get("/patients/<uuid:patient_id>")
@requires(Permission.BOOK_VISIT)
def patient(patient_id: UUID) -> str:
    """Show what the desk knows of somebody, and let a visit begin."""
    card = emr.patient_card(patient_id, by=actor())
    return show("desk/patient.html", card=card, person=_person(card), reason=ReasonForm())


@blueprint.post("/patients/<uuid:patient_id>/visits")
@requires(Permission.BOOK_VISIT)
def begin_visit(patient_id: UUID) -> Response:
    """Begin a visit at once, or book a time of today."""
    form = ReasonForm()
    if form.submit(lambda: _begin(patient_id, form), at="first"):
        say(_("Entered in today's list."))
        return back_to("desk.visit", visit_id=form.answer.visit_id)
    card = emr.patient_card(patient_id, by=actor())
    page = show("desk/patient.html", card=card, person=_person(card), reason=form)
    return make_response(page, form.status)


@blueprint.post("/patients/<uuid:patient_id>")
@requires(Permission.EDIT_DEMOGRAPHICS)
def edit_patient(patient_id: UUID) -> Response:
    """Mend name, birth date or phone; who was overtaken by a colleague chooses between both."""
    form = EditPersonForm()
    edit = partial(emr_services.edit_demographics, patient_id, version=version_field(), by=actor())
    if form.submit(
        lambda: edit(
            name=form.name.data or "", birth_date=form.birth_date.read(), phone=form.phone.data or None
        )
    ):
        say(_("Saved."))
        return back_to("desk.patient", patient_id=patient_id)
    card = emr.patient_card(patient_id, by=actor())
    if form.stale is not None:
        return _side_by_side(patient_id, form.stale, form)
    page = show("desk/patient.html", card=card, person=form, reason=ReasonForm())
    return make_response(page, form.status)


def _admit(form: NewPatientForm) -> Any:
    return journey.admit(
        name=form.name.data or "",
        birth_date=form.birth_date.read(),
        phone=form.phone.data or "",
        services=form.services(),
        site=form.site.data or "",
        at=form.at.data,
        confirm=words_field(),
        by=actor(),
    )


def _begin(patient_id: UUID, form: ReasonForm) -> Any:
    begin = partial(journey.walk_in, patient_id)
    if form.at.data is not None:
        begin = partial(journey.book_today, patient_id, at=form.at.data)
    return begin(services=form.services(), site=form.site.data or "", by=actor())


def _person(card: PatientCard) -> EditPersonForm:
    return EditPersonForm(name=card.name, birth_date=card.birth_date.isoformat(), version=str(card.version))


def _side_by_side(patient_id: UUID, stale: VersionStaleError, form: EditPersonForm) -> Response:
    """Show what a colleague has changed and the desk's own words; the choice is saved where records are written."""
    mine = {
        "name": " ".join((form.name.data or "").split()),
        "birth_date": form.birth_date.read().isoformat(),
    }
    if form.phone.data:
        mine["phone"] = form.phone.data
    found = conflicts.conflict_of(
        stale,
        mine,
        patient_id=patient_id,
        labels={field.name: field.label.text for field in form},
        words={},
    )
    action = url_for("records.edit_person", patient_id=patient_id)
    return conflicts.answer(
        found,
        action=action,
        again=action,
        back=url_for("desk.patient", patient_id=patient_id),
        surface="desk",
        status=form.status,
    )
