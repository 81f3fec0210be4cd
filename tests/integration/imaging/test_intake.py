"""What comes in is stored or set aside with a reason; received = stored + quarantined, whatever it was."""

import hashlib
import resource
from collections.abc import Callable
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.accounts.roles import Role
from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import NotAllowedError, TransitionRefusedError
from app.core.outbox import TopicEvent
from app.core.transaction import transactional
from app.emr import services as emr
from app.emr.models import PatientIdentifier
from app.imaging import archive as archives
from app.imaging import queries
from app.imaging import services as imaging
from app.imaging.models import Instance, QuarantinedFile, Study
from app.imaging.part10 import read
from app.imaging.rules import Reason, accession_number
from app.imaging.services import Outcome, Taken
from app.orders import services as orders
from app.orders.services import Wanted
from tests.cast import Cast
from tests.hospital import Hospital
from tests.integration.imaging.pictures import HOSTILE, Pictures, written
from tests.integration.orders.pharmacy import Pharmacy

MOST_MEMORY_KB = 150 * 1024


def take(content: bytes, name: str = "a.dcm") -> Taken:
    return imaging.take(content, name=name, source="test", by=SYSTEM)


def rows() -> tuple[int, int, int]:
    """Return how many studies, instances and refused files there are."""
    return (
        db.session.execute(select(func.count(Study.id))).scalar_one(),
        db.session.execute(select(func.count(Instance.id))).scalar_one(),
        db.session.execute(select(func.count(QuarantinedFile.id))).scalar_one(),
    )


def study(of: Pictures) -> Study:
    return db.session.execute(select(Study).where(Study.study_instance_uid == of.study)).scalar_one()


def kept_aside(var: Path) -> set[str]:
    return {hashlib.sha256(one.read_bytes()).hexdigest() for one in (var / "quarantine").glob("*.bin")}


def test_a_study_comes_in_whole(own_var: Path) -> None:
    of = Pictures(patient_id="nobody's")
    files = [of.file(number) for number in (1, 2, 3)]
    assert [take(one).outcome for one in files] == [Outcome.STORED] * 3
    assert [take(one).outcome for one in files] == [Outcome.REPEATED] * 3
    assert rows() == (1, 3, 0)
    found = study(of)
    assert (found.state, found.modality, found.body_part, found.seq) == ("received", "CT", "HEAD", 3)
    moves = select(TopicEvent.seq).where(TopicEvent.topic == f"study:{found.public_id}")
    assert list(db.session.execute(moves).scalars()) == [1, 2, 3]
    archive = archives.configured()
    assert len(archive.instances_of(of.study, of.series)) == 3
    audited = select(func.count(AuditRow.id)).where(AuditRow.action == "imaging:instance:store")
    assert db.session.execute(audited).scalar_one() == 3


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_cannot_be_taken_is_set_aside_with_a_reason(own_var: Path, kind: str) -> None:
    make, reason = HOSTILE[kind]
    content = make(Pictures())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = take(content, "IM0001")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MEMORY_KB
    assert (taken.outcome, bool(taken.sentence)) == (Outcome.QUARANTINED, True)
    (refused,) = queries.quarantine()
    assert (refused.reason, refused.name, refused.size_bytes) == (reason, "IM0001", len(content))
    assert kept_aside(own_var) == {hashlib.sha256(content).hexdigest()}
    take(content)
    assert rows() == (0, 0, 1)
    assert not list((own_var / "archive").rglob("*.dcm"))


def test_a_slope_of_nought_is_the_models_business(own_var: Path) -> None:
    assert take(Pictures().file(RescaleSlope=0)).outcome is Outcome.STORED


def test_a_document_without_pixels_is_taken(own_var: Path) -> None:
    made = Pictures().dataset(Modality="SR")
    for name in ("PixelData", "Rows", "Columns", "BitsAllocated"):
        delattr(made, name)
    assert take(written(made)).outcome is Outcome.STORED
    assert db.session.execute(select(Instance.pixel_sha256)).scalar_one() is None


def again(of: Pictures, **said: object) -> list[bytes]:
    """Return a file, and one that gives itself the same number."""
    first = of.dataset(1)
    uid = {"SOPInstanceUID": first.SOPInstanceUID}
    return [of.file(1, **uid), of.file(**{"number": 1, **uid, **said})]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"number": 2}, Reason.OTHER_PIXELS),
        ({"SeriesDescription": "corrected"}, Reason.OTHER_HEADER),
        ({"SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.9"}, Reason.OTHER_PLACE),
        ({"PatientID": "somebody else"}, Reason.OTHER_PATIENT),
    ],
    ids=["pixels", "header", "series", "patient"],
)
def test_a_number_given_twice_is_caught(own_var: Path, said: dict[str, object], reason: Reason) -> None:
    first, other = again(Pictures(), **said)
    assert take(first).outcome is Outcome.STORED
    assert take(other).outcome is Outcome.QUARANTINED
    (refused,) = queries.quarantine()
    assert refused.reason == reason
    assert rows() == (1, 1, 1)


def test_an_orthanc_that_drops_other_pixels_in_silence_is_caught(with_orthanc: archives.Orthanc) -> None:
    first, other = again(Pictures(), number=2)
    with_orthanc.store(read(first).at, first)  # somebody else had sent it there
    assert take(other).outcome is Outcome.QUARANTINED
    (refused,) = queries.quarantine()
    assert refused.reason == Reason.OTHER_PIXELS
    assert take(first).outcome is Outcome.STORED
    assert rows() == (1, 1, 1)


def test_a_late_picture_lets_a_study_begin_anew(own_var: Path) -> None:
    of = Pictures()
    take(of.file(1))

    @transactional
    def answered() -> None:
        found = study(of)
        found.state, found.reason = "not_analysable", "one slice"

    answered()
    assert take(of.file(1)).outcome is Outcome.STORED  # another file: it has another number
    assert (study(of).state, study(of).reason) == ("received", None)


@pytest.fixture
def people(own_var: Path, hospital: Hospital) -> dict[str, str]:
    """Give two patients with an order each, by the numbers that pictures would name."""
    pharmacy = Pharmacy(hospital)
    said: dict[str, str] = {}
    for name, mrn in (("김민수", "A100"), ("이지은", "A200")):
        patient = emr.enter_patient(name=name, birth_date=date(1980, 1, 1), phone=None, mrn=mrn, by=SYSTEM)
        order = orders.place(
            patient_id=patient,
            visit_id=uuid4(),
            unit=hospital.ward,
            items=[Wanted("dressing")],
            by=pharmacy.doctor,
        )
        said |= {mrn: str(patient), f"order of {mrn}": accession_number(order.order_id)}

    @transactional
    def known_elsewhere() -> None:
        patient_id = emr.known(UUID(said["A100"])).id
        for system, value in (("urn:clinic", "7"), ("urn:other", "8")):
            db.session.add(
                PatientIdentifier(
                    patient_id=patient_id,
                    kind="hospital",
                    system=system,
                    value=value,
                    created_at=clock.utcnow(),
                )
            )

    known_elsewhere()
    return said


@pytest.mark.parametrize(
    ("number", "issuer", "order", "owner", "unmatched"),
    [
        ("A100", "", "", "A100", None),
        ("A100", "", "order of A100", "A100", None),
        ("A100", "RIS", "order of A100", "A100", None),
        ("A100", "", "RIS-77", "A100", None),
        ("7", "", "", "A100", None),
        ("7", "urn:clinic", "order of A100", "A100", None),
        ("7", "urn:other", "", None, "no-patient"),
        ("", "", "order of A200", "A200", None),
        ("A100", "", "order of A200", None, "two-patients"),
        ("A999", "", "order of A200", None, "no-patient"),
        ("A999", "", "", None, "no-patient"),
        ("", "", "", None, "no-patient"),
        ("한글", "", "한글", None, "no-patient"),
    ],
)
def test_whose_a_study_is(
    people: dict[str, str], number: str, issuer: str, order: str, owner: str | None, unmatched: str | None
) -> None:
    of = Pictures(patient_id=number, accession_number=people.get(order, order))
    made = of.dataset(SpecificCharacterSet="ISO_IR 192")
    if issuer:
        made.IssuerOfPatientID = issuer
    assert take(written(made)).outcome is Outcome.STORED
    found = study(of)
    assert found.patient_id == (UUID(people[owner]) if owner else None)
    assert found.unmatched == unmatched
    has_order = bool(owner) and order.startswith("order of")
    assert (found.order_id is not None, found.visit_id is not None) == (has_order, has_order)


def test_a_person_links_what_nobody_could_be_found_for(people: dict[str, str]) -> None:
    of, technician = Pictures(patient_id="A999"), Actor(kind="staff", role=Role.TECHNICIAN)
    take(of.file())
    (row,) = queries.unmatched_studies()
    linked = imaging.link(row.id, patient_id=UUID(people["A100"]), by=technician)
    assert (study(of).patient_id, study(of).unmatched) == (linked.patient_id, None)
    assert not queries.unmatched_studies()
    with pytest.raises(TransitionRefusedError):
        imaging.link(row.id, patient_id=UUID(people["A200"]), by=technician)
    take(of.file(2))  # a later picture changes nothing of what a person has said
    assert study(of).patient_id == linked.patient_id


@pytest.mark.parametrize("name", ["anne", "chris", "grace", "henry", "kate"])
def test_who_may_not_bring_pictures_in(own_var: Path, cast: Cast, name: str) -> None:
    with pytest.raises(NotAllowedError):
        imaging.take(Pictures().file(), name="x", source="test", by=getattr(cast, name))
    assert rows() == (0, 0, 0)


def test_a_technician_may(own_var: Path) -> None:
    technician = Actor(kind="staff", role=Role.TECHNICIAN)
    taken = imaging.take(Pictures().file(), name="x", source="test", by=technician)
    assert taken.outcome is Outcome.STORED


def test_the_real_head_comes_in(own_var: Path, real_files: Callable[[str], list[Path]]) -> None:
    files = real_files("ct_head_ge")
    taken = list(imaging.ingest(files, source="test", by=SYSTEM))
    assert {one.outcome for one in taken} == {Outcome.STORED}
    assert rows()[1:] == (28, 0)
    assert queries.status().studies[0].instances == 28
