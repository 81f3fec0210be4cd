"""Kill -9 of every process during calls: after the restart every screen shows what the database says."""

import threading
from functools import partial
from typing import Any

import httpx
import pytest

from tests.processes.house import House, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]


def calls_of(house: House, queue: str) -> dict[str, str]:
    """Return the number and status of whom the queue's page shows."""
    entries = house.ask("GET", f"/queue/{queue}", role="nurse")["entries"]
    return {entry["id"]: entry["status"] for entry in entries}


@pytest.fixture(scope="module")
def queue(house: House) -> dict[str, Any]:
    """Fill the demo queue with patients who wait for it and nothing else."""
    queue: dict[str, Any] = house.demo["queues"][0]
    for patient in house.demo["patients"][:14]:
        if patient["queue"] == queue["id"]:
            house.bring_in(patient)
    return queue


@pytest.mark.parametrize("victim", ["gunicorn", "worker.py --clock", "worker.py", "valkey-server"])
def test_what_was_acknowledged_stands_after_a_kill(house: House, queue: dict[str, Any], victim: str) -> None:
    room = queue["service_points"][
        ["gunicorn", "worker.py --clock", "worker.py", "valkey-server"].index(victim) % 3
    ]
    answers: list[dict[str, Any]] = []

    def work() -> None:
        called = house.ask(
            "POST", f"/queue/{queue['id']}/call-next", {"service_point_id": room["id"]}, role="nurse"
        )
        answers.append(called)
        entry = called["entry"]
        body = {"version": entry["version"], "confirm": ["identity"]}
        answers.append(house.ask("POST", f"/queue/entries/{entry['id']}/start", body, role="nurse"))

    nurse = threading.Thread(target=work)
    nurse.start()
    house.kill(victim)
    nurse.join(40)

    called, started = answers
    assert called["entry"]["id"] == started["entry"]["id"]
    wait_until(house.is_ready, 60, "the house is ready again")
    assert calls_of(house, queue["id"])[started["entry"]["id"]] == "IN_SERVICE"
    history = started["visit"]["history"]
    assert [line["command"] for line in history].count("call") == 1, "one call, however often it was sent"
    assert [line["seq"] for line in history] == list(range(1, len(history) + 1))

    entry = started["entry"]
    body = {"version": entry["version"], "confirm": ["short_service"]}
    done = house.ask("POST", f"/queue/entries/{entry['id']}/complete", body, role="nurse")
    assert done["visit"]["state"] == "PAYMENT"


def test_every_process_is_back(house: House) -> None:
    for word in ("gunicorn", "worker.py", "worker.py --clock", "valkey-server"):
        wait_until(partial(house.processes, word), 15, f"{word} runs again")
    wait_until(
        lambda: httpx.get(f"{house.base}/readyz", timeout=5).json()["status"] == "ready",
        30,
        "all of it answers",
    )
