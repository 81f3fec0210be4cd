"""The EMR as its own staff use it, and the house that reads it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app import settings
from app.core import clock, outbox, relay
from app.core.db import db
from app.core.relay import consumer as relay_consumers
from app.core.transaction import release
from app.emr.models import Appointment, Patient
from app.fhir import inbound, targets
from app.fhir.models import Link, Unmatched
from app.fhir.queries.sync import forget_standing
from app.fhir.relay.registering import consumer
from app.fhir.rules import Target
from app.journey.models import Visit, VisitStep
from tests.hospital import Hospital
from tests.services.fhir import FhirServer

BASE = "https://annae.example/fhir"
SERVICE = f"{BASE}/sid/service"
MRN = f"{BASE}/sid/mrn"


class Emr:
    """What somebody at the EMR does, and what has come of it here."""

    def __init__(self, server: FhirServer, hospital: Hospital) -> None:
        self.server, self.hospital = server, hospital

    @property
    def target(self) -> Target:
        """Return the EMR as the settings name it."""
        found = targets.find("emr")
        assert found is not None
        return found

    def pull(self, **how: Any) -> inbound.Pulled:
        """Read it."""
        release()
        return inbound.pull(self.target, **how)

    def deliver(self, *, most_rounds: int = 20) -> None:
        """Tell it what it is to hear, until nothing is left."""
        found = relay.find("fhir:emr")
        assert found is not None
        for _ in range(most_rounds):
            release()
            relay.deliver_due(found)
            release()
            waits = db.session.execute(
                select(outbox.OutboxPromise.id)
                .where(outbox.OutboxPromise.status.in_(["pending", "failed"]))
                .limit(1)
            ).first()
            release()
            if waits is None:
                return
            relay.hurry("fhir:emr")
        raise AssertionError("still something to tell")

    def patient(self, remote_id: str, **words: Any) -> dict[str, Any]:
        """Enter somebody there, or change them."""
        said: dict[str, Any] = {
            "resourceType": "Patient",
            "id": remote_id,
            "identifier": [{"system": MRN, "value": f"M-{remote_id}"}],
            "active": True,
            "name": [{"use": "official", "text": "김민수"}],
            "telecom": [{"system": "phone", "use": "mobile", "value": "010-1234-5678"}],
            "gender": "male",
            "birthDate": "1980-02-03",
        }
        return self.server.put({name: value for name, value in (said | words).items() if value is not None})

    def booking(
        self,
        remote_id: str,
        patient: str,
        *codes: str,
        at: datetime | None = None,
        status: str = "booked",
        **words: Any,
    ) -> dict[str, Any]:
        """Book somebody there, move it, or call it off."""
        start = at or clock.utcnow() + timedelta(minutes=10)
        said: dict[str, Any] = {
            "resourceType": "Appointment",
            "id": remote_id,
            "status": status,
            "serviceType": [
                {"coding": [{"system": SERVICE, "code": code}]} for code in codes or ("consult",)
            ],
            "start": start.isoformat(),
            "end": (start + timedelta(minutes=10)).isoformat(),
            "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}],
        }
        return self.server.put({name: value for name, value in (said | words).items() if value is not None})

    def order(
        self, remote_id: str, patient: str, code: str, status: str = "active", **words: Any
    ) -> dict[str, Any]:
        """Order something there, or take it back."""
        return self.server.put(
            {
                "resourceType": "ServiceRequest",
                "id": remote_id,
                "status": status,
                "intent": "order",
                "code": {"coding": [{"system": SERVICE, "code": code}]},
                "subject": {"reference": f"Patient/{patient}"},
                **words,
            }
        )

    def patients(self) -> list[Patient]:
        """Return all patients as they are committed."""
        release()
        return list(db.session.execute(select(Patient).order_by(Patient.id)).scalars())

    def patient_of(self, remote_id: str) -> Patient:
        """Return who a resource of theirs is here."""
        found: Patient = self._of(Patient, "Patient", remote_id)
        return found

    def appointment_of(self, remote_id: str) -> Appointment:
        """Return which booking a resource of theirs is here."""
        found: Appointment = self._of(Appointment, "Appointment", remote_id)
        return found

    def visits_of(self, remote_id: str) -> list[Visit]:
        """Return the visits of somebody, the oldest first."""
        patient = self.patient_of(remote_id)
        return list(
            db.session.execute(
                select(Visit).where(Visit.patient_id == patient.id).order_by(Visit.id)
            ).scalars()
        )

    def visit_of(self, remote_id: str) -> Visit:
        """Return the only open visit of somebody."""
        [visit] = [one for one in self.visits_of(remote_id) if one.open_slot]
        return visit

    def steps_of(self, visit: UUID) -> list[tuple[str, str]]:
        """Return what a visit plans: service and status, in order."""
        release()
        return [
            (row.service_code, row.status)
            for row in db.session.execute(
                select(VisitStep.service_code, VisitStep.status)
                .join(Visit, Visit.id == VisitStep.visit_id)
                .where(Visit.public_id == visit)
                .order_by(VisitStep.ordinal)
            )
        ]

    def listed(self) -> dict[str, str]:
        """Return what could not be taken over, and why."""
        release()
        rows = db.session.execute(select(Unmatched.resource_type, Unmatched.remote_id, Unmatched.reason))
        return {f"{row.resource_type}/{row.remote_id}": row.reason for row in rows}

    def links(self) -> int:
        """Return how many of theirs are known here."""
        release()
        return len(db.session.execute(select(Link.id)).all())

    def _of(self, model: Any, resource_type: str, remote_id: str) -> Any:
        release()
        [row] = db.session.execute(
            select(Link.aggregate_id).where(Link.resource_type == resource_type, Link.remote_id == remote_id)
        ).all()
        return db.session.execute(select(model).where(model.public_id == UUID(row.aggregate_id))).scalar_one()


def open_emr(server: FhirServer, hospital: Hospital) -> Iterator[Emr]:
    """Let the house read this EMR."""
    now = settings.current()
    settings.use(
        now.model_copy(
            update={
                "fhir_base_url": server.base_url,
                "fhir_hook_secret": type(now.fhir_hook_secret)("let-me-know"),
            }
        )
    )
    forget_standing()
    target = targets.find("emr")
    assert target is not None
    relay.register(consumer(target))
    yield Emr(server, hospital)
    outbox._consumers.pop("fhir:emr", None)
    relay_consumers._registered.pop("fhir:emr", None)
    forget_standing()


@pytest.fixture
def emr(app: Flask, hospital: Hospital, fhir_server: FhirServer) -> Iterator[Emr]:
    """Give the EMR, read by the house on each database in turn."""
    yield from open_emr(fhir_server, hospital)
