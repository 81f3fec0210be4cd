"""Ways that are known and not built: 409 from every state, after right and version, nothing written."""

from uuid import UUID

import pytest

from app.journey import services as journey
from app.journey.states import TABLE
from app.web.api import queue, visits
from tests.hospital import Hospital
from tests.web.api.partner import Partners, records

# interfaces.md, and the ways that decisions.md 2 adds.
PROMISED = {
    "entries": "recall miss re-enter uncall start start-direct complete hold resume skip-once priority transfer cancel "
    "undo pause waive leave",
    "visits": "register pay cancel leave transfer-out void undo add-step close waive",
}


@pytest.mark.parametrize("command", queue.CLOSED)
def test_an_entry_s_closed_way_is_409(command: str, partners: Partners, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    doctor, path = partners.staff("grace"), f"/visits/{visit}"
    entry = doctor.get(path).json["entry"]
    before = records()
    one = f"/queue/entries/{entry['id']}/{command}"
    assert doctor.post(one).status_code == 428
    assert doctor.post(one, {"version": 7}).json["title"] == "STALE_VERSION"
    refused = doctor.post(one, {"version": entry["version"], "reason": "x", "confirm": ["anything"]}, key="k")
    assert (refused.status_code, refused.json["title"]) == (409, "TRANSITION_REFUSED")
    assert refused.json["error"]["details"] == {"command": command, "state": "WAITING", "entry": "WAITING"}
    assert records() == before


def test_a_visit_s_closed_ways_are_409_in_every_state(partners: Partners, hospital: Hospital) -> None:
    visit, cast = hospital.expect("consult"), hospital.cast
    partner, known = partners.staff("flora"), {"identity"}
    for state in ("UNREGISTERED", "ARRIVED", "WAITING", "CALLED", "ONGOING", "PAYMENT", "FINISHED"):
        seen = partner.get(f"/visits/{visit}").json
        assert seen["visit"]["state"] == state
        before, version = records(), seen["visit"]["version"]
        for command in visits.CLOSED:
            who = partners.staff("grace") if command == "waive" else partner
            refused = who.post(f"/visits/{visit}/{command}", {"version": version})
            assert (refused.status_code, refused.json["title"]) == (409, "TRANSITION_REFUSED"), command
            assert refused.json["error"]["details"]["state"] == state
        assert records() == before
        if state == "UNREGISTERED":
            journey.arrive(visit, by=cast.henry)
        elif state == "ARRIVED":
            journey.register(visit, version=version, by=cast.henry)
        elif state == "WAITING":
            journey.call_next(hospital.consult, hospital.rooms[0], by=cast.anne)
        elif state == "PAYMENT":
            journey.pay(visit, version=version, by=cast.iris)
        elif state != "FINISHED":
            act, entry = (journey.start if state == "CALLED" else journey.complete), seen["entry"]
            act(UUID(entry["id"]), version=entry["version"], confirm=frozenset(known), by=cast.anne)


def test_every_promised_command_has_an_address(partners: Partners) -> None:
    paths = {rule.rule for rule in partners.app.url_map.iter_rules()}
    for noun, closed in (("entries", queue.CLOSED), ("visits", visits.CLOSED)):
        opened = {path.rpartition("/")[2] for path in paths if f"/{noun}/<uuid" in path}
        for command in PROMISED[noun].split():
            assert (command in opened) != (command in closed), command
    closed_ways = {command for command, way in TABLE.items() if not way.is_open}
    assert closed_ways == {*queue.CLOSED, *visits.CLOSED}
