"""The notes of a visit, with the version that whoever changes them must have seen."""

from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission
from app.door import actor, requires
from app.emr import queries as emr
from app.emr import services as emr_services
from app.web.api.asked.base import PageWanted
from app.web.api.asked.record import EncounterChange
from app.web.api.bodies import asked, read, seen, tell, tell_version
from app.web.api.openapi import described
from app.web.api.shapes.record import EncounterNotes, NoteHistoryShape, NoteVersionShape


def register(blueprint: Blueprint) -> None:
    """Add the routes of encounters."""
    one = "/emr/encounters/<uuid:visit_id>"
    blueprint.add_url_rule(one, view_func=show_encounter, methods=["GET"])
    blueprint.add_url_rule(one, view_func=change_encounter, methods=["PATCH"])
    blueprint.add_url_rule(f"{one}/history", view_func=show_note_history, methods=["GET"])


@requires(Permission.SEE_CLINICAL)
@described("emr", told=EncounterNotes)
def show_encounter(visit_id: UUID) -> Response:
    """Show what was noted in a visit, with its ETag."""
    record = emr.encounter_record(visit_id, by=actor())
    return tell_version(EncounterNotes.model_validate(record), patients=record.discloses)


@requires(Permission.WRITE_CLINICAL)
@described("emr", body=EncounterChange, told=EncounterNotes, refusals=(409, 412, 428))
def change_encounter(visit_id: UUID) -> Response:
    """Write the texts given; a stale ETag is 412, a stale `version` 409, neither 428."""
    body, found = read(EncounterChange), emr.encounter_record(visit_id, by=actor()).version
    texts = {"medical": body.medical, "nursing": body.nursing}
    emr_services.change_encounter(
        visit_id,
        version=seen(body.version, found),
        texts={kind: text for kind, text in texts.items() if text is not None},
        by=actor(),
    )
    return show_encounter(visit_id)


@requires(Permission.SEE_CLINICAL)
@described("emr", told=NoteHistoryShape, query=PageWanted)
def show_note_history(visit_id: UUID) -> Response:
    """Show a page of what a visit's texts have said, by whom and when, the newest first."""
    wanted = asked(PageWanted)
    found = emr.note_history(visit_id, page=wanted.page, per_page=wanted.per_page, by=actor())
    versions = [NoteVersionShape.model_validate(one) for one in found.versions]
    return tell(NoteHistoryShape.of(found, versions=versions), patients=found.discloses)
