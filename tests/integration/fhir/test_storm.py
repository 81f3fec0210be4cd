"""Nothing lost, nothing twice, in order: while workers are killed and the EMR fails, and however long it is away."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from app import settings
from app.core import clock, relay
from app.core.db import db
from app.core.outbox import OutboxPromise
from app.core.transaction import release
from app.emr import services as emr
from app.emr.models import Patient
from app.fhir.relay import registering
from app.jobs import relay as duties
from app.settings import Settings
from tests.hospital import Hospital
from tests.integration.fhir.mutants import MUTANTS
from tests.integration.fhir.storm import CONSUMER, Hands, Verdict, Workers, at_work, drain, judge
from tests.services.fhir import FhirServer

FAULTS = (
    {"mode": "503", "retryAfter": 1},
    {"mode": "429", "retryAfter": 1},
    {"mode": "500"},
    {"mode": "drop"},
    {"mode": "drop", "after": True},
    {"mode": "garbage", "after": True},
    {"mode": "short", "after": True},
    {"mode": "slow", "ms": 400},
)
LOST_ANSWERS = tuple(fault for fault in FAULTS if "after" in fault)
BAD_SHARE = 0.3  # of all requests, whichever way they go wrong
PATIENCE_SECONDS = 5.0
MOST_STORMS = 5


def connect(app: Flask, server: FhirServer) -> Settings:
    """Let the house have an EMR, as its settings say from the start elsewhere."""
    now = settings.current().model_copy(update={"fhir_base_url": server.base_url})
    settings.use(now)
    registering.register_consumers()
    return now


@pytest.fixture
def mariadb_house(mariadb_app: Flask, fhir_server: FhirServer) -> Iterator[Settings]:
    """Give the house on MariaDB with an EMR."""
    yield connect(mariadb_app, fhir_server)
    relay.clear()


@pytest.fixture
def sqlite_house(sqlite_app: Flask, fhir_server: FhirServer) -> Iterator[Settings]:
    """Give the house on SQLite with an EMR."""
    yield connect(sqlite_app, fhir_server)
    relay.clear()


@pytest.fixture
def house(app: Flask, fhir_server: FhirServer) -> Iterator[Settings]:
    """Give the house on each database in turn, with an EMR."""
    yield connect(app, fhir_server)
    relay.clear()


def peopled(hospital: Hospital, *, visits: int, hands: int, seed: int = 1) -> list[Hands]:
    """Let visits be expected, and people be there who bring them on their way."""
    expected = [hospital.expect("lab", "consult") if one % 3 else hospital.expect() for one in range(visits)]
    release()
    patients = list(db.session.execute(select(Patient.public_id)).scalars())
    return [Hands(hospital, expected, patients, seed + number) for number in range(hands)]


def storm(
    server: FhirServer,
    workers: Workers,
    hands: list[Hands],
    *,
    faults: Sequence[Mapping[str, Any]],
    changes: int,
    kills: int,
) -> None:
    """Let a worker die every 0.2 to 0.7 s, while three of ten requests go wrong.

    It lasts as long as it takes to change and to kill so often, and somebody has come through since the last one
    died: a slow machine has the same storm.
    """
    dice = random.Random(7)  # noqa: S311 - the same storm again
    let_fail(server, faults)
    done = sum(one.changes for one in hands)
    while workers.kills < kills or sum(one.changes for one in hands) - done < changes:
        heard = requests(server) + dice.randint(1, 4)
        clock.pause(dice.uniform(0.2, 0.7))
        until = clock.monotonic() + PATIENCE_SECONDS
        while requests(server) < heard and clock.monotonic() < until:
            clock.pause(0.01)
        workers.kill_one(dice)
    server.reset()


def let_fail(server: FhirServer, faults: Sequence[Mapping[str, Any]] = FAULTS) -> None:
    """Let three of ten requests go wrong."""
    for fault in faults:
        server.control(**fault, p=BAD_SHARE / len(faults))


def requests(server: FhirServer) -> int:
    """Return how many requests the server has answered or spoilt."""
    stats: dict[str, int] = server.control()["stats"]
    return sum(stats.values())


def weather(
    app: Flask,
    house: Settings,
    server: FhirServer,
    *,
    hands: list[Hands],
    mutant: str = "",
    faults: Sequence[Mapping[str, Any]] = FAULTS,
    changes: int = 100,
    kills: int = 10,
) -> Verdict:
    """Let a storm pass over a working hospital, then deliver what is left and judge."""
    workers = Workers(house, mutant)
    try:
        with at_work(app, hands):
            storm(server, workers, hands, faults=faults, changes=changes, kills=kills)
    finally:
        workers.end()
    stuck = drain()
    return replace(judge(server), stuck=stuck)


@pytest.mark.timeout(300)
def test_a_storm_loses_nothing_doubles_nothing_and_turns_nothing_round(
    mariadb_app: Flask, mariadb_house: Settings, hospital: Hospital, fhir_server: FhirServer
) -> None:
    verdict = weather(mariadb_app, mariadb_house, fhir_server, hands=peopled(hospital, visits=25, hands=2))
    assert verdict.is_clean, verdict
    assert verdict.written_twice == 0
    assert verdict.kept > 100


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "mutant",
    # The others need a storm each of half a minute: `make test-long`.
    [
        one if one == "create-by-post" else pytest.param(one, marks=pytest.mark.slow)
        for one in sorted(MUTANTS)
    ],
)
def test_the_same_judge_finds_every_rule_that_is_taken_out(
    mariadb_app: Flask, mariadb_house: Settings, hospital: Hospital, fhir_server: FhirServer, mutant: str
) -> None:
    fhir_server.control(config={"RECORD": False})
    hands = peopled(hospital, visits=25, hands=2)
    faults = LOST_ANSWERS if mutant == "no-look" else FAULTS  # where a look makes the difference
    for _ in range(MOST_STORMS):  # one may pass over it; not many
        verdict = weather(
            mariadb_app,
            mariadb_house,
            fhir_server,
            hands=hands,
            mutant=mutant,
            faults=faults,
            changes=60,
            kills=6,
        )
        if not verdict.is_clean or verdict.written_twice:
            return
    pytest.fail(f"{mutant} was not found out: {verdict}")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_long_storm_loses_nothing(
    mariadb_app: Flask, mariadb_house: Settings, hospital: Hospital, fhir_server: FhirServer
) -> None:
    hands = peopled(hospital, visits=300, hands=3)
    verdict = weather(mariadb_app, mariadb_house, fhir_server, hands=hands, changes=3_000, kills=400)
    assert verdict.is_clean, verdict
    assert verdict.written_twice == 0


def test_one_worker_on_sqlite_loses_nothing(
    sqlite_house: Settings, hospital: Hospital, fhir_server: FhirServer
) -> None:
    [hand] = peopled(hospital, visits=8, hands=1)
    consumer = relay.find(CONSUMER)
    assert consumer is not None
    let_fail(fhir_server)
    for _ in range(12):
        for _ in range(6):
            hand.act_or_be_refused()
        relay.deliver_due(consumer, most_seconds=2)
    fhir_server.reset()
    assert drain() == []
    verdict = judge(fhir_server)
    assert verdict.is_clean, verdict
    assert verdict.written_twice == 0


def test_what_is_stuck_is_named_with_the_reason(
    sqlite_house: Settings, hospital: Hospital, fhir_server: FhirServer
) -> None:
    [hand] = peopled(hospital, visits=2, hands=1)
    hand.act_or_be_refused()
    fhir_server.control(mode="503", n=100_000)
    breaker, *rows = drain(patience_seconds=1.0)
    assert "503" in breaker, "the server's fault"
    assert rows
    assert all("attempts 0" in row for row in rows)
    fhir_server.reset()
    with time_machine.travel(clock.utcnow() + timedelta(minutes=10), tick=True):
        assert drain() == []


def test_two_hours_without_the_emr_bury_nothing_and_drain_afterwards(
    house: Settings, hospital: Hospital, fhir_server: FhirServer
) -> None:
    consumer = relay.find(CONSUMER)
    assert consumer is not None
    patients = [
        emr.enter_patient(
            name=f"김환자{number}", birth_date=clock.today() - timedelta(days=20_000),
            phone=f"010-5555-{number:04}", by=hospital.cast.henry,
        )
        for number in range(5)
    ]  # fmt: skip
    fhir_server.control(mode="503", n=100_000)
    began = clock.utcnow()
    for minute in range(0, 121, 2):
        with time_machine.travel(began + timedelta(minutes=minute), tick=True):
            if minute % 20 == 0:
                emr.edit_demographics(
                    patients[0], version=1 + minute // 20, name=f"김환{minute}", by=hospital.cast.henry
                )
            duties.reap_leases()
            duties.sweep_promises()
    release()
    states = set(db.session.execute(select(OutboxPromise.status).distinct()).scalars())
    assert states <= {"pending", "failed"}
    attempts = db.session.execute(select(func.max(OutboxPromise.attempts))).scalar_one()
    assert attempts == 0  # an outage costs no promise a life
    fhir_server.reset()
    with time_machine.travel(began + timedelta(minutes=130), tick=True):
        relay.deliver_due(consumer)
        verdict = judge(fhir_server)
    assert verdict.is_clean, verdict
