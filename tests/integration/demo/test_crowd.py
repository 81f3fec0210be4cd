"""A crowd fills one queue and its rooms, and every room finds somebody to call."""

import json
from uuid import UUID, uuid4

from flask import Flask

from app.demo import loading, staff
from app.journey import services as journey


def test_a_crowd_waits_and_every_room_calls_another_one(app: Flask) -> None:
    queue = loading.load()["queues"][0]["id"]
    run = app.test_cli_runner().invoke
    result = run(args=["demo", "crowd", "--queue", queue, "--waiting", "12", "--rooms", "10", "--json"])
    made = json.loads(result.output)
    assert made["queue"] == queue
    assert len(set(made["entries"])) == len(set(made["visits"])) == 12
    assert len(made["service_points"]) == 10
    nurse = staff.cast()["demo-nurse"]
    called = [
        str(journey.call_next(UUID(queue), UUID(point), by=nurse).entry_id)
        for point in made["service_points"]
    ]
    assert called == made["entries"][:10]


def test_a_second_crowd_only_fills_up(app: Flask) -> None:
    queue = loading.load()["queues"][0]["id"]
    run = app.test_cli_runner().invoke
    for waiting in ("3", "5", "2"):
        result = run(args=["demo", "crowd", "--queue", queue, "--waiting", waiting, "--rooms", "4"])
        assert result.exit_code == 0
        assert result.output.count("\n") == 1
    assert "5 people wait for 4 rooms" in result.output


def test_an_unknown_queue_is_refused(app: Flask) -> None:
    loading.load()
    result = app.test_cli_runner().invoke(args=["demo", "crowd", "--queue", str(uuid4())])
    assert result.exit_code == 1
