"""What leaves the house, rendered from real rows at every step of a visit, and judged by somebody else."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import settings
from app.core import relay
from app.core.db import Identified, db
from app.core.errors import TransitionRefusedError
from app.core.relay import Consumer, Delivered, Outcome, Parcel, Refused, Rendered, Skipped, Wanted
from app.core.relay.engine import _one_snapshot
from app.core.transaction import release, transactional
from app.emr.models import Appointment, Patient
from app.fhir.mappers.task import EntryFacts
from app.fhir.queries.facts import facts_of
from app.fhir.relay.rendering import INVALID, render
from app.fhir.rules import TYPES, Kind
from app.imaging.models import InferenceResult, Report, Study
from app.journey.models import Visit, VisitStep
from app.journey.states import Command, State, may_start
from app.orders import services as orders
from app.orders.models import ServiceOrder
from app.queues import services as queues
from app.queues.models import QueueEntry, ServicePoint
from app.queues.states import PointStatus
from tests.hospital import Hospital
from tests.integration.fhir.radiology import Radiology
from tests.integration.journey.scenes import PATHS, SCENES, Stage
from tests.integration.orders.ward import Ward
from tests.integration.waits.desk import statements
from tests.services.fhir import FhirServer

Json = dict[str, Any]
MOST_STATEMENTS = 19
# Render for a target that knows all our staff, by our ids.
all_known = partial(render, staff_at=lambda ids: {one: str(one) for one in ids})
THROUGH_TWO_ROOMS = (
    (Command.ARRIVE, "arrived", "arrived"),
    (Command.REGISTER, "arrived", "checked-in"),
    (Command.CALL, "arrived", "checked-in"),
    (Command.MISS, "arrived", "checked-in"),
    (Command.RE_ENTER, "arrived", "checked-in"),
    (Command.CALL, "arrived", "checked-in"),
    (Command.START, "in-progress", "fulfilled"),
    (Command.UNDO, "arrived", "checked-in"),
    (Command.START, "in-progress", "fulfilled"),
    (Command.PAUSE, "in-progress", "fulfilled"),
    (Command.RESUME, "in-progress", "fulfilled"),
    (Command.START_DIRECT, "in-progress", "fulfilled"),
    (Command.COMPLETE, "in-progress", "fulfilled"),
    (Command.PRIORITY, "in-progress", "fulfilled"),
    (Command.CALL, "in-progress", "fulfilled"),
    (Command.TRANSFER, "in-progress", "fulfilled"),
    (Command.CALL, "in-progress", "fulfilled"),
    (Command.START, "in-progress", "fulfilled"),
    (Command.COMPLETE, "in-progress", "fulfilled"),
    (Command.PAY, "finished", "fulfilled"),
)


@dataclass
class Emr:
    """The outside: what arrived last of each resource, and all that ever did."""

    last: dict[str, Json] = field(default_factory=dict)
    all: list[Json] = field(default_factory=list)

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Take a bundle."""
        for parcel in parcels:
            resource: Json = json.loads(parcel.payload)
            assert resource["extension"][0]["valueInteger"] == parcel.seq
            self.last[f"{resource['resourceType']}/{resource['id']}"] = resource
            self.all.append(resource)
        return [Delivered() for _ in parcels]

    def hear(self) -> None:
        """Let everything that is promised arrive."""
        consumer = relay.find("fhir:test")
        assert consumer is not None
        relay.deliver_due(consumer)

    def of(self, resource_type: str) -> list[Json]:
        """Return what arrived last of a type."""
        return [one for one in self.last.values() if one["resourceType"] == resource_type]

    def one(self, resource_type: str) -> Json:
        """Return the only one of its type."""
        (found,) = self.of(resource_type)
        return found


@pytest.fixture
def emr(app: Flask) -> Iterator[Emr]:
    """Let an EMR take all that is promised, from now on."""
    yield from _listening()


@pytest.fixture
def quick_emr(sqlite_app: Flask) -> Iterator[Emr]:
    """Give the EMR on SQLite alone."""
    yield from _listening()


def _listening() -> Iterator[Emr]:
    outside = Emr()
    relay.register(
        Consumer(
            name="fhir:test",
            kinds=frozenset(map(str, Kind)),
            mode="snapshot",
            render=all_known,
            deliver=outside.deliver,
            bundle=50,
            claim_rows=100,
        )
    )
    yield outside
    relay.clear()


@pytest.fixture
def stage(app: Flask, hospital: Hospital) -> Stage:
    """Give the hospital with a hand for every command, on each database."""
    return Stage(hospital)


@pytest.fixture
def quick(sqlite_app: Flask, hospital: Hospital) -> Stage:
    """Give the stage on SQLite alone."""
    return Stage(hospital)


@pytest.fixture
def ward(app: Flask, hospital: Hospital) -> Ward:
    """Give the stage with a pharmacy, on each database."""
    return Ward(hospital)


@pytest.fixture
def quick_ward(sqlite_app: Flask, hospital: Hospital) -> Ward:
    """Give the ward on SQLite alone."""
    return Ward(hospital)


def everything() -> list[Wanted]:
    """Return all that could be wanted."""
    release()
    models: dict[Kind, type[Identified]] = {
        Kind.POINT: ServicePoint,
        Kind.PATIENT: Patient,
        Kind.APPOINTMENT: Appointment,
        Kind.VISIT: Visit,
        Kind.ORDER: ServiceOrder,
        Kind.STEP: VisitStep,
        Kind.ENTRY: QueueEntry,
        Kind.STUDY: Study,
        Kind.RESULT: InferenceResult,
        Kind.REPORT: Report,
    }
    return [
        Wanted(str(kind), public_id)
        for kind, model in models.items()
        for public_id in db.session.execute(select(model.public_id)).scalars()
    ]


def pictured(ward: Ward, visit: UUID, archive: Path) -> None:
    """Let a visit's order be carried out, measured and reported, twice."""
    settings.use(settings.current().model_copy(update={"var_dir": archive}))
    radiology = Radiology(ward)
    for _ in range(2):
        order = ward.order(visit, "head-ct").order_id
        study = radiology.come_in(radiology.pictures(order))
        radiology.measured(study)
        radiology.signed(study, "소견")


def rendered() -> list[Json]:
    """Return all resources of the house, every one of which must be valid."""
    found = all_known(everything())
    release()
    refused = [one.reason for one in found.values() if isinstance(one, Refused)]
    assert not refused
    return [json.loads(one.payload) for one in found.values() if isinstance(one, Rendered)]


def without_version(resource: Json) -> Json:
    """Return a resource without what only counts its changes."""
    return {
        **{name: value for name, value in resource.items() if name != "lastModified"},
        "extension": resource["extension"][1:],
    }


def by_id(resources: list[Json]) -> dict[str, Json]:
    """Return what resources say, but for the number that an undone arrival leaves given."""
    return {one["id"]: {**without_version(one), "identifier": one["identifier"][:1]} for one in resources}


def test_a_whole_visit_arrives_step_by_step(stage: Stage, emr: Emr, fhir_server: FhirServer) -> None:
    visit = stage.hospital.expect("lab", "consult", name="김환자")
    emr.hear()
    assert emr.one("Encounter")["status"] == "planned"
    assert emr.one("Appointment")["status"] == "booked"
    assert emr.one("Patient")["name"][0]["text"] == "김환자"
    assert [one["status"] for one in emr.of("ServiceRequest")] == ["active", "active"]
    for command, encounter, appointment in THROUGH_TWO_ROOMS:
        stage.give(command, visit)
        emr.hear()
        said = emr.one("Encounter")
        assert (command, said["status"]) == (command, encounter)
        assert (command, emr.one("Appointment")["status"]) == (command, appointment)
        release()
        assert [without_version(one) for one in rendered() if one["resourceType"] == "Encounter"] == [
            without_version(said)
        ]
    assert [one["status"] for one in emr.one("Encounter")["statusHistory"]] == [
        "planned",
        "arrived",
        "in-progress",
        "finished",
    ]
    assert (
        len(emr.one("Encounter")["location"]) == 3
    )  # the laboratory twice, for a pause; and the doctor's room
    assert sorted(one["status"] for one in emr.of("Task")) == ["cancelled", "completed", "completed"]
    assert [one["status"] for one in emr.of("ServiceRequest")] == ["completed", "completed"]
    assert not [issues for issues in fhir_server.validate(emr.all) if issues]


@pytest.mark.parametrize("scene", PATHS)
def test_every_command_from_every_scene_is_valid_and_undo_unsays_it(
    quick: Stage, scene: str, quick_emr: Emr, fhir_server: FhirServer
) -> None:
    told: list[Json] = []
    for command in Command:
        if command is Command.UNDO or not may_start(command, *SCENES[scene]):
            continue
        visit = quick.bring(scene)
        before = by_id(rendered())
        try:
            quick.give(command, visit)
        except TransitionRefusedError:
            assert by_id(rendered()) == before, command
            continue
        told += rendered()
        quick.give(Command.UNDO, visit)
        after = by_id(rendered())
        assert {one: after[one] for one in before} == before, command
    quick_emr.hear()
    assert not [issues for issues in fhir_server.validate(told + quick_emr.all) if issues]


def test_a_claim_costs_nineteen_statements_however_many(ward: Ward, tmp_path: Path) -> None:
    visits = [ward.bring("inside") for _ in range(6)]
    for visit in visits:
        ward.order(visit, "cbc", "dressing")
    ward.give(Command.PAUSE, visits[0])
    pictured(ward, visits[0], tmp_path)
    wanted = everything()
    assert len(wanted) >= 30
    one_each = list({one.kind: one for one in wanted if one.aggregate_id != visits[0]}.values())
    assert len(one_each) == len(Kind)
    for claim, most in ((wanted, MOST_STATEMENTS), (one_each, MOST_STATEMENTS - 1)):
        release()
        with statements() as seen:
            found = all_known(claim)
        assert len(found) == len(claim)
        assert len(seen) == most


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("point", 1),
        ("patient", 2),
        ("appointment", 2),
        ("visit", 3),
        ("order", 2),
        ("step", 1),
        ("entry", 2),
        ("study", 2),
        ("result", 1),
        ("report", 2),
    ],
)
def test_a_claim_of_one_kind_asks_for_that_kind(
    quick_ward: Ward, kind: str, most: int, tmp_path: Path
) -> None:
    visit = quick_ward.bring("inside")
    quick_ward.order(visit, "cbc")
    pictured(quick_ward, visit, tmp_path)
    wanted = [one for one in everything() if one.kind == kind]
    release()
    with statements() as seen:
        assert all(isinstance(one, Rendered) for one in all_known(wanted).values())
    assert len(seen) == most


def test_what_is_gone_is_skipped_and_the_others_are_rendered(stage: Stage) -> None:
    stage.bring("waiting")
    gone = [Wanted(str(kind), uuid4()) for kind in Kind]
    here = everything()
    found = all_known([*gone, *here])
    assert [found[one] for one in gone] == [Skipped("gone")] * len(gone)
    assert all(isinstance(found[one], Rendered) for one in here)


@transactional
def rename(visit_id: UUID, name: str) -> None:
    """Give a visit's patient a name that no desk would take."""
    patient = select(Visit.patient_id).where(Visit.public_id == visit_id).scalar_subquery()
    db.session.execute(update(Patient).where(Patient.id == patient).values(name=name))


def test_what_is_no_fhir_is_refused_by_rule_and_place_and_stops_nobody(stage: Stage) -> None:
    stage.bring("waiting")
    rename(stage.bring("waiting"), "\ufeff")
    wanted = [one for one in everything() if one.kind == Kind.PATIENT]
    found = [one for one in all_known(wanted).values() if not isinstance(one, Rendered)]
    assert found == [Refused(f"{INVALID} | string_pattern_mismatch at Patient.name.0.text")]
    assert len(wanted) == 2


def test_a_voided_visit_was_never_care(quick: Stage, quick_emr: Emr) -> None:
    visit = quick.bring("inside")
    quick.give(Command.VOID, visit)
    quick_emr.hear()
    assert {
        one["status"] for kind in ("Encounter", "Task", "ServiceRequest") for one in quick_emr.of(kind)
    } == {"entered-in-error"}
    assert "location" not in quick_emr.one("Encounter")


def test_an_order_is_told_from_draft_to_done_with_every_change_of_its_lines(
    ward: Ward, emr: Emr, fhir_server: FhirServer
) -> None:
    ward.fill("amoxicillin", 9)
    placed = ward.order(ward.bring("paying"), "dressing", orders.Wanted("amoxicillin", 2), is_draft=True)
    order, line = placed.order_id, ward.see(placed.order_id).lines[0].line_id

    def told() -> tuple[str, list[tuple[int, str]], int]:
        emr.hear()
        said = emr.last[f"ServiceRequest/{order}"]
        lines = [
            (one["extension"][0]["valueInteger"], one["extension"][1]["valueCode"])
            for one in said["orderDetail"]
        ]
        return said["status"], lines, said["extension"][0]["valueInteger"]

    assert told() == ("draft", [(1, "active"), (2, "active")], 1)
    assert emr.last[f"ServiceRequest/{order}"]["requester"]["reference"] == f"Practitioner/{ward.doctor.id}"
    release()
    orders.change(order, version=1, quantities={line: 3}, by=ward.doctor)
    assert told() == ("draft", [(3, "active"), (2, "active")], 2)
    orders.activate(order, version=2, by=ward.doctor)
    assert told()[0] == "active"
    orders.hold_order(order, version=3, reason="금식 확인", by=ward.doctor)
    assert told()[0] == "on-hold"
    orders.resume(order, version=4, by=ward.doctor)
    orders.complete_line(order, line, version=5, by=ward.pharmacist)
    assert told() == ("active", [(3, "completed"), (2, "active")], 6)
    orders.complete(order, version=6, by=ward.pharmacist)
    assert told() == ("completed", [(3, "completed"), (2, "completed")], 7)
    assert not [issues for issues in fhir_server.validate(emr.all) if issues]


def test_an_order_of_a_voided_visit_was_never_one(quick_ward: Ward, quick_emr: Emr) -> None:
    visit = quick_ward.bring("waiting")
    placed = quick_ward.order(visit, "dressing")
    quick_emr.hear()
    quick_ward.give(Command.VOID, visit)
    quick_emr.hear()
    assert quick_emr.last[f"ServiceRequest/{placed.order_id}"]["status"] == "entered-in-error"
    quick_ward.give(Command.UNDO, visit)
    quick_emr.hear()
    assert quick_emr.last[f"ServiceRequest/{placed.order_id}"]["status"] == "active"


def test_without_a_target_an_order_is_promised_to_nobody(quick_ward: Ward) -> None:
    placed = quick_ward.order(quick_ward.bring("paying"), "dressing")
    release()
    orders.complete(placed.order_id, version=1, by=quick_ward.pharmacist)
    assert db.session.execute(select(ServiceOrder.seq)).scalar_one() == 0


def test_a_room_that_closes_is_told_and_who_is_inside_is_not(quick: Stage, quick_emr: Emr) -> None:
    visit, room = quick.bring("called"), quick.hospital.lab_room
    quick_emr.hear()
    seen = len(quick_emr.of("Location"))
    quick.give(Command.START, visit)
    quick.give(Command.COMPLETE, visit)
    quick_emr.hear()
    assert len(quick_emr.of("Location")) == seen
    statuses = ((PointStatus.CLOSED, "suspended"), (PointStatus.OPEN, "active"))
    for version, (status, said) in enumerate(statuses, start=1):
        queues.set_point_status(room, status=status, version=version, by=quick.hospital.cast.anne)
        quick_emr.hear()
        assert quick_emr.last[f"Location/{room}"]["status"] == said


def test_whoever_waits_for_one_room_is_told_with_that_room(quick: Stage) -> None:
    visit = quick.bring("waiting")
    quick.give(Command.TRANSFER, visit)  # the stage sends to a room, not to a line
    (waiting,) = (one for one in rendered() if one["resourceType"] == "Task" and one["status"] == "ready")
    assert waiting["location"]["reference"].startswith("Location/")


def test_a_stay_in_a_line_was_modified_when_somebody_last_did_something_about_it(quick: Stage) -> None:
    visit = quick.bring("waiting")
    entry = quick.entry(visit)
    assert entry is not None
    entry_id = entry.public_id
    for command in (Command.HOLD, Command.RESUME, Command.PRIORITY):
        quick.give(command, visit)
        at = quick.lines(visit)[-1].at
        (facts,) = facts_of({Kind.ENTRY: [entry_id]}).values()
        assert isinstance(facts, EntryFacts)
        assert facts.modified_at == at


def test_row_and_history_are_of_one_moment(app: Flask, stage: Stage) -> None:
    visit = stage.bring("called")
    wanted = {Kind.VISIT: [visit]}

    def start() -> None:
        with app.app_context():
            stage.give(Command.START, visit)
            release()

    with _one_snapshot():
        before = facts_of(wanted)
        nurse = threading.Thread(target=start)
        nurse.start()
        nurse.join()
        assert facts_of(wanted) == before
    release()
    (after,) = facts_of(wanted).values()
    assert after.seq == next(iter(before.values())).seq + 1


def test_every_kind_has_its_type(quick_ward: Ward, tmp_path: Path) -> None:
    pictured(quick_ward, quick_ward.bring("waiting"), tmp_path)
    found = all_known(everything())
    assert {
        (one.kind, json.loads(said.payload)["resourceType"])
        for one, said in found.items()
        if isinstance(said, Rendered)
    } == {(str(kind), name) for kind, name in TYPES.items()}


def test_the_words_of_korea_arrive_as_they_are(quick: Stage) -> None:
    quick.hospital.expect(name="남궁환자")
    (found,) = all_known([one for one in everything() if one.kind == Kind.PATIENT]).values()
    assert isinstance(found, Rendered)
    assert "남궁환자" in found.payload


def test_the_states_of_the_scenes_are_all_nine_but_one() -> None:
    # COMPLETED stands in the history for zero time.
    assert {state for state, _entry in SCENES.values()} == set(State) - {State.COMPLETED}
