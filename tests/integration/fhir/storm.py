"""A storm: people work, workers are killed, the EMR fails; and who counts afterwards what has become of it all."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from app.core import clock, relay
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.errors import RefusedError
from app.core.outbox import OutboxPromise, PromiseStatus
from app.core.relay.breaker import OutboxBreaker
from app.core.transaction import release
from app.emr import services as emr
from app.emr.models import Appointment, Patient
from app.fhir.rules import SOURCE_VERSION, TYPES, Kind
from app.journey.models import Visit, VisitStep
from app.journey.states import TABLE, Command
from app.queues.models import QueueEntry, ServicePoint
from app.settings import ROOT, Settings
from tests.hospital import Hospital
from tests.integration.fhir.nursery import in_fast_motion
from tests.integration.journey.scenes import OF_ENTRY, Stage
from tests.services.fhir import FhirServer

TABLES: Mapping[Kind, Any] = {
    Kind.POINT: ServicePoint,
    Kind.PATIENT: Patient,
    Kind.APPOINTMENT: Appointment,
    Kind.VISIT: Visit,
    Kind.STEP: VisitStep,
    Kind.ENTRY: QueueEntry,
}
CONSUMER = "fhir:emr"
ONWARD = (Command.ARRIVE, Command.REGISTER, Command.CALL, Command.START, Command.COMPLETE, Command.PAY)
ASIDE = (Command.RECALL, Command.HOLD, Command.RESUME, Command.UNCALL, Command.PRIORITY, Command.SKIP_ONCE)


@dataclass
class Verdict:
    """What the checker found; all zero is what is promised."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    written_twice: int = 0
    kept: int = 0
    stuck: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or turned round, and everything has arrived."""
        return not (self.lost or self.duplicated or self.out_of_order or self.stuck)


class Hands:
    """Somebody at work: visits walk on, names are corrected, rooms are paused; refusals are part of the day."""

    def __init__(self, hospital: Hospital, visits: list[UUID], patients: list[UUID], seed: int) -> None:
        self.stage, self.visits, self.patients = Stage(hospital), visits, patients
        self.dice = random.Random(seed)  # noqa: S311 - a day that can be walked again
        self.changes = 0

    def work(self, stop: threading.Event) -> None:
        """Do one thing after the other."""
        while not stop.is_set():
            self.act_or_be_refused()

    def act_or_be_refused(self) -> None:
        """Do one thing; somebody else may have been quicker."""
        with suppress(RefusedError):
            self.act()
            self.changes += 1

    def act(self) -> None:
        """Do one thing."""
        if self.dice.random() < 0.7:
            patient = self.dice.choice(self.patients)
            release()
            version = db.session.execute(
                select(Patient.version).where(Patient.public_id == patient)
            ).scalar_one()
            name = f"김{self.dice.choice('가나다라마바사')}{self.dice.choice('아자차카타파하')}"
            emr.edit_demographics(patient, version=version, name=name, by=self.stage.hospital.cast.henry)
            return
        visit = self.dice.choice(self.visits)
        state, _entry = self.stage.where(visit)
        fitting = [one for one in (ONWARD * 3 + ASIDE) if state in TABLE[one].visit_from]
        if not fitting:
            return
        command = self.dice.choice(fitting)
        if command in OF_ENTRY and self.stage.entry(visit) is None:
            return
        self.stage.give(command, visit)


class Workers:
    """Workers of a nursery, one of which dies every 0.2 to 0.7 s."""

    def __init__(self, settings: Settings, mutant: str = "", *, count: int = 3) -> None:
        self.count, self.kills = count, 0
        wish = {name.upper(): value for name, value in _plain(settings).items()}
        self.nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.fhir.nursery", json.dumps(wish), mutant],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pids = [self._born() for _ in range(count)]

    def _born(self) -> int:
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write(f"{CONSUMER}\n")
        self.nursery.stdin.flush()
        return int(self.nursery.stdout.readline())

    def kill_one(self, dice: random.Random) -> None:
        """Let a worker die wherever it is, and another be born."""
        place = dice.randrange(self.count)
        os.kill(self.pids[place], signal.SIGKILL)
        self.kills += 1
        self.pids[place] = self._born()

    def end(self) -> None:
        """Kill all."""
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with self.nursery:  # closes the pipes, and waits
            self.nursery.kill()


def _plain(settings: Settings) -> dict[str, str]:
    """Return what a nursery needs to be the same house."""
    return {
        "app_env": "test",
        "secret_key": settings.secret_key.get_secret_value(),
        "database_url": settings.database,
        "public_url": settings.public_url,
        "var_dir": str(settings.var_dir),
        "fhir_base_url": settings.fhir_base_url,
    }


@contextmanager
def at_work(app: Flask, hands: list[Hands]) -> Iterator[threading.Event]:
    """Let people work in threads of their own until the block ends."""
    stop = threading.Event()
    faults: list[BaseException] = []

    def run(one: Hands) -> None:
        with app.app_context():
            try:
                one.work(stop)
            except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
                faults.append(error)
            finally:
                release()

    threads = [threading.Thread(target=run, args=(one,), daemon=True) for one in hands]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
        if faults:
            raise faults[0]


def drain(*, patience_seconds: float = 45.0) -> list[str]:
    """Deliver what is left once the storm is over, dead letters replayed, until nothing waits or nothing moves.

    Return what waits then, a line for each promise and one for the way to the server.
    """
    found = relay.find(CONSUMER)
    assert found is not None
    # Nobody is killed any more, so a slow machine may take its time for an answer.
    consumer = replace(in_fast_motion(found), send_seconds=found.send_seconds)
    left, until = open_rows(), clock.monotonic() + patience_seconds
    while left and clock.monotonic() < until:
        relay.reap([CONSUMER])
        letters = relay.dead_letters()
        if letters.total:
            relay.replay_all(relay.Asked(consumer=CONSUMER), seen_until=letters.seen_until, by=SYSTEM)
        relay.hurry(CONSUMER)
        relay.deliver_due(consumer, most_seconds=5)
        if (now := open_rows()) < left:
            left, until = now, clock.monotonic() + patience_seconds
        else:
            clock.pause(0.2)  # leases of the dead run out by themselves
    return waiting() if left else []


def waiting() -> list[str]:
    """Say of each promise that is not kept which it is and why: a server that hangs is told from a fault of ours.

    The breaker stands above them: where it is open, or its last word is a time-out, nobody came as far as the rows.
    """
    release()
    standing = db.session.execute(
        select(OutboxBreaker).where(OutboxBreaker.consumer == CONSUMER)
    ).scalar_one_or_none()
    rows = db.session.execute(
        select(OutboxPromise)
        .where(OutboxPromise.consumer == CONSUMER, OutboxPromise.status != PromiseStatus.COMPLETED)
        .order_by(OutboxPromise.id)
    ).scalars()
    way = "no request has failed as a whole"
    if standing is not None:
        way = f"breaker open until {standing.open_until}, recent {standing.recent!r}, {standing.last_error}"
    said = [f"now {clock.utcnow():%H:%M:%S}, {way}"]
    said += [
        f"{one.kind}/{one.aggregate_id} seq {one.seq}: {one.status}, attempts {one.attempts},"
        f" claims {one.claims}, next {one.next_attempt_at:%H:%M:%S}, lease until {one.lease_until},"
        f" {one.last_error or 'no error'}"
        for one in rows
    ]
    release()
    return said


def open_rows() -> int:
    """Return how many promises are not kept yet."""
    release()
    return db.session.execute(
        select(func.count()).where(
            OutboxPromise.consumer == CONSUMER, OutboxPromise.status != PromiseStatus.COMPLETED
        )
    ).scalar_one()


def judge(server: FhirServer) -> Verdict:
    """Compare what the EMR holds, and how it came there, with what is committed here (I1 to I4)."""
    verdict = Verdict()
    there: dict[str, list[int]] = {}
    named: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for reference in sorted({write["ref"] for write in server.journal()}):
        versions = server.versions(reference)
        there[reference] = [source_version(one) for one in versions]
        for one in versions[-1].get("identifier", ())[:1]:  # the second says where it is, not which
            named[versions[-1]["resourceType"], one.get("system", ""), one["value"]].append(reference)
    verdict.duplicated = [f"{name}: {found}" for name, found in named.items() if len(found) > 1]
    release()
    for kind, table in TABLES.items():
        rows = db.session.execute(select(table.public_id, table.seq).where(table.seq > 0))
        for public_id, seq in rows:
            reference = f"{TYPES[kind]}/{public_id}"
            versions_there = there.pop(reference, [])
            verdict.kept += 1
            if versions_there[-1:] != [seq]:
                verdict.lost.append(f"{reference}: {versions_there[-1:]} of {seq}")
            if versions_there != sorted(versions_there):
                verdict.out_of_order.append(f"{reference}: {versions_there}")
            verdict.written_twice += len(versions_there) - len(set(versions_there))
    verdict.duplicated += sorted(there)  # of nothing that we have
    return verdict


def source_version(resource: dict[str, Any]) -> int:
    """Return our seq as it was written into a resource."""
    [found] = [one["valueInteger"] for one in resource["extension"] if one["url"] == SOURCE_VERSION]
    return int(found)
