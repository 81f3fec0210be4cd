"""The number that a modality brings back leads to its order and to no other, on each database."""

from flask import Flask

from app.imaging import queries
from app.imaging.rules import Unmatched, accession_number
from tests.hospital import Hospital
from tests.integration.imaging.reading import ordered, patient

MANY = 6


def test_each_order_is_found_by_its_own_number(app: Flask, hospital: Hospital) -> None:
    owners = [patient() for _ in range(MANY)]
    placed = {ordered(hospital, one): one for one in owners}
    for order, owner in placed.items():
        for said in (accession_number(order), accession_number(order).lower(), str(order)):
            found = queries.whose("", "", said)
            assert (found.order_id, found.patient_id) == (order, owner)


def test_a_number_of_no_order_is_nobodys(app: Flask, hospital: Hospital) -> None:
    for _ in range(MANY):
        ordered(hospital, patient())
    assert queries.whose("", "", "0123456789ABCDEF").unmatched is Unmatched.NO_PATIENT
