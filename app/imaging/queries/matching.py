"""Whose a study is: by the patient's number and by the order that its pictures name."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import String, cast, func, select

from app.core.db import db
from app.emr.models import Patient, PatientIdentifier
from app.imaging.rules import Unmatched, orders_by_accession
from app.orders.models import ServiceOrder

MOST_MERGES: Final = 8  # a duplicate of a duplicate of …


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Patient, order and visit of a study by their public ids; `unmatched` where it is nobody's yet."""

    patient_id: UUID | None = None
    order_id: UUID | None = None
    visit_id: UUID | None = None
    unmatched: Unmatched | None = None


def whose(patient_number: str, issuer: str, accession_number: str) -> Whose:
    """Find the patient by our record number or by one of somebody else's, and the order; 2 to 4 statements.

    A number that is unknown here decides nothing, whatever order stands beside it: it may be the neighbour's.
    """
    patient = _patient(patient_number, issuer)
    order = _order(accession_number)
    owner = None if order is None else _living(order.patient_id)
    if patient is None:
        patient = owner if not patient_number else None
    if patient is None:
        return Whose(unmatched=Unmatched.NO_PATIENT)
    if order is None or owner is None:
        return Whose(patient_id=patient.public_id)
    if owner.id != patient.id:
        return Whose(unmatched=Unmatched.TWO_PATIENTS)
    return Whose(patient_id=patient.public_id, order_id=order.public_id, visit_id=order.visit_id)


def of_order(order_id: UUID) -> Whose:
    """Return whose an order is, followed through merges; nobody's for one that is not there."""
    row = db.session.execute(
        select(ServiceOrder).where(ServiceOrder.public_id == order_id)
    ).scalar_one_or_none()
    owner = None if row is None else _living(row.patient_id)
    if row is None or owner is None:
        return Whose(unmatched=Unmatched.NO_PATIENT)
    return Whose(patient_id=owner.public_id, order_id=row.public_id, visit_id=row.visit_id)


def _patient(number: str, issuer: str) -> Patient | None:
    """Return who has this number: ours first, then a partner's; of two partners', only where the issuer decides."""
    if not number:
        return None
    if not issuer:
        ours = db.session.execute(select(Patient).where(Patient.mrn == number)).scalar_one_or_none()
        if ours is not None:
            return _survivor(ours)
    theirs = select(Patient).join(PatientIdentifier, PatientIdentifier.patient_id == Patient.id)
    theirs = theirs.where(PatientIdentifier.value == number)
    if issuer:
        found = db.session.execute(theirs.where(PatientIdentifier.system == issuer)).scalar_one_or_none()
        # What a modality calls the issuer of our own numbers is its own affair.
        found = found or db.session.execute(select(Patient).where(Patient.mrn == number)).scalar_one_or_none()
        return None if found is None else _survivor(found)
    owners = db.session.execute(theirs.distinct().limit(2)).scalars().all()
    return _survivor(owners[0]) if len(owners) == 1 else None


def _order(accession_number: str) -> ServiceOrder | None:
    span = orders_by_accession(accession_number)
    if span is None:
        return None
    # As text: MariaDB sorts ids of its own type from their end, and between two of them lie any.
    digits = func.replace(cast(ServiceOrder.public_id, String(36)), "-", "")
    rows = db.session.execute(select(ServiceOrder).where(digits.between(span[0].hex, span[1].hex)).limit(2))
    found = rows.scalars().all()
    return found[0] if len(found) == 1 else None


def _living(patient_id: UUID) -> Patient | None:
    row = db.session.execute(select(Patient).where(Patient.public_id == patient_id)).scalar_one_or_none()
    return None if row is None else _survivor(row)


def _survivor(patient: Patient) -> Patient:
    """Return the record that lives on where this one was a duplicate."""
    for _ in range(MOST_MERGES):
        if patient.replaced_by_id is None:
            break
        patient = db.session.get_one(Patient, patient.replaced_by_id)
    return patient
