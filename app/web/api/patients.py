"""A patient's own data, with the version that whoever changes it must have seen."""

from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.door import actor, requires
from app.emr import services as emr
from app.web.api.asked.record import PatientChange
from app.web.api.bodies import read, seen, tell_version
from app.web.api.openapi import described
from app.web.api.shapes.record import PatientRecord


def register(blueprint: Blueprint) -> None:
    """Add the routes of patients."""
    one = "/emr/patients/<uuid:patient_id>"
    blueprint.add_url_rule(one, view_func=show_patient, methods=["GET"])
    blueprint.add_url_rule(one, view_func=change_patient, methods=["PATCH"])


@requires(Permission.SEE_PATIENT)
@described("emr", told=PatientRecord)
def show_patient(patient_id: UUID) -> Response:
    """Show a patient's own data with its ETag."""
    card = boards.patient_record(patient_id, by=actor())
    return tell_version(PatientRecord.model_validate(card), patients=card.discloses)


@requires(Permission.EDIT_DEMOGRAPHICS)
@described("emr", body=PatientChange, told=PatientRecord, refusals=(409, 412, 428))
def change_patient(patient_id: UUID) -> Response:
    """Change what is given; a stale ETag is 412, a stale `version` 409 with both, neither 428."""
    body, found = read(PatientChange), boards.patient_record(patient_id, by=actor()).version
    version = seen(body.version, found)
    emr.edit_demographics(
        patient_id,
        version=version,
        name=body.name,
        birth_date=body.birth_date,
        phone=body.phone,
        gender=body.gender,
        by=actor(),
    )
    return show_patient(patient_id)
