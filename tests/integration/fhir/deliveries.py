"""Deliveries for tests: a target on the real FHIR server, what waits for it, and what it holds."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import time_machine
from sqlalchemy import select

from app.core import clock, relay
from app.core.actor import Actor
from app.core.db import Projected, Sequenced, db
from app.core.locking import hold
from app.core.outbox import OutboxPromise
from app.core.relay import Consumer
from app.core.transaction import promise, release, transactional
from app.emr import services as emr
from app.emr.models import Patient
from app.fhir.models import Capability, Conflict, Link
from app.fhir.relay.bundles import source_version
from app.fhir.relay.registering import consumer
from app.fhir.rules import TYPES, Kind, Target
from app.journey.models import Visit
from tests.hospital import Hospital
from tests.services.fhir import FhirServer


@dataclass(slots=True)
class Emr:
    """One target and its server."""

    server: FhirServer
    target: Target
    consumer: Consumer

    def deliver(self) -> int:
        """Deliver what is due, once."""
        return relay.deliver_due(self.consumer)

    def drain(self, *, most_rounds: int = 40) -> None:
        """Deliver until nothing is open, whatever has to be waited for: the waits themselves pass at once."""
        for _ in range(most_rounds):
            relay.deliver_due(self.consumer)
            if not opened():
                return
            relay.hurry(self.consumer.name)
        raise AssertionError(f"still open: {told()}")

    def holds(self, kind: Kind, aggregate_id: UUID) -> dict[str, Any]:
        """Return what the server has of one of our aggregates, by its link."""
        return self.server.get(f"{TYPES[kind]}/{link(kind, aggregate_id).remote_id}")

    def versions(self, kind: Kind, aggregate_id: UUID) -> list[int | None]:
        """Return at which seqs of ours the server has had it, the oldest first."""
        reference = f"{TYPES[kind]}/{link(kind, aggregate_id).remote_id}"
        return [source_version(one) for one in self.server.versions(reference)]

    def requests(self) -> int:
        """Return how many requests to its FHIR door the server has answered or spoilt."""
        stats: dict[str, int] = self.server.control()["stats"]
        return sum(stats.values())


def emr_at(server: FhirServer, **changes: Any) -> Emr:
    """Register and return a target on this server."""
    target = replace(Target(name="emr", base_url=server.base_url), **changes)
    made = consumer(target)
    relay.register(made)
    return Emr(server, target, made)


def rows() -> list[OutboxPromise]:
    """Return all promises, oldest first."""
    release()
    return list(db.session.execute(select(OutboxPromise).order_by(OutboxPromise.id)).scalars())


def row_of(kind: Kind, aggregate_id: UUID) -> OutboxPromise:
    """Return the newest promise of an aggregate."""
    return [row for row in rows() if (row.kind, row.aggregate_id) == (kind, str(aggregate_id))][-1]


def opened() -> list[OutboxPromise]:
    """Return what is neither completed nor dead."""
    return [row for row in rows() if row.status not in {"completed", "dead_letter"}]


def told() -> list[tuple[str, str, str | None, str | None]]:
    """Return kind, status, outcome and error of all promises."""
    return [(row.kind, str(row.status), row.outcome, row.last_error) for row in rows()]


def link(kind: Kind, aggregate_id: UUID) -> Link:
    """Return an aggregate's link."""
    release()
    return db.session.execute(
        select(Link).where(Link.kind == kind, Link.aggregate_id == str(aggregate_id))
    ).scalar_one()


def links() -> list[Link]:
    """Return all links."""
    release()
    return list(db.session.execute(select(Link)).scalars())


def conflicts() -> list[Conflict]:
    """Return all conflicts."""
    release()
    return list(db.session.execute(select(Conflict).order_by(Conflict.id)).scalars())


def takes() -> dict[str, tuple[bool, bool | None, str]]:
    """Return what is known of the types that are taken."""
    release()
    return {
        row.resource_type: (row.is_taken, row.allows_our_ids, row.decided_by)
        for row in db.session.execute(select(Capability)).scalars()
    }


def patient_of(visit_id: UUID) -> UUID:
    """Return whose visit it is."""
    release()
    return db.session.execute(
        select(Patient.public_id)
        .join(Visit, Visit.patient_id == Patient.id)
        .where(Visit.public_id == visit_id)
    ).scalar_one()


def later(seconds: float) -> time_machine.travel:
    """Return a moment in the future."""
    return time_machine.travel(clock.utcnow() + timedelta(seconds=seconds))


@transactional
def touch(model: type[Sequenced], public_id: UUID) -> None:
    """Promise an aggregate anew: its seq rises, and nothing else changes."""
    promise(hold(model, public_id), "touched")


def people(hospital: Hospital, number: int) -> list[UUID]:
    """Return new patients, each promised once."""
    return [
        emr.enter_patient(
            name=f"김환자{one}",
            birth_date=date(1953, 4, 12),
            phone=f"010-7777-{one:04}",
            by=hospital.cast.henry,
        )
        for one in range(number)
    ]


def seq_of(model: type[Sequenced | Projected], public_id: UUID) -> int:
    """Return at which seq an aggregate stands here."""
    release()
    return db.session.execute(select(model.seq).where(model.public_id == public_id)).scalar_one()


def replay(by: Actor) -> None:
    """Give new lives to all dead letters."""
    relay.replay_all(relay.Asked(), seen_until=relay.dead_letters().seen_until, by=by)
