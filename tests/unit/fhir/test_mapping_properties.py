"""Whatever the facts are, what is made of them is valid R4, and tells no more than the facts."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.fhir.mappers.appointment import AppointmentFacts, PlannedService, appointment
from app.fhir.mappers.checking import issues_of, told
from app.fhir.mappers.encounter import VisitFacts, encounter
from app.fhir.mappers.history import Happening, Stay
from app.fhir.mappers.location import PointFacts, location
from app.fhir.mappers.order import LineFacts, OrderFacts, order
from app.fhir.mappers.patient import NumberFacts, PatientFacts, patient
from app.fhir.mappers.service_request import StepFacts, service_request
from app.fhir.mappers.task import EntryFacts, task
from app.journey.states import Command, Disposition, State, StepStatus
from app.orders.rules import Category
from app.orders.states import LineStatus, OrderStatus, Priority
from app.queues.states import EntryStatus, PointStatus, PriorityClass
from tests.examples import up_to
from tests.services.fhir import FhirServer
from tests.unit.fhir.given import NAMING, NINE, PATIENT, VISIT

Json = dict[str, Any]
RANK = {"planned": 0, "arrived": 1, "in-progress": 2, "finished": 3, "cancelled": 3, "entered-in-error": 4}
# Where the journey can go without an undo: forward, and round again from a room to the next.
ONWARD = {
    State.UNREGISTERED: (State.ARRIVED, State.FINISHED),
    State.ARRIVED: (State.REGISTERED, State.FINISHED),
    State.REGISTERED: (State.WAITING, State.PAYMENT, State.FINISHED),
    State.WAITING: (State.WAITING, State.CALLED, State.ONGOING, State.PAYMENT, State.FINISHED),
    State.CALLED: (State.CALLED, State.WAITING, State.ONGOING, State.FINISHED),
    State.ONGOING: (State.COMPLETED, State.WAITING, State.FINISHED),
    State.COMPLETED: (State.WAITING, State.PAYMENT),
    State.PAYMENT: (State.WAITING, State.FINISHED),
    State.FINISHED: (),
}

seqs = st.integers(0, 2**31 - 1)  # FHIR's integer
moments = st.integers(-100_000, 100_000_000).map(lambda ms: NINE + timedelta(milliseconds=ms))
# As somebody could type or paste it: wide spaces, byte order marks, control characters; but not nothing.
words = st.text(max_size=40).map("김{}".format)
codes = st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True)
ids = st.uuids(version=4)
stays = st.builds(Stay, ids, moments, st.none() | moments, st.booleans())
happenings = st.builds(
    Happening,
    st.sampled_from(Command).map(str),
    ids,
    st.sampled_from(State).map(str),
    moments,
    st.none() | stays,
)
patients = st.builds(
    PatientFacts,
    id=ids,
    seq=seqs,
    mrn=codes,
    name=words,
    birth_date=st.dates(date(1900, 1, 1), date(2027, 3, 2)),
    gender=st.sampled_from([None, "male", "female", "other", "unknown"]),
    is_active=st.booleans(),
    replaced_by=st.none() | ids,
    numbers=st.lists(
        st.builds(
            NumberFacts,
            kind=st.sampled_from(["hospital", "insurance", "previous", "other"]),
            system=words | st.sampled_from(["urn:oid:1.2.3", "insurance", "previous"]),
            value=codes,
        ),
        max_size=3,
    ).map(tuple),
)
appointments = st.builds(
    AppointmentFacts,
    id=ids,
    seq=seqs,
    patient_id=ids,
    starts_at=moments,
    status=st.sampled_from(["booked", "arrived", "checked-in", "fulfilled", "cancelled", "noshow"]),
    planned=st.lists(
        st.builds(PlannedService, codes, st.none() | words, st.integers(0, 90_000)), max_size=4
    ).map(tuple),
)
points = st.builds(
    PointFacts,
    id=ids,
    seq=seqs,
    name=words,
    name_en=words,
    place=codes,
    status=st.sampled_from(PointStatus).map(str),
)
steps = st.builds(
    StepFacts,
    id=ids,
    seq=seqs,
    patient_id=ids,
    visit_id=ids,
    visit_disposition=st.none() | st.sampled_from(Disposition).map(str),
    status=st.sampled_from(StepStatus).map(str),
    service_code=codes,
    service_name=words,
    order_ref=st.none() | ids,
)
entries = st.builds(
    EntryFacts,
    id=ids,
    seq=seqs,
    patient_id=ids,
    visit_id=ids,
    step_id=ids,
    point_id=st.none() | ids,
    queue_code=codes,
    business_date=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    number=st.integers(1, 99_999),
    status=st.sampled_from(EntryStatus).map(str),
    priority_class=st.sampled_from(PriorityClass).map(int),
    joined_at=moments,
    started_at=st.none() | moments,
    ended_at=st.none() | moments,
    ended_reason=st.none() | codes,
    modified_at=moments,
    served_by=st.none() | ids,
)
orders = st.builds(
    OrderFacts,
    id=ids,
    seq=seqs,
    patient_id=ids,
    visit_id=st.none() | ids,
    visit_disposition=st.none() | st.sampled_from(Disposition).map(str),
    status=st.sampled_from(OrderStatus).map(str),
    priority=st.sampled_from(Priority).map(str),
    ordered_by=st.none() | ids,
    note=st.text(max_size=40),
    created_at=moments,
    lines=st.lists(
        st.builds(
            LineFacts,
            item_code=codes,
            item_name=words,
            category=st.sampled_from(Category).map(str),
            quantity=st.integers(1, 10_000),
            status=st.sampled_from(LineStatus).map(str),
        ),
        max_size=4,
    ).map(tuple),
)


@st.composite
def visits(draw: st.DrawFn) -> VisitFacts:
    """Draw a visit whose history may be any: what is written there must never make an invalid resource."""
    state = draw(st.sampled_from(State))
    is_over = state is State.FINISHED
    return VisitFacts(
        id=draw(ids),
        seq=draw(seqs),
        patient_id=draw(ids),
        appointment_id=draw(st.none() | ids),
        state=str(state),
        disposition=str(draw(st.sampled_from(Disposition))) if is_over else None,
        business_date=date(2027, 3, 2),
        day_number=draw(st.none() | st.integers(1, 99_999)),
        site=draw(codes),
        site_name=draw(st.none() | words),
        expected_at=draw(st.none() | moments),
        arrived_at=draw(st.none() | moments),
        closed_at=draw(moments if is_over else st.none() | moments),
        lines=tuple(draw(st.lists(happenings, max_size=12))),
        stays=tuple(draw(st.lists(stays, max_size=4))),
    )


@st.composite
def courses(draw: st.DrawFn) -> tuple[Happening, ...]:
    """Draw a history that the journey could have, mistakes and their undoing too."""
    lines, at, now = list[Happening](), NINE, State.UNREGISTERED
    for _ in range(draw(st.integers(0, 25))):
        if not ONWARD[now]:
            break
        at += timedelta(seconds=draw(st.integers(0, 900)))
        then = draw(st.sampled_from(ONWARD[now]))
        lines.append(Happening(str(Command.CALL), draw(ids), str(then), at))
        if draw(st.integers(0, 5)) == 0:
            lines.append(Happening(str(Command.UNDO), draw(ids), str(now), at))
        else:
            now = then
    return tuple(lines)


anything = st.one_of(
    patients.map(lambda facts: patient(facts, NAMING)),
    appointments.map(lambda facts: appointment(facts, NAMING)),
    points.map(lambda facts: location(facts, NAMING)),
    steps.map(lambda facts: service_request(facts, NAMING)),
    entries.map(lambda facts: task(facts, NAMING)),
    orders.map(lambda facts: order(facts, NAMING)),
    visits().map(lambda facts: encounter(facts, NAMING)),
)


@settings(max_examples=up_to(300), deadline=None)
@given(anything)
def test_whatever_is_mapped_is_valid_and_travels_unchanged(resource: Json) -> None:
    assert not told(issues_of(resource))
    assert json.loads(orjson.dumps(resource)) == resource


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(anything, min_size=1, max_size=10))
def test_an_independent_validator_says_so_too(fhir_server: FhirServer, resources: list[Json]) -> None:
    assert not [issues for issues in fhir_server.validate(resources) if issues]


@settings(max_examples=up_to(300), deadline=None)
@given(courses(), st.none() | moments)
def test_no_course_of_a_visit_ever_goes_back(
    lines: tuple[Happening, ...], expected_at: datetime | None
) -> None:
    is_over = bool(lines) and lines[-1].to_state == State.FINISHED
    facts = VisitFacts(
        id=VISIT,
        seq=1,
        patient_id=PATIENT,
        appointment_id=None,
        state=lines[-1].to_state if lines else str(State.UNREGISTERED),
        disposition=str(Disposition.LWBS) if is_over else None,
        business_date=date(2027, 3, 2),
        day_number=1,
        site="annae",
        site_name=None,
        expected_at=expected_at,
        arrived_at=lines[0].at if lines else None,
        closed_at=lines[-1].at if is_over else None,
        lines=lines,
        stays=(),
    )
    said = encounter(facts, NAMING)
    stages = [RANK[stage["status"]] for stage in said.get("statusHistory", [])]
    assert stages == sorted(set(stages))
    assert not stages or stages[-1] == RANK[said["status"]]
