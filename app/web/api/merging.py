"""Two records of one person: made one, and parted again."""

from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission
from app.door import actor, requires
from app.journey import services as journey
from app.web.api.asked.record import Merge, Parting
from app.web.api.bodies import read, tell
from app.web.api.openapi import described
from app.web.api.shapes.record import MergedShape


def register(blueprint: Blueprint) -> None:
    """Add the routes of merging."""
    blueprint.add_url_rule("/emr/patients/<uuid:patient_id>/merge", view_func=merge_records, methods=["POST"])
    blueprint.add_url_rule("/emr/merges/<uuid:merge_id>/undo", view_func=undo_merge, methods=["POST"])


@requires(Permission.MERGE_PATIENTS)
@described("record", body=Merge, told=MergedShape, refusals=(409,))
def merge_records(patient_id: UUID) -> Response:
    """Let this record lead to the one that lives on; a different name or birth date is asked about first."""
    body = read(Merge)
    merged = journey.merge_records(
        patient_id, into=body.into, reason=body.reason, confirm=body.confirm, by=actor()
    )
    return tell(MergedShape.model_validate(merged))


@requires(Permission.MERGE_PATIENTS)
@described("record", body=Parting, told=MergedShape, refusals=(409,))
def undo_merge(merge_id: UUID) -> Response:
    """Part two records again, as the trail says; a repeat is refused."""
    parted = journey.undo_merge(merge_id, reason=read(Parting).reason, by=actor())
    return tell(MergedShape.model_validate(parted))
