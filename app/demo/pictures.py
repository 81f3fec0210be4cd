"""Pictures for two people: heads that are nobody's, made by arithmetic, with lesions of known volume.

One is ordered by a doctor of the play, so that its number leads to the order and the visit; the other was brought along
from elsewhere, by somebody reserved, and names no order.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Final
from uuid import UUID

from app import settings
from app.boards.queries.study_lists import seen_studies
from app.core import clock
from app.core.actor import SYSTEM
from app.demo import booking, hospital, staff
from app.demo.catalogue import DAY_DESK, DOCTORS
from app.demo.orderable import HEAD_CT
from app.demo.people import Kind, Person, person
from app.demo.scene import Cast
from app.emr import queries as emr
from app.imaging import archive
from app.imaging import services as imaging
from app.imaging.rules import accession_number
from app.journey import queries as journeys
from app.journey import services as journey
from app.orders import queries as orders
from app.orders.rules import Wanted

SOURCE: Final = "demo"
RADIOLOGIST: Final = "demo-radiology"  # who sees every study, so that what is there is found
CLINIC: Final = "internal"
QUESTION: Final = "갑자기 시작된 두통, 출혈 여부 확인"
GAPS_MM: Final = (6.5,) * 19
# The same arguments give the same files, so whatever stopped a load, the next one goes on.
TAKEN_AT: Final = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One head: by which luck, how large its lesion is, on which side, and how far it pushes."""

    seed: int
    lesion_ml: float
    place: str
    shift_mm: float = 0.0


ORDERED: Final = Head(seed=3, lesion_ml=40.0, place="right_deep", shift_mm=6.0)
BROUGHT: Final = Head(seed=2, lesion_ml=8.0, place="left_front")


def take_in() -> None:
    """Put what is missing into the embedded archive; a second each, three statements each where all is there."""
    if archive.configured().is_outside:
        return  # a hospital's archive is no place for a play
    seed = settings.current().demo_seed
    patient, brought_by = person(Kind.TOWN, 0, seed), person(Kind.RESERVED, 1, seed)
    pictures, accession = _held(patient)
    if pictures <= len(GAPS_MM):
        _take_in(ORDERED, patient, accession or _ordered(patient))
    if emr.patients_by_mrn([brought_by.mrn]) and _held(brought_by)[0] <= len(GAPS_MM):
        _take_in(BROUGHT, brought_by, "")


def _held(one: Person) -> tuple[int, str]:
    """Return how many pictures of somebody's last study are there, and the number of the order that they name."""
    there = seen_studies(patient_number=one.mrn, limit=1, by=staff.cast()[RADIOLOGIST]).studies
    return (there[0].instances, there[0].accession_number) if there else (0, "")


def _ordered(one: Person) -> str:
    """Return the number of the head CT that the clinic's doctor has ordered, or orders now."""
    staff.open_day_staff()
    cast = staff.cast()
    doctor, visit_id = cast[DOCTORS[CLINIC]], _visit(one, cast)
    for order in orders.orders_of_visit(visit_id, by=doctor).orders:
        if any(line.code == HEAD_CT for line in order.lines):
            return accession_number(order.order_id)
    placed = journey.place_order(
        visit_id, items=[Wanted(HEAD_CT)], priority="urgent", note=QUESTION, by=doctor
    )
    return accession_number(placed.order_id)


def _visit(one: Person, cast: Cast) -> UUID:
    """Return somebody's visit of today, begun at the desk where there is none."""
    for visit in journeys.visits_under_way({clock.today()}):
        if visit.mrn == one.mrn:
            return visit.visit_id
    visit_id = booking.walk_in(one, (CLINIC,), by=cast[DAY_DESK])
    come = journey.arrive(visit_id, place=hospital.RECEPTION, by=cast[DAY_DESK])
    journey.register(visit_id, version=come.visit_version, by=cast[DAY_DESK])
    return visit_id


def _take_in(head: Head, one: Person, accession: str) -> None:
    from app.demo import head_ct  # noqa: PLC0415 - numpy and pydicom, for the first start alone

    slices = head_ct.phantom_study(
        head.seed,
        head.lesion_ml,
        place=head.place,
        gaps_mm=GAPS_MM,
        shift_mm=head.shift_mm,
        person=head_ct.Person(
            patient_id=one.mrn, name=one.name, birth_date=one.birth_date.strftime("%Y%m%d")
        ),
        accession_number=accession,
        at=TAKEN_AT,
    )
    for one_slice in slices:
        file = BytesIO()
        one_slice.save_as(file, enforce_file_format=True)
        imaging.take(file.getvalue(), name=f"{one_slice.InstanceNumber}.dcm", source=SOURCE, by=SYSTEM)
