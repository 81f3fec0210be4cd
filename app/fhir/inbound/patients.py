"""Patients of the EMR: found by link or record number, else entered; duplicates lead to whom they were merged into."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.actor import EMR
from app.core.transaction import RerunError, now_or_never, savepoint
from app.emr import services as emr
from app.fhir.inbound import links
from app.fhir.inbound.reading import CannotTakeError, Person, Resource, Why, person_of
from app.fhir.inbound.shapes import Context
from app.fhir.models import Link
from app.fhir.queries import inbound as known
from app.fhir.rules import Kind
from app.imaging import services as imaging
from app.journey import services as journey


def take(context: Context, resource: Resource, link: Link | None) -> Link | None:
    """Let a patient be what the EMR says; pages that show the name are painted again."""
    person = person_of(resource, f"{context.system_base}/sid")
    # Before this record, so that a survivor who is not here yet is read first.
    survivor = context.patient(person.replaced_by) if person.replaced_by and not person.is_active else None
    link = link or _adopt(context, person) or _enter(context, person)
    patient_id = UUID(link.aggregate_id)
    context.hear(Kind.PATIENT, link)
    said = emr.Said(
        name=person.name,
        birth_date=person.birth_date,
        gender=person.gender,
        phone=person.phone,
        is_active=person.is_active,
    )
    followed = emr.follow_patient(patient_id, said, by=EMR)
    if followed.is_news:
        journey.show_anew(patient_id)
    if followed.parted is not None:
        imaging.give_back(followed.parted, by=EMR)
    emr.follow_identifiers(
        patient_id,
        [emr.SaidIdentifier(kind=one.kind, system=one.system, value=one.value) for one in person.numbers],
        by=EMR,
    )
    if survivor is not None and survivor != patient_id:
        lives_on = known.living(survivor)
        emr.merge_patient(patient_id, into=lives_on, by=EMR)
        journey.hand_over(patient_id, into=lives_on, by=EMR)
    return link


def _adopt(context: Context, person: Person) -> Link | None:
    """Find a patient of ours by the record number; from now on the EMR's resource is the record."""
    patient_id = known.patient_with(person.mrn) if person.mrn else None
    if patient_id is None:
        return None
    if links.of_aggregate(context.target, Kind.PATIENT, patient_id) is not None:
        raise CannotTakeError(Why.MRN_TAKEN, person.mrn or "")
    return context.remember(Kind.PATIENT, patient_id)


def _enter(context: Context, person: Person) -> Link:
    try:
        with savepoint():
            patient_id = emr.enter_patient(
                name=person.name,
                birth_date=person.birth_date,
                phone=person.phone,
                gender=person.gender,
                mrn=person.mrn,
                by=EMR,
            )
    except (
        IntegrityError
    ) as error:  # the desk, or another worker, was faster: look again, and find the record
        now_or_never(error, "mrn")
        raise RerunError from error
    return context.remember(Kind.PATIENT, patient_id)
