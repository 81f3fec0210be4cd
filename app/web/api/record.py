"""A patient's record: found, read whole, and what must not be given, what to know, whom to phone, other numbers."""

from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission
from app.core.errors import NotFoundError
from app.door import actor, requires
from app.emr import queries as emr
from app.emr import services as emr_services
from app.emr.queries import PatientRecord
from app.emr.services import Written
from app.web.api.asked.base import Asked, Seen
from app.web.api.asked.record import (
    AllergyChange,
    AllergyNew,
    ContactChange,
    ContactNew,
    FlagNew,
    IdentifierEnd,
    IdentifierNew,
    RecordsWanted,
    Removal,
)
from app.web.api.bodies import matches_etag, read, seen, tell, tell_version
from app.web.api.openapi import Key, described
from app.web.api.shapes.record import RecordRowShape, RecordShape, RecordsShape, WrittenShape

CHANGED, REMOVED = (409, 410, 412, 428), (409, 410, 428)


class Row(Protocol):
    """A row of a record that somebody may change."""

    @property
    def id(self) -> UUID:
        """Return its id."""

    @property
    def version(self) -> int:
        """Return its version."""


def register(blueprint: Blueprint) -> None:
    """Add the routes of the record."""
    one = "/emr/patients/<uuid:patient_id>"
    allergy, contact = f"{one}/allergies/<uuid:allergy_id>", f"{one}/contacts/<uuid:contact_id>"
    blueprint.add_url_rule("/emr/patients/search", view_func=search_patients, methods=["POST"])
    blueprint.add_url_rule(f"{one}/record", view_func=show_record, methods=["GET"])
    blueprint.add_url_rule(f"{one}/allergies", view_func=add_allergy, methods=["POST"])
    blueprint.add_url_rule(allergy, view_func=change_allergy, methods=["PATCH"])
    blueprint.add_url_rule(f"{one}/contacts", view_func=add_contact, methods=["POST"])
    blueprint.add_url_rule(contact, view_func=change_contact, methods=["PATCH"])
    blueprint.add_url_rule(f"{contact}/remove", view_func=remove_contact, methods=["POST"])
    blueprint.add_url_rule(f"{one}/identifiers", view_func=add_identifier, methods=["POST"])
    blueprint.add_url_rule(
        f"{one}/identifiers/<uuid:identifier_id>/end", view_func=end_identifier, methods=["POST"]
    )
    blueprint.add_url_rule(f"{one}/flags", view_func=raise_flag, methods=["POST"])
    blueprint.add_url_rule(f"{one}/flags/<uuid:flag_id>/remove", view_func=remove_flag, methods=["POST"])


@requires(Permission.SEE_PATIENT)
@described("record", body=RecordsWanted, told=RecordsShape, key=Key.NONE)
def search_patients() -> Response:
    """Find records; posted, so that no name stands in an address. A unit finds its own patients."""
    body = read(RecordsWanted)
    found = emr.search_records(body.search, page=body.page, by=actor())
    rows = [RecordRowShape.model_validate(row) for row in found.rows]
    return tell(RecordsShape.of(found, patients=rows), patients=found.discloses)


@requires(Permission.SEE_PATIENT)
@described("record", told=RecordShape)
def show_record(patient_id: UUID) -> Response:
    """Show what is known of a patient beyond single visits, with the ETag of the patient's own data."""
    record = emr.patient_record(patient_id, by=actor())
    return tell_version(RecordShape.model_validate(record), patients=record.discloses)


@requires(Permission.WRITE_CLINICAL)
@described("record", body=AllergyNew, told=WrittenShape, statuses=(201,))
def add_allergy(patient_id: UUID) -> Response:
    """Note what must not be given."""
    return _done(emr_services.add_allergy, AllergyNew, patient_id, status=201)


@requires(Permission.WRITE_CLINICAL)
@described("record", body=AllergyChange, told=WrittenShape, refusals=CHANGED)
def change_allergy(patient_id: UUID, allergy_id: UUID) -> Response:
    """Change what is given of an allergy, or take it away as entered in error."""
    return _changed(
        emr_services.edit_allergy,
        AllergyChange,
        patient_id,
        allergy_id,
        among=lambda one: one.allergies or (),
    )


@requires(Permission.EDIT_DEMOGRAPHICS)
@described("record", body=ContactNew, told=WrittenShape, statuses=(201,))
def add_contact(patient_id: UUID) -> Response:
    """Note whom to phone."""
    return _done(emr_services.add_contact, ContactNew, patient_id, status=201)


@requires(Permission.EDIT_DEMOGRAPHICS)
@described("record", body=ContactChange, told=WrittenShape, refusals=CHANGED)
def change_contact(patient_id: UUID, contact_id: UUID) -> Response:
    """Change what is given of a contact."""
    return _changed(
        emr_services.edit_contact, ContactChange, patient_id, contact_id, among=lambda one: one.contacts
    )


@requires(Permission.EDIT_DEMOGRAPHICS)
@described("record", body=Removal, told=WrittenShape, refusals=REMOVED)
def remove_contact(patient_id: UUID, contact_id: UUID) -> Response:
    """Take a contact away."""
    return _done(emr_services.remove_contact, Removal, patient_id, contact_id)


@requires(Permission.EDIT_DEMOGRAPHICS)
@described("record", body=IdentifierNew, told=WrittenShape, statuses=(201,))
def add_identifier(patient_id: UUID) -> Response:
    """Note under which number somebody else knows the patient; each has one owner."""
    return _done(emr_services.add_identifier, IdentifierNew, patient_id, status=201)


@requires(Permission.EDIT_DEMOGRAPHICS)
@described("record", body=IdentifierEnd, told=WrittenShape, refusals=REMOVED)
def end_identifier(patient_id: UUID, identifier_id: UUID) -> Response:
    """Let a number hold no longer, for a reason; it may then be noted for somebody again."""
    return _done(emr_services.end_identifier, IdentifierEnd, patient_id, identifier_id)


@requires(Permission.WRITE_CLINICAL)
@described("record", body=FlagNew, told=WrittenShape, statuses=(201,))
def raise_flag(patient_id: UUID) -> Response:
    """Let everybody know of a risk."""
    return _done(emr_services.raise_flag, FlagNew, patient_id, status=201)


@requires(Permission.WRITE_CLINICAL)
@described("record", body=Removal, told=WrittenShape, refusals=REMOVED)
def remove_flag(patient_id: UUID, flag_id: UUID) -> Response:
    """Take a flag down."""
    return _done(emr_services.remove_flag, Removal, patient_id, flag_id)


def _done(deed: Callable[..., Written], asked: type[Asked], *ids: UUID, status: int = 200) -> Response:
    """Do with a record, or with a row of it, what the body says."""
    return _told(deed(*ids, **read(asked).model_dump(), by=actor()), status=status)


def _changed(
    deed: Callable[..., Written],
    asked: type[Seen],
    patient_id: UUID,
    row_id: UUID,
    *,
    among: Callable[[PatientRecord], Iterable[Row]],
) -> Response:
    """Change what the body gives of a row, in the version that it names or that its ETag does."""
    body = read(asked)
    version = body.version
    if matches_etag():
        version = seen(version, _version(among(emr.patient_record(patient_id, by=actor())), row_id))
    return _told(deed(patient_id, row_id, **{**body.model_dump(), "version": version}, by=actor()))


def _told(written: Written, *, status: int = 200) -> Response:
    return tell_version(WrittenShape.model_validate(written), status=status)


def _version(rows: Iterable[Row], wanted: UUID) -> int:
    """Return the version of a row of the record. Raise NotFoundError."""
    found = next((row.version for row in rows if row.id == wanted), None)
    if found is None:
        raise NotFoundError(kind="record")
    return found
