"""Two records made one: what was ordered for who is expected goes along, and comes back, on each database."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.audit import AuditRow
from app.core.db import db
from app.core.transaction import release
from app.emr.models import Patient, PatientMerge
from app.journey import services as journey
from app.journey.models import Visit
from app.orders.models import ServiceOrder
from app.orders.services import Wanted
from tests.integration.orders.pharmacy import Pharmacy
from tests.together import together

WHY = "같은 환자"


def owner_of(visit: UUID) -> UUID:
    """Return whose visit it is."""
    release()
    return db.session.execute(
        select(Patient.public_id).join(Visit, Visit.patient_id == Patient.id).where(Visit.public_id == visit)
    ).scalar_one()


def owners_of_orders(visit: UUID) -> list[UUID]:
    release()
    return list(
        db.session.execute(
            select(ServiceOrder.patient_id).where(ServiceOrder.visit_id == visit).order_by(ServiceOrder.id)
        ).scalars()
    )


def order(pharmacy: Pharmacy, visit: UUID, item: str = "cbc") -> UUID:
    return journey.place_order(visit, items=[Wanted(item)], by=pharmacy.doctor).order_id


def newest_merge() -> UUID:
    release()
    return db.session.execute(
        select(PatientMerge.public_id).order_by(PatientMerge.id.desc()).limit(1)
    ).scalar_one()


def test_orders_go_over_with_who_is_expected_and_come_back(app: Flask, pharmacy: Pharmacy) -> None:
    """The draft too, and what was ordered after the merge; the orders of who has come stay as their visit does."""
    desk = pharmacy.hospital.cast.henry
    expected, kept = (pharmacy.hospital.expect("consult", name="김중복") for _ in range(2))
    duplicate, survivor = owner_of(expected), owner_of(kept)
    placed = order(pharmacy, expected)
    journey.place_order(expected, items=[Wanted("dressing")], is_draft=True, by=pharmacy.doctor)
    own = order(pharmacy, kept)
    version = pharmacy.see(placed).version

    journey.merge_records(duplicate, into=survivor, reason=WHY, by=desk)
    assert owners_of_orders(expected) == [survivor] * 2
    assert pharmacy.see(placed).version == version  # a form that a nurse has open is not stale
    audits = db.session.execute(
        select(AuditRow.id).where(
            AuditRow.action == "orders:order:hand-over", AuditRow.object == f"order:{placed}"
        )
    )
    assert len(audits.all()) == 1
    order(pharmacy, expected, "dressing")

    journey.undo_merge(newest_merge(), reason=WHY, by=desk)
    assert owners_of_orders(expected) == [duplicate] * 3
    assert pharmacy.see(own).patient_id == survivor


def test_orders_of_who_has_come_since_stay_with_the_visit(app: Flask, pharmacy: Pharmacy) -> None:
    desk = pharmacy.hospital.cast.henry
    expected, kept = (pharmacy.hospital.expect("consult", name="김중복") for _ in range(2))
    duplicate, survivor = owner_of(expected), owner_of(kept)
    order(pharmacy, expected)
    journey.merge_records(duplicate, into=survivor, reason=WHY, by=desk)
    journey.arrive(expected, by=desk)
    journey.undo_merge(newest_merge(), reason=WHY, by=desk)
    assert (owner_of(expected), owners_of_orders(expected)) == (survivor, [survivor])


@pytest.mark.parametrize("parts", [False, True], ids=["merge", "part"])
def test_an_order_placed_while_the_records_are_merged_is_the_visits_patients(
    app: Flask, pharmacy: Pharmacy, *, parts: bool
) -> None:
    """Six doctors order while the desk merges, or parts what it had merged; nobody's order stays behind."""
    hospital = pharmacy.hospital
    expected, kept = (hospital.expect("consult", name="김중복") for _ in range(2))
    duplicate, survivor = owner_of(expected), owner_of(kept)
    if parts:
        journey.merge_records(duplicate, into=survivor, reason=WHY, by=hospital.cast.henry)
        merge_id = newest_merge()

        def desk() -> UUID:
            return journey.undo_merge(merge_id, reason=WHY, by=hospital.cast.henry).patient_id
    else:

        def desk() -> UUID:
            by = hospital.cast.henry
            return journey.merge_records(duplicate, into=survivor, reason=WHY, by=by).patient_id

    doctors = [lambda: order(pharmacy, expected, "dressing")] * 3
    answers = together(app, [*doctors, desk, *doctors])
    assert {type(one) for one in answers} == {UUID}, answers
    owner = owner_of(expected)
    assert owner == (duplicate if parts else survivor)
    assert owners_of_orders(expected) == [owner] * 6
