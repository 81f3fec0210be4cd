"""Find a record, and read it."""

from typing import Any
from uuid import UUID

from flask import request

from app.accounts.roles import Permission, may
from app.boards import queries as boards
from app.boards.queries import RecordPage
from app.door import actor, field, requires, show
from app.emr import queries as emr
from app.web.forms import page_number
from app.web.records import words
from app.web.records.forms import (
    AllergyForm,
    ContactForm,
    EmergencyForm,
    EndForm,
    FlagForm,
    IdentifierForm,
    MergeForm,
    NoteForm,
    PersonForm,
    RecordForm,
)
from app.web.records.surface import blueprint

LONGEST_SEARCH = 100


@blueprint.get("")
@requires(Permission.SEE_PATIENT)
def search() -> str:
    """Ask whose record; nobody is shown before."""
    return searching()


@blueprint.post("/search")
@requires(Permission.SEE_PATIENT)
def find() -> str:
    """Find records; posted with its page, so that no name stands in an address."""
    typed = field("page", longest=5)
    page = int(typed) if typed.isascii() and typed.isdecimal() else 1
    return searching(found=emr.search_records(field("search", longest=LONGEST_SEARCH), page=page, by=actor()))


@blueprint.get("/<uuid:patient_id>")
@requires(Permission.SEE_PATIENT)
def record(patient_id: UUID) -> str:
    """Show a record: who it is, what to know, what was noted, what was when."""
    return page_of(patient_id)


def searching(*, found: emr.RecordsFound | None = None, emergency: EmergencyForm | None = None) -> str:
    """Return the page of the search."""
    return show(
        "records/search.html",
        found=found,
        words=words,
        emergency=emergency or EmergencyForm.of("emergency"),
        may_declare=may(actor(), Permission.OPEN_EMERGENCY),
    )


def page_of(patient_id: UUID, *, wrong: tuple[str, RecordForm] | None = None) -> str:
    """Return a record's page; a form that was refused stands there with what was typed."""
    visits = request.args.get("visits", "")
    board = boards.record_page(
        patient_id,
        page=page_number(),
        visits_page=int(visits) if visits.isascii() and visits.isdecimal() and len(visits) < 6 else 1,  # noqa: PLR2004
        by=actor(),
    )
    forms = _forms(board)
    if wrong is not None:
        forms[wrong[0]] = wrong[1]
    by = actor()
    return show(
        "records/record.html",
        board=board,
        forms=forms,
        wrong=wrong[1] if wrong else None,
        is_part=bool(request.headers.get("HX-Request")),
        words=words,
        may_edit=may(by, Permission.EDIT_DEMOGRAPHICS),
        may_write=may(by, Permission.WRITE_CLINICAL),
        may_merge=may(by, Permission.MERGE_PATIENTS),
    )


def _forms(board: RecordPage) -> dict[str, Any]:
    """Return the page's forms by their keys."""
    record = board.record
    forms: dict[str, RecordForm] = {
        "person": PersonForm.of(
            "person",
            name=record.name,
            birth_date=record.birth_date.isoformat(),
            gender=record.gender or "",
        ),
        "allergy": AllergyForm.of("allergy"),
        "contact": ContactForm.of("contact"),
        "flag": FlagForm.of("flag"),
        "identifier": IdentifierForm.of("identifier"),
        "merge": MergeForm.of("merge"),
    }
    for allergy in record.allergies or ():
        forms[f"allergy-{allergy.id}"] = AllergyForm.of(
            f"allergy-{allergy.id}",
            substance=allergy.substance,
            reaction=allergy.reaction,
            criticality=allergy.criticality,
            standing=allergy.status,
        )
    for contact in record.contacts:
        forms[f"contact-{contact.id}"] = ContactForm.of(
            f"contact-{contact.id}", name=contact.name, relation=contact.relation, phone=contact.phone
        )
    for number in record.identifiers:
        forms[f"identifier-{number.id}"] = EndForm.of(f"identifier-{number.id}")
    for visit in board.visits:
        for note in visit.notes:
            key = f"note-{visit.id}-{note.kind}"
            forms[key] = NoteForm.of(key, text=note.text)
    return forms
