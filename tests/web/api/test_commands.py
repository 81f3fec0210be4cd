"""Every command over the API: done once, stale, unexplained, from a wrong state, by a stranger, by a patient."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from app.journey.states import Command
from tests.hospital import Hospital
from tests.integration.journey.scenes import CONFIRMED, WHY, Stage
from tests.web.api.partner import Partner, Partners, records

OK, NO, HIDDEN = 200, 403, 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A command of the API: where it begins and ends, who gives it, what it must say."""

    scene: str
    who: str
    to: tuple[str, str | None]
    wrong: str  # a scene from which there is no such way
    is_of_visit: bool = False
    is_explained: bool = False
    room: bool = False
    body: tuple[tuple[str, object], ...] = ()
    patient: int = NO
    ben: int = HIDDEN  # a nurse of another ward

    def order(self, seen: dict[str, Any], hospital: Hospital) -> dict[str, Any]:
        """Return the body as a client would send it that has read the visit just now."""
        order: dict[str, Any] = {"confirm": sorted(CONFIRMED), **dict(self.body)}
        if self.is_explained:
            order["reason"] = WHY
        if self.room:
            order["service_point_id"] = str(hospital.rooms[2])
        order["version"] = seen["visit" if self.is_of_visit else "entry"]["version"]
        return order


def _way(scene: str, who: str, to: tuple[str, str | None], wrong: str, **more: Any) -> Way:
    return Way(scene=scene, who=who, to=to, wrong=wrong, **more)


WAITS, CALLED, INSIDE = ("WAITING", "WAITING"), ("CALLED", "CALLED"), ("ONGOING", "IN_SERVICE")
ASIDE, OVER = ("WAITING", "HELD"), ("FINISHED", None)
WAYS: dict[str, Way] = {
    "recall": _way("called", "anne", CALLED, "waiting"),
    "miss": _way("called", "anne", ("WAITING", "NO_SHOW"), "waiting"),
    "re-enter": _way("missed", "anne", WAITS, "waiting", patient=OK),
    "uncall": _way("called", "anne", WAITS, "inside"),
    "start": _way("called", "anne", INSIDE, "waiting"),
    "start-direct": _way("waiting", "grace", INSIDE, "called", room=True, is_explained=True),
    "pause": _way("inside", "anne", ASIDE, "called", is_explained=True),
    "complete": _way("inside", "anne", ("PAYMENT", None), "called"),
    "hold": _way("waiting", "anne", ASIDE, "called", is_explained=True, patient=OK),
    "resume": _way("aside", "anne", WAITS, "waiting", patient=OK),
    "skip-once": _way("waiting", "anne", WAITS, "aside", is_explained=True),
    "priority": _way("waiting", "anne", WAITS, "called", is_explained=True, body=(("priority", 1),)),
    "transfer": _way("waiting", "anne", WAITS, "inside", room=True),
    "register": _way("arrived", "henry", WAITS, "waiting", is_of_visit=True, patient=OK, ben=NO),
    "pay": _way("paying", "iris", OVER, "waiting", is_of_visit=True, ben=NO),
    "add-step": _way(
        "paying", "grace", WAITS, "arrived", is_of_visit=True, ben=NO, body=(("service", "lab"),)
    ),
    "waive": _way(
        "waiting", "grace", ("PAYMENT", None), "called", is_of_visit=True, is_explained=True, ben=NO
    ),
    "cancel": _way("called", "anne", OVER, "home", is_of_visit=True, is_explained=True, patient=OK),
    "leave": _way("waiting", "anne", OVER, "paying", is_of_visit=True, patient=OK),
    "transfer-out": _way("inside", "anne", OVER, "home", is_of_visit=True, is_explained=True),
    "void": _way("called", "flora", OVER, "voided", is_of_visit=True, is_explained=True, ben=NO),
    "close": _way("aside", "flora", OVER, "home", is_of_visit=True, is_explained=True, ben=NO),
    "undo": _way("called", "flora", WAITS, "undone", is_of_visit=True),
}
# Reached through the entry as well (interfaces.md); the visit's version is compared.
ALSO_OF_ENTRY = ("cancel", "leave", "waive", "undo")
PROMISED = {
    "entries": "recall miss re-enter uncall start start-direct complete hold resume skip-once priority transfer cancel "
    "undo pause waive leave",
    "visits": "arrive register pay cancel leave transfer-out void undo add-step close waive",
}


@pytest.fixture
def stage(partners: Partners, hospital: Hospital) -> Stage:
    return Stage(hospital)


def bring(stage: Stage, scene: str) -> UUID:
    if scene in {"voided", "undone"}:
        visit = stage.bring("called")
        stage.give(Command.VOID if scene == "voided" else Command.UNDO, visit)
        return visit
    visit = stage.bring(scene)
    stage.bring("waiting")  # somebody comes later, so that there is a line
    return visit


def seen_by(who: Partner, visit: UUID) -> dict[str, Any]:
    answer = who.get(f"/visits/{visit}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def path_of(name: str, stage: Stage, visit: UUID, *, of_entry: bool = False) -> str:
    if WAYS[name].is_of_visit and not of_entry:
        return f"/visits/{visit}/{name}"
    entry = stage.entry(visit)
    assert entry is not None
    return f"/queue/entries/{entry.public_id}/{name}"


def key_of(name: str) -> str | None:
    return "till" if name == "pay" else None


def check_history(visit: dict[str, Any]) -> None:
    """P17: numbered without a gap, each line where the last one ended, the last one where the visit stands."""
    lines = visit["history"]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert all(one["to"] == next_["from"] and one["at"] <= next_["at"] for one, next_ in pairwise(lines))
    assert not lines or lines[-1]["to"] == visit["state"]


@pytest.mark.parametrize("name", WAYS)
def test_a_command_leads_where_the_table_says_and_its_repeat_is_the_same(
    name: str, partners: Partners, stage: Stage
) -> None:
    way = WAYS[name]
    visit = bring(stage, way.scene)
    who, length = partners.staff(way.who), len(stage.lines(visit))
    order = way.order(seen_by(who, visit), stage.hospital)
    path = path_of(name, stage, visit)
    first = who.post(path, order, key="once")
    assert first.status_code == 200, first.text
    entry = first.json["entry"]
    assert (first.json["visit"]["state"], entry and entry["status"]) == way.to
    check_history(first.json["visit"])
    assert first.json["visit"]["history"][length]["command"] == name
    assert stage.lines(visit)[-1].reason == order.get("reason", "none 0" if name == "pay" else None)
    stood = records()
    repeat = who.post(path, order, key="once")
    assert (repeat.status_code, repeat.json) == (200, first.json)
    assert repeat.headers["Idempotency-Replayed"] == "true"
    assert records() == stood


@pytest.mark.parametrize("name", WAYS)
def test_a_command_that_saw_nothing_or_something_old_is_refused(
    name: str, partners: Partners, stage: Stage
) -> None:
    way = WAYS[name]
    visit = bring(stage, way.scene)
    who = partners.staff(way.who)
    order, path = way.order(seen_by(who, visit), stage.hospital), path_of(name, stage, visit)
    before = records()
    unseen = {name: value for name, value in order.items() if name != "version"}
    answer = who.post(path, unseen, key=key_of(name))
    assert (answer.status_code, answer.json["title"]) == (428, "PRECONDITION_REQUIRED")
    answer = who.post(path, {**order, "version": order["version"] - 1}, key=key_of(name))
    assert (answer.status_code, answer.json["title"]) == (409, "STALE_VERSION")
    assert answer.json["error"]["details"]["version"] == order["version"]
    assert records() == before


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.is_explained])
@pytest.mark.parametrize("reason", [None, "", "   "])
def test_a_command_that_must_say_why_is_asked_for_it(
    name: str, reason: str | None, partners: Partners, stage: Stage
) -> None:
    way = WAYS[name]
    visit = bring(stage, way.scene)
    who = partners.staff(way.who)
    order, path = way.order(seen_by(who, visit), stage.hospital), path_of(name, stage, visit)
    before = records()
    answer = who.post(path, {**order, "reason": reason})
    assert (answer.status_code, answer.json["title"]) == (422, "INVALID")
    assert answer.json["error"]["details"]["field"] == "reason"
    assert records() == before


@pytest.mark.parametrize("name", WAYS)
def test_from_anywhere_else_it_is_409_and_nothing_is_written(
    name: str, partners: Partners, stage: Stage
) -> None:
    way = WAYS[name]
    visit = bring(stage, way.wrong)
    who, row, entry = partners.staff(way.who), stage.visit(visit), stage.entry(visit)
    version = row.version if way.is_of_visit else entry.version if entry is not None else 0
    order = {**way.order({"visit": {"version": 1}, "entry": {"version": 1}}, stage.hospital)}
    path = path_of(name, stage, visit)
    before = records()
    answer = who.post(path, {**order, "version": version}, key=key_of(name))
    assert (answer.status_code, answer.json["title"]) == (409, "TRANSITION_REFUSED"), answer.text
    details = answer.json["error"]["details"]
    assert (details["command"], details["state"]) == (name, row.state)
    assert records() == before


@pytest.mark.parametrize("name", WAYS)
def test_a_stranger_gets_nothing_and_a_patient_only_the_own_ways(
    name: str, partners: Partners, stage: Stage
) -> None:
    """Ben nurses another ward: 404 where his role has the right, else 403; so it is for another patient."""
    way = WAYS[name]
    visit = bring(stage, way.scene)
    order = way.order(
        seen_by(partners.staff("flora" if way.who != "iris" else "iris"), visit), stage.hospital
    )
    path, patient = path_of(name, stage, visit), partners.patient(visit)
    other = partners.patient(stage.hospital.expect())
    before = records()
    if name == "undo":
        assert patient.post(path, order).status_code == 403
    tried: dict[str, tuple[Partner, int]] = {
        "ben": (partners.staff("ben"), way.ben),
        "chris": (partners.staff("chris"), NO),
        "jonas": (partners.staff("jonas"), NO),
        "eve": (partners.stranger(), 401),
        "another patient": (other, HIDDEN if way.patient == OK else NO),
        **({} if way.patient == OK else {"patient": (patient, NO)}),
    }
    for name_, (who, status) in tried.items():
        answer = who.post(path, order, key=key_of(name))
        assert answer.status_code == status, (name_, answer.text)
        assert answer.mimetype == "application/problem+json"
    assert records() == before
    if way.patient == OK:
        done = patient.post(path, order)
        assert done.status_code == 200, done.text
        check_history(done.json["visit"])


@pytest.mark.parametrize("name", ALSO_OF_ENTRY)
def test_a_visit_s_command_given_through_its_entry_compares_the_visit(
    name: str, partners: Partners, stage: Stage
) -> None:
    way = WAYS[name]
    visit = bring(stage, way.scene)
    who = partners.staff(way.who)
    seen, path = seen_by(who, visit), path_of(name, stage, visit, of_entry=True)
    order = way.order(seen, stage.hospital)
    before = records()
    assert who.post(path, {**order, "version": order["version"] + 1}).json["title"] == "STALE_VERSION"
    assert records() == before
    done = who.post(path, order)
    assert done.status_code == 200, done.text
    entry = done.json["entry"]
    assert (done.json["visit"]["state"], entry and entry["status"]) == way.to


def test_every_promised_command_has_an_address_and_no_other(partners: Partners) -> None:
    rules = [rule for rule in partners.app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    paths = {rule.rule for rule in rules if rule.rule.startswith("/api/v1")}
    for noun, words in PROMISED.items():
        found = {path.rpartition("/")[2] for path in paths if f"/{noun}/<uuid" in path and "id>/" in path}
        assert found == set(words.split())
    # An order is taken back by the EMR alone, and it says so in FHIR.
    assert {*WAYS, "arrive", "join", "call", "revoke"} == set(Command)


def test_a_patient_steps_out_once_and_for_a_quarter_of_an_hour(partners: Partners, stage: Stage) -> None:
    visit = bring(stage, "waiting")
    patient = partners.patient(visit)
    path = path_of("hold", stage, visit)
    version = seen_by(patient, visit)["entry"]["version"]
    late = {"version": version, "reason": "식사", "until": "2099-01-01T00:00:00Z"}
    answer = patient.post(path, late)
    assert (answer.status_code, answer.json["error"]["details"]["why"]) == (422, "too_late")
    held = patient.post(path, {"version": version, "reason": "화장실"})
    assert held.json["entry"]["status"] == "HELD"
    back = patient.post(path_of("resume", stage, visit), {"version": held.json["entry"]["version"]})
    assert back.json["entry"]["position"] == 1
    again = patient.post(path, {"version": back.json["entry"]["version"], "reason": "전화"})
    assert (again.status_code, again.json["error"]["details"]["why"]) == (409, "holds_used_up")


def test_a_transfer_that_its_target_refuses_changes_nothing(partners: Partners, stage: Stage) -> None:
    """P10."""
    visit, hospital = bring(stage, "waiting"), stage.hospital
    nurse = partners.staff("anne")
    path, version = path_of("transfer", stage, visit), seen_by(nurse, visit)["entry"]["version"]
    before = records()
    tried: tuple[tuple[dict[str, str], int, str], ...] = (
        ({}, 422, "missing"),
        ({"queue_id": str(hospital.consult)}, 409, "same_queue"),
        ({"queue_id": str(hospital.lab)}, 409, "not_planned"),
        (
            {"queue_id": str(hospital.lab), "service_point_id": str(hospital.rooms[0])},
            422,
            "not_a_room_of_this_queue",
        ),
    )
    for target, status, why in tried:
        answer = nurse.post(path, {"version": version, **target})
        assert (answer.status_code, answer.json["error"]["details"].get("why")) == (status, why)
    for name in ("queue_id", "service_point_id"):
        assert nurse.post(path, {"version": version, name: str(visit)}).status_code == 404
    assert records() == before


@pytest.mark.parametrize("priority", [None, 3, -1, 100])
def test_a_class_that_is_none_is_named(priority: int | None, partners: Partners, stage: Stage) -> None:
    visit = bring(stage, "waiting")
    nurse = partners.staff("anne")
    version = seen_by(nurse, visit)["entry"]["version"]
    before = records()
    body = {"version": version, "reason": WHY, "priority": priority}
    answer = nurse.post(path_of("priority", stage, visit), body)
    assert (answer.status_code, answer.json["error"]["details"]["field"]) == (422, "priority")
    assert records() == before


def test_the_next_queue_may_be_pinned_where_it_is_planned(partners: Partners, stage: Stage) -> None:
    hospital, nurse = stage.hospital, partners.staff("anne")
    visit = hospital.expect("consult", "lab")
    for command in (Command.ARRIVE, Command.REGISTER, Command.CALL, Command.START):
        stage.give(command, visit)
    path, version = path_of("complete", stage, visit), seen_by(nurse, visit)["entry"]["version"]
    body = {"version": version, "confirm": ["short_service"]}
    before = records()
    wrong = nurse.post(path, {**body, "queue_id": str(hospital.elsewhere)})
    assert (wrong.status_code, wrong.json["error"]["details"]["why"]) == (422, "not_planned")
    assert records() == before
    done = nurse.post(path, {**body, "queue_id": str(hospital.lab)})
    assert done.json["entry"]["queue_id"] == str(hospital.lab)


def test_a_moment_that_is_over_is_no_until(partners: Partners, stage: Stage) -> None:
    visit = bring(stage, "waiting")
    nurse = partners.staff("anne")
    version = seen_by(nurse, visit)["entry"]["version"]
    before = records()
    body = {"version": version, "reason": WHY, "until": "2020-01-01T00:00:00+09:00"}
    answer = nurse.post(path_of("hold", stage, visit), body)
    assert (answer.status_code, answer.json["error"]["details"]) == (422, {"field": "until", "why": "past"})
    assert records() == before
