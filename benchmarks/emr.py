"""The way to the EMR: how much of what bare bundles reach is left once nothing may be lost, doubled or turned round."""

import json
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID, uuid4

import httpx
from sqlalchemy import func, insert, select

from app import settings
from app.core import clock, relay
from app.core.clock import monotonic
from app.core.db import db
from app.core.locking import hold
from app.core.outbox import OutboxPromise, PromiseOutcome, PromiseStatus
from app.core.relay.claiming import claim
from app.core.relay.finishing import give_back
from app.core.transaction import promise, release, transactional
from app.emr.models import Patient
from app.factory import create_app
from benchmarks import databases, house
from benchmarks.report import Section
from tests.services.fhir import FhirServer
from tests.services.found import MissingError
from tests.services.private import Servers

CONSUMER = "fhir:emr"
BUNDLE, WORKERS = 50, 2
AT_ONCE = 500
GOAL = 0.8
FINISHED_SHARE = 1.5


def emr(folder: Path, *, mariadb_url: str, changes: int, finished: int, repetitions: int) -> Section:
    """Deliver so many changes to a real FHIR server, beside bare bundles of the same resources to the same one."""
    section = Section(
        "emr",
        f"{changes:,} changes to the EMR, {WORKERS} workers; claims beside {finished:,} finished promises",
    )
    servers = Servers()
    try:
        target = servers.start("fhir", folder / "fhir")
    except MissingError as error:
        section.notes.append(f"Nothing was measured: {error}")
        return section
    try:
        with databases.mariadb(mariadb_url, folder, section.notes) as server:
            for _ in range(repetitions if server else 0):
                databases.empty(server)
                _measure(section, databases.address(server), target, folder, changes, finished)
    finally:
        servers.stop()
    section.compare(
        "changes/s: each to another patient / bare bundles", "Annae, each another", "bare bundles", "per_second",
        at_least=GOAL,
    )  # fmt: skip
    section.compare(
        "changes/s: four to each patient / bare bundles", "Annae, four to each", "bare bundles", "per_second",
        at_least=GOAL,
    )  # fmt: skip
    section.compare(
        "a claim: with finished rows / without",
        "claim, with finished rows",
        "claim, fresh table",
        "median_ms",
        at_most=FINISHED_SHARE,
    )
    section.notes.append(
        "Bare bundles: as many connections as workers, the same text, nothing read, rendered, checked or written down."
    )
    return section


def _measure(section: Section, url: str, target: str, folder: Path, changes: int, finished: int) -> None:
    patients = house.elsewhere(_prepare, url, folder, target, changes)
    server = FhirServer(target)
    server.wipe()
    server.control(config={"RECORD": False})
    seen = 0
    for case, chosen, times in (
        ("Annae, all new", patients, 1),
        ("Annae, each another", patients, 1),
        ("Annae, four to each", patients[: changes // 4], 4),
    ):
        house.elsewhere(_change, url, folder, target, chosen, times)
        took = _deliver(url, folder, target)
        written = server.control()["writes"]
        section.add(case, per_second=changes / took, written=float(written - seen))
        seen = written
        if left := house.elsewhere(_left, url, folder, target):
            section.faults.append(f"{case}: {left} promises were not kept")
    payloads = house.elsewhere(_payloads, url, folder, target)
    took = _send_bare(target, payloads)
    section.add(
        "bare bundles", per_second=len(payloads) / took, written=float(server.control()["writes"] - seen)
    )
    if len(payloads) != changes:
        section.faults.append(f"{len(payloads)} payloads of {changes}")
    server.close()
    for case, rows in (("claim, fresh table", 0), ("claim, with finished rows", finished)):
        took_ms = house.elsewhere(_claims, url, folder, target, patients, rows)
        section.add(case, median_ms=took_ms)


@contextmanager
def _opened(url: str, folder: Path, target: str) -> Iterator[None]:
    environment = house.environment(url, folder) | {"FHIR_BASE_URL": f"{target}/fhir"}
    app = create_app(settings.load(environment))
    with app.app_context():
        try:
            yield
        finally:
            release()
            db.engine.dispose()


def _prepare(url: str, folder: Path, target: str, count: int) -> list[UUID]:
    """Enter so many patients, before anybody listens."""
    with _opened(url, folder, target):
        db.create_all()
        relay.clear()
        made = [uuid4() for _ in range(count)]

        @transactional
        def enter(some: list[UUID]) -> None:
            now = clock.utcnow()
            for one in some:
                db.session.add(
                    Patient(
                        public_id=one,
                        mrn=one.hex[:16],
                        name="김환자",
                        birth_date=date(1953, 4, 12),
                        phone_last4="0000",
                        created_at=now,
                    )
                )

        for begin in range(0, count, AT_ONCE):
            enter(made[begin : begin + AT_ONCE])
        return made


def _change(url: str, folder: Path, target: str, patients: list[UUID], times: int) -> None:
    """Promise each patient so many times, as the desk's corrections do."""
    with _opened(url, folder, target):

        @transactional
        def change(some: list[UUID]) -> None:
            for one in some:
                patient = hold(Patient, one)
                patient.version += 1
                promise(patient, "patient.edited")

        for _ in range(times):
            for begin in range(0, len(patients), AT_ONCE):
                change(patients[begin : begin + AT_ONCE])


def _deliver(url: str, folder: Path, target: str) -> float:
    """Let the workers deliver all that is due; return the seconds from the first bundle to the last."""
    context = get_context("spawn")
    start = context.Barrier(WORKERS)
    with ProcessPoolExecutor(WORKERS, mp_context=context, initializer=_meet, initargs=(start,)) as workers:
        spans = list(workers.map(_work, [url] * WORKERS, [folder] * WORKERS, [target] * WORKERS))
    return max(end for _, end in spans) - min(begin for begin, _ in spans)


_start: list[Callable[[], object]] = []


def _meet(start: object) -> None:
    """Keep the barrier; it can only be inherited."""
    _start[:] = [start.wait]  # type: ignore[attr-defined]


def _work(url: str, folder: Path, target: str) -> tuple[float, float]:
    with _opened(url, folder, target):
        consumer = relay.find(CONSUMER)
        if consumer is None:
            raise RuntimeError("the house has no EMR")
        consumer.render(())  # what it imports once stays out of the figures
        _start[0]()
        begin = end = monotonic()
        while relay.deliver_due(consumer, most_seconds=60):
            end = monotonic()
        return begin, end


def _left(url: str, folder: Path, target: str) -> int:
    with _opened(url, folder, target):
        return db.session.execute(
            select(func.count()).where(OutboxPromise.status != PromiseStatus.COMPLETED)
        ).scalar_one()


def _payloads(url: str, folder: Path, target: str) -> list[str]:
    """Return what was sent for the changes that went each to another patient."""
    with _opened(url, folder, target):
        return list(
            db.session.execute(
                select(func.coalesce(OutboxPromise.payload, "")).where(
                    OutboxPromise.seq == 2, OutboxPromise.kind == "patient"
                )
            ).scalars()
        )


def _send_bare(target: str, payloads: list[str]) -> float:
    """Send the same text in bundles, by as many connections as there were workers."""
    texts = [_bundle(payloads[begin : begin + BUNDLE]) for begin in range(0, len(payloads), BUNDLE)]

    def send(mine: list[bytes]) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            for one in mine:
                answer = client.post(
                    f"{target}/fhir", content=one, headers={"Content-Type": "application/fhir+json"}
                )
                answer.raise_for_status()
                answer.json()

    begin = monotonic()
    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(send, [texts[number::WORKERS] for number in range(WORKERS)]))
    return monotonic() - begin


def _bundle(payloads: list[str]) -> bytes:
    entries = [
        {
            "resource": (resource := json.loads(one)),
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for one in payloads
    ]
    return json.dumps(
        {"resourceType": "Bundle", "type": "batch", "entry": entries}, ensure_ascii=False
    ).encode()


def _claims(url: str, folder: Path, target: str, patients: list[UUID], finished: int) -> float:
    """Return the median milliseconds of a claim out of 1,000 due, beside so many finished rows."""
    with _opened(url, folder, target):
        consumer = relay.find(CONSUMER)
        if consumer is None:
            raise RuntimeError("the house has no EMR")
        _fill(finished, PromiseStatus.COMPLETED, PromiseOutcome.DELIVERED, list(map(str, patients)))
        _fill(1_000, PromiseStatus.PENDING, None, [str(uuid4()) for _ in range(1_000)])
        took = []
        for _ in range(30):
            release()
            begin = monotonic()
            claimed = claim(consumer)
            took.append((monotonic() - begin) * 1000)
            if claimed is None or len(claimed.items) != consumer.claim_rows:
                raise RuntimeError("fewer were claimed than are due")
            give_back(claimed, claimed.items)
        return statistics.median(took)


@transactional
def _fill(count: int, status: PromiseStatus, outcome: PromiseOutcome | None, ids: list[str]) -> None:
    now = clock.utcnow()
    rows = [
        {
            "consumer": CONSUMER,
            "kind": "patient",
            "aggregate_id": ids[number % len(ids)],
            "seq": 1_000 + number // len(ids),
            "status": status,
            "outcome": outcome,
            "attempts": 0,
            "claims": 0,
            "next_attempt_at": now,
            "created_at": now,
            "done_at": now if outcome else None,
        }
        for number in range(count)
    ]
    for begin in range(0, count, 5_000):
        db.session.execute(insert(OutboxPromise), rows[begin : begin + 5_000])
