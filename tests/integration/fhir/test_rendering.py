"""What leaves the house, rendered from real rows at every step of a visit, and judged by somebody else."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, update

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
from app.journey.models import Visit, VisitStep
from app.journey.states import Command, State, may_start
from app.queues import services as queues
from app.queues.models import QueueEntry, ServicePoint
from app.queues.states import PointStatus
from tests.hospital import Hospital
from tests.integration.journey.scenes import PATHS, SCENES, Stage
from tests.integration.waits.desk import statements
from tests.services.fhir import FhirServer

Json = dict[str, Any]
MOST_STATEMENTS = 11
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
            render=render,
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


def everything() -> list[Wanted]:
    """Return all that could be wanted."""
    release()
    models: dict[Kind, type[Identified]] = {
        Kind.POINT: ServicePoint,
        Kind.PATIENT: Patient,
        Kind.APPOINTMENT: Appointment,
        Kind.VISIT: Visit,
        Kind.STEP: VisitStep,
        Kind.ENTRY: QueueEntry,
    }
    return [
        Wanted(str(kind), public_id)
        for kind, model in models.items()
        for public_id in db.session.execute(select(model.public_id)).scalars()
    ]


def rendered() -> list[Json]:
    """Return all resources of the house, every one of which must be valid."""
    found = render(everything())
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


def test_a_claim_costs_eleven_statements_however_many(stage: Stage) -> None:
    visits = [stage.bring("inside") for _ in range(6)]
    stage.give(Command.PAUSE, visits[0])
    wanted = everything()
    assert len(wanted) >= 30
    one_each = list({one.kind: one for one in wanted if one.aggregate_id != visits[0]}.values())
    assert len(one_each) == len(Kind)
    for claim, most in ((wanted, MOST_STATEMENTS), (one_each, MOST_STATEMENTS - 1)):
        release()
        with statements() as seen:
            found = render(claim)
        assert len(found) == len(claim)
        assert len(seen) == most


@pytest.mark.parametrize(
    ("kind", "most"),
    [("point", 1), ("patient", 1), ("appointment", 2), ("visit", 3), ("step", 1), ("entry", 2)],
)
def test_a_claim_of_one_kind_asks_for_that_kind(quick: Stage, kind: str, most: int) -> None:
    quick.bring("inside")
    wanted = [one for one in everything() if one.kind == kind]
    release()
    with statements() as seen:
        assert all(isinstance(one, Rendered) for one in render(wanted).values())
    assert len(seen) == most


def test_what_is_gone_is_skipped_and_the_others_are_rendered(stage: Stage) -> None:
    stage.bring("waiting")
    gone = [Wanted(str(kind), uuid4()) for kind in Kind]
    here = everything()
    found = render([*gone, *here])
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
    found = [one for one in render(wanted).values() if not isinstance(one, Rendered)]
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


def test_every_kind_has_its_type(quick: Stage) -> None:
    quick.bring("waiting")
    found = render(everything())
    assert {
        (one.kind, json.loads(said.payload)["resourceType"])
        for one, said in found.items()
        if isinstance(said, Rendered)
    } == {(str(kind), name) for kind, name in TYPES.items()}


def test_the_words_of_korea_arrive_as_they_are(quick: Stage) -> None:
    quick.hospital.expect(name="남궁환자")
    (found,) = render([one for one in everything() if one.kind == Kind.PATIENT]).values()
    assert isinstance(found, Rendered)
    assert "남궁환자" in found.payload


def test_the_states_of_the_scenes_are_all_nine_but_one() -> None:
    # COMPLETED stands in the history for zero time.
    assert {state for state, _entry in SCENES.values()} == set(State) - {State.COMPLETED}
