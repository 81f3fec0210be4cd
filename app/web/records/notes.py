"""Notes of a visit: one text of the doctors and one of the nurses, written by several."""

from uuid import UUID

from flask import Response

from app.accounts.roles import Permission
from app.door import actor, requires, version_field
from app.emr import services as emr
from app.emr.rules import NoteKind
from app.web import conflicts
from app.web.records.forms import NoteForm
from app.web.records.surface import blueprint
from app.web.records.writing import done, written

ONE = "/<uuid:patient_id>/visits/<uuid:visit_id>/notes/<any(medical, nursing):kind>"


@blueprint.post(ONE)
@requires(Permission.WRITE_CLINICAL)
def write_note(patient_id: UUID, visit_id: UUID, kind: str) -> Response:
    """Save the text; who wrote meanwhile is not written over."""
    key = f"note-{visit_id}-{kind}"
    mine, version = conflicts.typed(("text",)), conflicts.seen_version()
    if "text" not in mine:  # what stands there now was chosen
        return done(patient_id)
    return written(
        patient_id,
        key,
        NoteForm.of(key, is_sent=True),
        lambda: emr.write_note(visit_id, NoteKind(kind), version=version, text=mine["text"], by=actor()),
        mine=mine,
    )


@blueprint.post(f"{ONE}/remove")
@requires(Permission.WRITE_CLINICAL)
def remove_note(patient_id: UUID, visit_id: UUID, kind: str) -> Response:
    """Take a note away that should not have been written."""
    emr.remove_note(visit_id, NoteKind(kind), version=version_field(), by=actor())
    return done(patient_id)
