"""The demo is made ready once, found ready afterwards, and written down for its owner."""

import json
import stat
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app import settings
from app.accounts import services as accounts
from app.accounts.roles import STAFF_ROLES
from app.core import clock
from app.core.actor import ANONYMOUS
from app.core.db import db
from app.core.errors import BadCredentialsError
from app.demo import building, catalogue, hospital, leaflet, loading, staff
from app.journey import queries
from app.journey import services as journey
from app.journey.states import State
from app.queues.models import ServicePoint
from app.tags import queries as tags
from app.waits import queries as waits
from app.wayfinding import queries as wayfinding
from tests.integration.demo.counting import statements

KEYS = {
    "base_url": str,
    "generated_at": str,
    "business_date": str,
    "tags": {"token", "url", "place", "kind"},
    "patients": {"name", "phone_last4", "birth_date", "appointment_at", "queue", "visit_id"},
    "staff": {"username", "password", "role", "queues"},
    "queues": {"id", "name_ko", "name_en", "service_points"},
    "devices": {"kind", "place", "pairing_url"},
}


def plain(content: dict[str, Any]) -> dict[str, Any]:
    """Return what a second start must not change."""
    return {key: value for key, value in content.items() if key not in {"generated_at", "devices"}}


def test_the_leaflet_is_the_contract_and_its_owners_alone(app: Flask) -> None:
    loading.load()
    found = json.loads(leaflet.path().read_text(encoding="utf-8"))
    assert found.keys() == KEYS.keys()
    for key, wanted in KEYS.items():
        for row in found[key] if isinstance(wanted, set) else ():
            assert row.keys() == wanted
    assert stat.S_IMODE(leaflet.path().stat().st_mode) == 0o600
    assert found["base_url"] == "http://localhost:8123"
    assert found["business_date"] == clock.today().isoformat()
    assert found["tags"][0]["kind"] == "entrance"
    assert {one["role"] for one in found["staff"]} == {str(role) for role in STAFF_ROLES}
    assert all(len(one["password"]) >= 12 for one in found["staff"])
    assert [len(queue["service_points"]) for queue in found["queues"]] == [3, 1, 1]
    assert {one["kind"] for one in found["devices"]} == {"kiosk", "board"}


def test_a_second_start_changes_nothing(app: Flask) -> None:
    first = loading.load()
    with statements() as counted:
        second = loading.load()
    assert plain(first) == plain(second)
    assert counted.number < 130


def test_the_play_is_staffed_round_the_clock_with_fewer_at_lunch(app: Flask) -> None:
    made = loading.load()
    heads = building.open_queues()
    internal = waits.plan(heads["internal"].id)
    assert (internal.version, len({*internal.week})) == (1, 1)
    assert [(one.begins, one.ends, one.staff) for one in internal.week[0]] == [
        (0, 750, 4),
        (750, 810, 3),
        (810, 1440, 4),
    ]
    assert [one.staff for one in waits.plan(heads["ecg"].id).week[6]] == [1]
    assert all(waits.plan(UUID(queue["id"])).is_empty for queue in made["queues"])


def test_three_step_patients_wait_first_where_the_leaflet_says(app: Flask) -> None:
    made = loading.load()
    demo, blood, _ = (queue["id"] for queue in made["queues"])
    assert [one["queue"] for one in made["patients"]] == [demo] * 4 + [blood] * 2
    nurse = next(one for one in made["staff"] if one["role"] == "nurse")
    assert nurse["queues"] == [queue["id"] for queue in made["queues"]]


def test_every_start_tops_up_to_unused_patients(app: Flask) -> None:
    first = loading.load()
    desk = staff.cast()["demo-desk"]
    used = [one["visit_id"] for one in (*first["patients"][:2], first["patients"][-1])]
    for visit_id in used:
        journey.arrive(UUID(visit_id), by=desk)
    second = loading.load()
    unused = [one["visit_id"] for one in second["patients"]]
    assert len(unused) == 6
    assert not set(used) & set(unused)
    assert len({(one["phone_last4"], one["birth_date"]) for one in second["patients"]}) == 6
    assert second["patients"][4]["queue"] == second["patients"][5]["queue"] == second["queues"][1]["id"]


def test_reserved_patients_may_arrive_all_day(app: Flask) -> None:
    made = loading.load()
    visit_id = UUID(made["patients"][3]["visit_id"])
    patient = replace(ANONYMOUS, kind="patient", role="patient", id=visit_id, visit_id=visit_id)
    assert journey.arrive(visit_id, by=patient).advice is None
    here = {one.visit_id: one for one in queries.visits_under_way({clock.today()})}
    journey.register(visit_id, version=here[visit_id].version, by=patient)
    here = {one.visit_id: one for one in queries.visits_under_way({clock.today()})}
    assert here[visit_id].state is State.WAITING
    assert str(here[visit_id].queue_id) == made["patients"][3]["queue"]


def test_passwords_open_the_accounts_and_are_kept(app: Flask) -> None:
    made = loading.load()
    eve = replace(ANONYMOUS, ip="203.0.113.7")
    for one in made["staff"]:
        accounts.sign_in_staff(one["username"], one["password"], by=eve)
    leaflet.discard()
    again = loading.load()
    nurse = next(one for one in again["staff"] if one["role"] == "nurse")
    accounts.sign_in_staff(nurse["username"], nurse["password"], by=eve)
    old = next(one for one in made["staff"] if one["role"] == "nurse")
    with pytest.raises(BadCredentialsError):
        accounts.sign_in_staff(nurse["username"], old["password"], by=eve)


def test_each_start_gives_an_address_that_pairs_each_device_once(app: Flask) -> None:
    loading.load()
    made = loading.load()
    eve = replace(ANONYMOUS, ip="203.0.113.7")
    kinds = [
        accounts.pair_device(one["pairing_url"].rpartition("/pair/")[2], by=eve).kind
        for one in made["devices"]
    ]
    assert kinds == [one["kind"] for one in made["devices"]]
    assert all(
        one["pairing_url"].startswith("http://localhost:8123/pair/") for one in loading.load()["devices"]
    )


def test_every_room_queue_and_tag_stands_on_the_map(app: Flask) -> None:
    made = loading.load()
    places = {place.code for place in wayfinding.places(hospital.SITE)}
    rooms = set(db.session.execute(db.select(ServicePoint.place)).scalars())
    assert rooms <= places
    assert {queue.place for queue in catalogue.QUEUES.values()} <= places
    assert set(catalogue.ENTRANCES) <= places
    assert {tags.look(one["token"]).place for one in made["tags"]} <= places


def test_production_and_a_real_house_refuse(app: Flask) -> None:
    now = settings.current()
    for changed in ({"app_env": "production"}, {"demo": False}):
        settings.use(now.model_copy(update=changed))
        for verb in (["load"], ["day"], ["reset", "--yes"], ["crowd", "--queue", str(UUID("0" * 32))]):
            result = app.test_cli_runner().invoke(args=["demo", *verb])
            assert result.exit_code == 1
            assert result.output.count("\n") == 1
    settings.use(now)
    assert app.test_cli_runner().invoke(args=["demo", "reset"]).exit_code == 1
