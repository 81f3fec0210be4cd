"""A partner's program at the API: JSON in, JSON out, one token and no cookie."""

import json
from collections.abc import Iterable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.core.db import Model, db
from tests.cast import PASSWORD
from tests.hospital import Hospital

ROOT = "/api/v1"
# What a refusal must leave as it was.
RECORDS = (
    "visit",
    "visit_step",
    "queue_entry",
    "queue_call",
    "flow_event",
    "patient",
    "appointment",
    "idempotency_key",
)


@dataclass
class Partner:
    """Whoever holds a token, or nobody."""

    app: Flask
    token: str | None = None
    refresh_token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, **request: Any) -> Any:
        """Send a request, in a context of its own as on a server."""
        headers = {**self.headers, **request.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        client = self.app.test_client(use_cookies=False)
        answer: TestResponse = Context().run(
            client.open, ROOT + path, method=method, headers=headers, **request
        )
        return answer

    def get(self, path: str, **headers: str) -> Any:
        """Read something."""
        return self.send("GET", path, headers=headers)

    def post(self, path: str, body: object = None, *, key: str | None = None, **headers: str) -> Any:
        """Command something."""
        if key:
            headers["Idempotency-Key"] = key
        return self.send("POST", path, json={} if body is None else body, headers=headers)

    def patch(self, path: str, body: object, **headers: str) -> Any:
        """Change something."""
        return self.send(
            "PATCH", path, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )


@dataclass
class Partners:
    """Signs people in at the API."""

    app: Flask
    hospital: Hospital
    known: dict[str, Partner] = field(default_factory=dict)

    def stranger(self) -> Partner:
        """Return somebody without a token."""
        return Partner(self.app)

    def staff(self, name: str) -> Partner:
        """Return a member of the cast, signed in."""
        if name == "eve":
            return self.stranger()
        if name not in self.known:
            answer = self.stranger().post("/auth/login", {"username": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            self.known[name] = Partner(self.app, answer.json["access_token"], answer.json["refresh_token"])
        return self.known[name]

    def patient(self, visit: UUID) -> Partner:
        """Return the patient of a visit, recognised at the entrance."""
        answer = self.stranger().post("/auth/simple-login", self.answers(visit))
        assert answer.status_code == 200, answer.text
        return Partner(self.app, answer.json["access_token"], answer.json["refresh_token"])

    def answers(self, visit: UUID) -> dict[str, str]:
        """Return what a patient of a visit says at the entrance."""
        last4, born = self.hospital.phones[visit]
        return {"phone_last4": last4, "birth_date": born.isoformat(), "tag": self.hospital.entrance}


def records(only: Iterable[str] = RECORDS) -> dict[str, str]:
    """Return everything that stands in these tables."""
    db.session.remove()
    found = {
        table: json.dumps(
            [list(row) for row in db.session.execute(select(Model.metadata.tables[table]))], default=str
        )
        for table in only
    }
    db.session.remove()
    return found
