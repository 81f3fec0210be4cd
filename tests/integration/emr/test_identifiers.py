"""Numbers under which others know a patient: one owner each, ended for a reason, and found by them."""

from datetime import date
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import GoneError, InvalidError, NotAllowedError, VersionStaleError
from app.core.transaction import release
from app.emr import queries as emr_queries
from app.emr import services as emr
from app.emr.models import Patient
from tests.hospital import Hospital
from tests.together import together

DESKS = 50


def somebody(hospital: Hospital, name: str = "김번호") -> UUID:
    return emr.enter_patient(name=name, birth_date=date(1953, 4, 12), phone=None, by=hospital.cast.henry)


def numbers(hospital: Hospital, patient: UUID) -> list[str]:
    release()
    found = emr_queries.patient_record(patient, by=hospital.cast.henry).identifiers
    return [one.value for one in found]


def test_fifty_desks_note_one_number_and_one_of_them_has_it(app: Flask, hospital: Hospital) -> None:
    patients = [somebody(hospital), somebody(hospital, "이번호")]

    def note(number: int) -> UUID:
        return emr.add_identifier(
            patients[number % 2], kind="hospital", system="한빛병원", value="H-77", by=hospital.cast.henry
        ).id

    answers = together(app, [partial(note, number) for number in range(DESKS)])
    refused = [one.details["why"] for one in answers if isinstance(one, InvalidError)]
    assert (sum(isinstance(one, UUID) for one in answers), len(refused)) == (1, DESKS - 1), answers
    assert set(refused) <= {"noted", "elsewhere"}
    assert sorted([numbers(hospital, one) for one in patients]) == [[], ["H-77"]]


def test_an_ended_number_is_nobodys_and_may_be_noted_again(app: Flask, hospital: Hospital) -> None:
    henry, first, second = hospital.cast.henry, somebody(hospital), somebody(hospital, "이번호")
    noted = emr.add_identifier(first, kind="insurance", value=" 1234 5678 901 ", by=henry)
    assert [row.id for row in emr_queries.search_records("12345678901", by=henry).rows] == [first]
    with pytest.raises(InvalidError) as elsewhere:
        emr.add_identifier(second, kind="insurance", value="12345678901", by=henry)
    assert elsewhere.value.details == {"field": "value", "why": "elsewhere"}
    with pytest.raises(InvalidError):
        emr.end_identifier(first, noted.id, version=1, reason=" ", by=henry)
    with pytest.raises(VersionStaleError):
        emr.end_identifier(first, noted.id, version=7, reason="다른 사람의 번호", by=henry)
    seq = _seq(first)
    emr.end_identifier(first, noted.id, version=1, reason="다른 사람의 번호", by=henry)
    assert _seq(first) == seq + 1, "partners are told"
    with pytest.raises(GoneError):
        emr.end_identifier(first, noted.id, version=2, reason="또", by=henry)
    assert emr_queries.search_records("12345678901", by=henry).total == 0
    emr.add_identifier(second, kind="insurance", value="12345678901", by=henry)
    assert (numbers(hospital, first), numbers(hospital, second)) == ([], ["12345678901"])
    ended = select(AuditRow.reason, AuditRow.patient).where(AuditRow.action == "emr:identifier:end")
    assert db.session.execute(ended).all() == [("다른 사람의 번호", first)]


def test_numbers_go_over_with_a_merge_and_come_back(app: Flask, hospital: Hospital) -> None:
    henry, old, new = hospital.cast.henry, somebody(hospital), somebody(hospital)
    emr.add_identifier(old, kind="previous", value="0001", by=henry)
    seqs = _seq(old), _seq(new)
    emr.merge_patient(old, into=new, by=henry)
    assert (_seq(old), _seq(new)) == (seqs[0] + 1, seqs[1] + 1), "what partners know of both has changed"
    assert [row.id for row in emr_queries.search_records("0001", by=henry).rows] == [new]
    (trail,) = emr_queries.patient_record(new, by=henry).duplicates
    release()
    emr.undo_merge(trail.id, reason="다른 사람", by=henry)
    assert (numbers(hospital, old), numbers(hospital, new)) == (["0001"], [])


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "missing"),
        ("한글-1", "form"),
        ("1" * 65, "form"),
        ("530412-1234567", "resident_number"),
        ("5304125234567", "resident_number"),
    ],
)
def test_what_nobody_may_keep_is_refused(sqlite_app: Flask, hospital: Hospital, typed: str, why: str) -> None:
    patient = somebody(hospital)
    with pytest.raises(InvalidError) as refused:
        emr.add_identifier(patient, kind="previous", value=typed, by=hospital.cast.henry)
    assert refused.value.details == {"field": "value", "why": why}


def test_an_issuer_is_named_and_nurses_note_no_numbers(sqlite_app: Flask, hospital: Hospital) -> None:
    patient = somebody(hospital)
    with pytest.raises(InvalidError) as refused:
        emr.add_identifier(patient, kind="hospital", value="1", by=hospital.cast.henry)
    assert refused.value.details == {"field": "system", "why": "missing"}
    with pytest.raises(NotAllowedError):
        emr.add_identifier(patient, kind="previous", value="1", by=hospital.cast.anne)


def _seq(patient: UUID) -> int:
    release()
    return db.session.execute(select(Patient.seq).where(Patient.public_id == patient)).scalar_one()
