"""Facts for mappers: one visit of the tests' hospital, and what may be changed about it.

`python -m tests.unit.fhir.given` prints the golden file anew; read the difference before you keep it.
"""

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from app.fhir.mappers.appointment import AppointmentFacts, PlannedService, appointment
from app.fhir.mappers.diagnostic_report import ReportFacts, diagnostic_report
from app.fhir.mappers.encounter import VisitFacts, encounter
from app.fhir.mappers.history import Happening, Stay
from app.fhir.mappers.imaging_study import SeriesFacts, StudyFacts, imaging_study
from app.fhir.mappers.location import PointFacts, location
from app.fhir.mappers.naming import Json, Naming
from app.fhir.mappers.observation import ResultFacts, observation
from app.fhir.mappers.order import LineFacts, OrderFacts, order
from app.fhir.mappers.patient import NumberFacts, PatientFacts, patient
from app.fhir.mappers.service_request import StepFacts, service_request
from app.fhir.mappers.task import EntryFacts, task
from app.fhir.rules import BASE
from app.imaging.rules import accession_number
from app.imaging.states import ReportStatus
from app.journey.states import Command, Disposition, State, StepStatus
from app.orders.states import LineStatus, OrderStatus, Priority
from app.queues.states import EntryStatus, PointStatus

GOLDEN = Path(__file__).with_name("golden.ndjson")
NINE: Final = datetime(2027, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Seoul")).astimezone(UTC)


def number(last: int) -> UUID:
    """Return an id that can be read."""
    return UUID(f"00000000-0000-4000-8000-{last:012}")


PATIENT, HEIR, VISIT, BOOKED, STEP, ENTRY, ROOM, LAB = (number(one) for one in range(1, 9))
ORDER, DOCTOR, STUDY, RESULT, REPORT = (number(one) for one in range(9, 14))
# The target calls our doctor so, and knows nobody else.
NAMING: Final = Naming(BASE, ZoneInfo("Asia/Seoul"), {DOCTOR: "d-1"})
UID: Final = "1.2.826.0.1.3680043.8.498.1"


def minute(minutes: float) -> datetime:
    """Return so many minutes after nine."""
    return NINE + timedelta(minutes=minutes)


def a_patient(**changes: Any) -> PatientFacts:
    """Return the facts of a person."""
    found = PatientFacts(
        id=PATIENT,
        seq=3,
        mrn="A123456",
        name="김환자1",
        birth_date=date(1953, 4, 12),
        gender=None,
        is_active=True,
        replaced_by=None,
    )
    return replace(found, **changes)


def an_appointment(**changes: Any) -> AppointmentFacts:
    """Return the facts of a booking of two services, one of them offered no more."""
    found = AppointmentFacts(
        id=BOOKED,
        seq=1,
        patient_id=PATIENT,
        starts_at=NINE,
        status="booked",
        planned=(PlannedService("lab", "채혈", 300), PlannedService("consult")),
    )
    return replace(found, **changes)


def a_point(**changes: Any) -> PointFacts:
    """Return the facts of a room."""
    found = PointFacts(
        id=ROOM, seq=2, name="1번 진료실", name_en="Room 1", place="2f-demo-1", status=PointStatus.OPEN
    )
    return replace(found, **changes)


def a_step(**changes: Any) -> StepFacts:
    """Return the facts of a planned service."""
    found = StepFacts(
        id=STEP,
        seq=1,
        patient_id=PATIENT,
        visit_id=VISIT,
        visit_disposition=None,
        status=StepStatus.PLANNED,
        service_code="consult",
        service_name="내과 진료",
        order_ref=None,
    )
    return replace(found, **changes)


def an_order(**changes: Any) -> OrderFacts:
    """Return the facts of an order of a blood count and a box of tablets."""
    found = OrderFacts(
        id=ORDER,
        seq=2,
        patient_id=PATIENT,
        visit_id=VISIT,
        visit_disposition=None,
        status=OrderStatus.ACTIVE,
        priority=Priority.URGENT,
        ordered_by=DOCTOR,
        note="식후 복용",
        created_at=minute(3),
        lines=(
            a_line(),
            a_line(item_code="amoxicillin", item_name="아목시실린", category="medication", quantity=6),
        ),
    )
    return replace(found, **changes)


def a_line(**changes: Any) -> LineFacts:
    """Return the facts of one item of an order."""
    found = LineFacts(
        item_code="cbc", item_name="일반혈액검사", category="lab", quantity=1, status=LineStatus.ACTIVE
    )
    return replace(found, **changes)


def an_entry(**changes: Any) -> EntryFacts:
    """Return the facts of a stay in a line."""
    found = EntryFacts(
        id=ENTRY,
        seq=4,
        patient_id=PATIENT,
        visit_id=VISIT,
        step_id=STEP,
        point_id=None,
        queue_code="consult",
        business_date=date(2027, 3, 2),
        number=17,
        status=EntryStatus.WAITING,
        priority_class=0,
        joined_at=minute(2),
        started_at=None,
        ended_at=None,
        ended_reason=None,
        modified_at=minute(2),
    )
    return replace(found, **changes)


def a_study(**changes: Any) -> StudyFacts:
    """Return the facts of a head CT of two series, taken for an order."""
    found = StudyFacts(
        id=STUDY,
        seq=5,
        uid=UID,
        patient_id=PATIENT,
        visit_id=VISIT,
        order_id=ORDER,
        accession_number=accession_number(ORDER),
        description="두부 CT",
        study_date=date(2027, 3, 2),
        series=(a_series(), a_series(uid=f"{UID}.2", number=2, modality="SR", description="", instances=1)),
    )
    return replace(found, **changes)


def a_series(**changes: Any) -> SeriesFacts:
    """Return the facts of a run of pictures."""
    found = SeriesFacts(uid=f"{UID}.1", number=1, modality="CT", description="5 mm", instances=28)
    return replace(found, **changes)


def a_result(**changes: Any) -> ResultFacts:
    """Return the facts of what a model measured."""
    found = ResultFacts(
        id=RESULT,
        seq=1,
        study_id=STUDY,
        patient_id=PATIENT,
        visit_id=VISIT,
        study_date=date(2027, 3, 2),
        holds=True,
        measures=(
            {"name": "brain-volume", "value": 1311.4, "unit": "mL"},
            {"name": "brain-mean", "value": 31, "unit": "[hnsf'U]"},
        ),
        refusal=None,
        model_id="head-ct",
        model_version="1.0.0",
        model_sha256="ab" * 32,
        at=minute(20),
    )
    return replace(found, **changes)


def a_report(**changes: Any) -> ReportFacts:
    """Return the facts of a report that a doctor has signed."""
    found = ReportFacts(
        id=REPORT,
        seq=2,
        study_id=STUDY,
        patient_id=PATIENT,
        visit_id=VISIT,
        order_id=ORDER,
        study_date=date(2027, 3, 2),
        description="두부 CT",
        status=ReportStatus.FINAL,
        text="소견: 급성 출혈 없음.\n\n결론: 정상.",
        signed_by=DOCTOR,
        signed_by_name="김의사",
        signed_at=minute(30),
        results=(RESULT,),
    )
    return replace(found, **changes)


def a_visit(**changes: Any) -> VisitFacts:
    """Return the facts of a visit that is expected at nine."""
    found = VisitFacts(
        id=VISIT,
        seq=1,
        patient_id=PATIENT,
        appointment_id=BOOKED,
        state=State.UNREGISTERED,
        disposition=None,
        business_date=date(2027, 3, 2),
        day_number=None,
        site="annae",
        site_name="안내병원",
        expected_at=NINE,
        arrived_at=None,
        closed_at=None,
        lines=(),
        stays=(),
    )
    return replace(found, **changes)


# The whole way through two rooms, a line of history a minute; two lines of one command share its number.
WALK: Final[tuple[tuple[Command, int, State], ...]] = (
    (Command.ARRIVE, 1, State.ARRIVED),
    (Command.REGISTER, 2, State.REGISTERED),
    (Command.JOIN, 2, State.WAITING),
    (Command.CALL, 3, State.CALLED),
    (Command.START, 4, State.ONGOING),
    (Command.COMPLETE, 5, State.COMPLETED),
    (Command.JOIN, 5, State.WAITING),
    (Command.CALL, 6, State.CALLED),
    (Command.START, 7, State.ONGOING),
    (Command.COMPLETE, 8, State.COMPLETED),
    (Command.COMPLETE, 8, State.PAYMENT),
    (Command.PAY, 9, State.FINISHED),
)


def lines(*walk: tuple[Command, int, State]) -> tuple[Happening, ...]:
    """Return a history, each line a minute after the one before."""
    return tuple(
        Happening(command, number(100 + which), state, minute(position))
        for position, (command, which, state) in enumerate(walk, start=1)
    )


def walked(steps: int, *more: tuple[Command, int, State], **changes: Any) -> VisitFacts:
    """Return the visit after so many lines of the walk, and some others."""
    history = lines(*WALK[:steps], *more)
    state = history[-1].to_state if history else State.UNREGISTERED
    is_over = state == State.FINISHED
    found = a_visit(
        seq=len(history) + 1,
        state=state,
        disposition=Disposition.COMPLETED if is_over else None,
        day_number=17 if history else None,
        arrived_at=minute(1) if history else None,
        closed_at=history[-1].at if is_over else None,
        lines=history,
        stays=_stays(steps),
    )
    return replace(found, **changes)


def _stays(steps: int) -> tuple[Stay, ...]:
    found = list[Stay]()
    for room, called, started, done in ((LAB, 4, 5, 6), (ROOM, 8, 9, 10)):
        if steps >= started:
            found.append(Stay(room, minute(started), minute(done) if steps >= done else None))
        elif steps >= called:
            found.append(Stay(room, minute(called), is_called=True))
    return tuple(found)


def golden() -> list[Json]:
    """Return one resource of each kind and state, as the mappers make them."""
    return [
        patient(a_patient(), NAMING),
        patient(a_patient(gender="female", is_active=False, replaced_by=HEIR), NAMING),
        patient(
            a_patient(
                numbers=(
                    NumberFacts(kind="hospital", system="한빛병원", value="H-77"),
                    NumberFacts(kind="insurance", system="insurance", value="12345678901"),
                    NumberFacts(kind="previous", system="previous", value="0001"),
                    NumberFacts(kind="other", system="urn:oid:1.2.3", value="X"),
                )
            ),
            NAMING,
        ),
        appointment(an_appointment(), NAMING),
        *(encounter(walked(steps), NAMING) for steps in range(len(WALK) + 1)),
        *(task(an_entry(status=status), NAMING) for status in EntryStatus),
        task(
            an_entry(
                point_id=ROOM,
                status=EntryStatus.DONE,
                started_at=minute(9),
                ended_at=minute(10),
                priority_class=2,
                served_by=DOCTOR,
            ),
            NAMING,
        ),
        *(service_request(a_step(status=status), NAMING) for status in StepStatus),
        service_request(a_step(order_ref=number(9)), NAMING),
        *(order(an_order(status=status), NAMING) for status in OrderStatus),
        order(an_order(visit_id=None, ordered_by=None, note="", lines=(a_line(),)), NAMING),
        *(location(a_point(status=status), NAMING) for status in PointStatus),
        order(
            an_order(lines=(a_line(item_code="head-ct", item_name="두부 CT", category="imaging"),)), NAMING
        ),
        imaging_study(a_study(), NAMING),
        imaging_study(
            a_study(visit_id=None, order_id=None, accession_number="RIS 7", description="", study_date=None),
            NAMING,
        ),
        observation(a_result(), NAMING),
        observation(a_result(measures=(), refusal="not-head"), NAMING),
        observation(a_result(holds=False), NAMING),
        *(diagnostic_report(a_report(status=status), NAMING) for status in ReportStatus),
        diagnostic_report(
            a_report(visit_id=None, order_id=None, study_date=None, signed_by=None, results=()), NAMING
        ),
    ]


def main() -> None:
    """Print the golden file."""
    for one in golden():
        sys.stdout.buffer.write(orjson.dumps(one) + b"\n")


if __name__ == "__main__":
    main()
