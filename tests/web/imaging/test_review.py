"""What was set aside is looked at, and what is nobody's gets its patient."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import settings
from app.boards import queries as boards
from app.core.audit import AuditRow
from app.core.db import db
from app.core.transaction import release, transactional
from app.imaging import queries
from app.imaging.models import Study
from app.imaging.queries import Refusal
from tests.hospital import Hospital
from tests.integration.imaging.pictures import Pictures
from tests.pages import send as post
from tests.web.imaging.conftest import BrowserOf, Send

QUARANTINE, UNMATCHED = "/imaging/quarantine", "/imaging/unmatched"
NOBODYS = UUID(int=7)  # the same in every test process


def refused() -> Refusal:
    """Return the one file that was set aside."""
    release()
    (found,) = queries.quarantine()
    return found


def audit_of(action: str) -> list[AuditRow]:
    """Return what was written down of an act."""
    release()
    return list(db.session.execute(select(AuditRow).where(AuditRow.action == action)).scalars())


def study() -> Study:
    """Return the one study as it stands."""
    release()
    return db.session.execute(select(Study)).scalar_one()


def mrn_of(hospital: Hospital, visit: UUID) -> str:
    """Return the record number of a visit's patient."""
    patient = boards.my_visit(visit, by=None).patient_id
    return boards.patient_record(patient, by=hospital.cast.henry).mrn


def test_what_was_set_aside_is_shown_and_thrown_away_for_a_reason(
    tech: FlaskClient, send: Send, own_var: Path
) -> None:
    assert "empty" in tech.get(QUARANTINE).get_data(as_text=True)
    send({"disc.zip": b"PK\x03\x04" * 100})
    page = tech.get(QUARANTINE).get_data(as_text=True)
    assert "disc.zip" in page
    assert 'data-reason="not-dicom"' in page
    file = refused()
    where = f"{QUARANTINE}/{file.id}/discard"
    assert post(tech, where, where, reason="  ").status_code == 422
    assert list((own_var / "quarantine").iterdir())
    assert post(tech, where, where, reason="환자분 자료가 아님").status_code == 303
    release()
    assert queries.quarantine() == ()
    assert list((own_var / "quarantine").iterdir()) == []
    (row,) = audit_of("imaging:file:discard")
    assert (row.reason, row.role) == ("환자분 자료가 아님", "technician")
    assert tech.get(where).status_code == 404
    assert post(tech, QUARANTINE, where, reason="noch einmal").status_code == 404


def test_a_file_is_taken_after_all_once_its_cause_is_gone(
    tech: FlaskClient, send: Send, own_var: Path
) -> None:
    of = Pictures(patient_id="A1")
    send({"1.dcm": of.file(1)})
    send({"2.dcm": Pictures(patient_id="B2", study=of.study).file(2)})
    again = f"{QUARANTINE}/{refused().id}/again"
    assert post(tech, QUARANTINE, again).status_code == 303
    assert "2.dcm" in tech.get(QUARANTINE).get_data(as_text=True), "the cause is still there"
    only = select(Study)
    transactional(lambda: setattr(db.session.execute(only).scalar_one(), "said_patient_id", "B2"))()
    assert post(tech, QUARANTINE, again).status_code == 303
    release()
    assert queries.quarantine() == ()
    assert queries.status().stored == 2
    assert list((own_var / "quarantine").iterdir()) == []


def test_a_file_that_vanished_from_the_disk_is_said_to_be_gone(
    tech: FlaskClient, send: Send, own_var: Path
) -> None:
    send({"x": b"no picture"})
    for file in (own_var / "quarantine").iterdir():
        file.unlink()
    assert post(tech, QUARANTINE, f"{QUARANTINE}/{refused().id}/again").status_code == 404


def test_a_study_goes_to_the_patient_whose_number_was_compared(
    tech: FlaskClient, send: Send, hospital: Hospital
) -> None:
    send({"1.dcm": Pictures(patient_id="K-77").file(1)})
    visit = hospital.waiting("consult", name="김영상")
    release()
    number = mrn_of(hospital, visit)
    assert "K-77" in tech.get(UNMATCHED).get_data(as_text=True)
    one = f"{UNMATCHED}/{study().public_id}"
    unknown = post(tech, one, one, number="nobody")
    assert "김영상" not in unknown.get_data(as_text=True)
    assert 'id="number-error"' in unknown.get_data(as_text=True)
    assert study().patient_id is None
    page = post(tech, one, one, number=number).get_data(as_text=True)
    assert "김영상" in page
    assert audit_of("web:imaging.unmatched_owner"), "who was looked at is written down"
    patient = boards.my_visit(visit, by=None).patient_id
    assert post(tech, one, f"{one}/link", patient_id=str(patient)).status_code == 303
    assert study().patient_id == patient
    assert tech.get(one).status_code == 404
    assert "K-77" not in tech.get(UNMATCHED).get_data(as_text=True)
    assert post(tech, UNMATCHED, f"{one}/link", patient_id=str(patient)).status_code == 409
    assert [row.patient for row in audit_of("imaging:study:link")] == [patient]


def test_another_patients_order_is_refused(tech: FlaskClient, send: Send, hospital: Hospital) -> None:
    send({"1.dcm": Pictures(patient_id="K-77").file(1)})
    patient = boards.my_visit(hospital.waiting("consult"), by=None).patient_id
    release()
    one = f"{UNMATCHED}/{study().public_id}"
    answer = post(tech, one, f"{one}/link", patient_id=str(patient), order_id=str(uuid4()))
    assert answer.status_code == 422
    assert study().patient_id is None


@pytest.mark.parametrize(("name", "status"), [("grace", 403), ("anne", 403), ("henry", 403), ("eve", 401)])
@pytest.mark.parametrize(
    "page", [QUARANTINE, UNMATCHED, f"{UNMATCHED}/{NOBODYS}", f"{QUARANTINE}/{NOBODYS}/discard"]
)
def test_nobody_else_looks_in(browser_of: BrowserOf, page: str, name: str, status: int) -> None:
    assert browser_of(name).get(page).status_code == status


def test_the_page_says_how_full_the_quarantine_is(tech: FlaskClient, send: Send, own_var: Path) -> None:
    settings.use(settings.current().model_copy(update={"quarantine_mb": 1}))
    send({"1.zip": b"PK1".ljust(600_000, b".")})
    page = tech.get(QUARANTINE).get_data(as_text=True)
    assert 'data-used-bytes="604096"' in page
    assert "banner-danger" not in page
    send({"2.zip": b"PK2".ljust(300_000, b".")})
    assert "banner-danger" in tech.get(QUARANTINE).get_data(as_text=True)
