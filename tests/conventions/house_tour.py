"""A tour of the house: every route by every method, asked for by somebody of every role, here and next door."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select

from app.accounts import services as accounts
from app.accounts.roles import (
    POLICY,
    SITE_WIDE,
    STAFF_ROLES,
    Facts,
    Permission,
    Role,
    may,
)
from app.alerts import services as alerts
from app.alerts.rules import Kind
from app.alerts.services import About
from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.door.rights import PUBLIC
from app.emr import services as emr
from app.emr.models import Patient
from app.emr.rules import NoteKind
from app.journey import services as journey
from app.journey.models import Visit
from app.orders import services as orders
from app.orders.services import ItemWords, Wanted
from app.queues.models import QueueEntry
from tests.cast import PASSWORD
from tests.conventions.truth import (
    API,
    FORM_FIRST,
    HIDDEN,
    IN,
    LAST,
    NARROWER,
    OUT,
    REFUSED,
    STRANGER,
    WIDER,
    Way,
    is_listed,
)
from tests.hospital import Hospital
from tests.integration.imaging.reading import came_in
from tests.pages import Browser, csrf_of, send, sign_in

UNREADABLE = frozenset({400, 422})
WARD_STAFF = frozenset({Role.TECHNICIAN, Role.RADIOLOGY})
# Every form's common fields, with a version that no row has: whoever may is told so, and nothing is done.
FORM = {
    "version": "999",
    "reason": "보호자 요청",
    "minutes": "5",
    "text": "기록",
    "substance": "땅콩",
    "criticality": "low",
    "kind": "other",
    "system": "한빛병원",
    "value": "H-1",
    "name": "김가족",
    "relation": "child",
    "phone": "010-2222-3333",
    "service": "lab",
    "item": "cbc",
    "items": "cbc",
    "quantity": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wing:
    """One ward with one object of each kind."""

    unit: UUID
    visit: UUID
    objects: Mapping[str, UUID]


Asker = Callable[[str, str, Wing], int]


def in_turn(names: list[str], place: int, many: int) -> list[str]:
    """Return so many of them, others at each place."""
    return [names[(place + step) % len(names)] for step in range(min(many, len(names)))]


class Tour:
    """The hospital with two wings, and everybody at its door."""

    def __init__(self, app: Flask, hospital: Hospital) -> None:
        self.app, self.hospital = app, hospital
        self.people: dict[str, Actor] = self._hire()
        words = ItemWords(category="lab", name_ko="혈액검사", name_en="Blood count", price_won=8_000)
        orders.add_item("cbc", words, by=SYSTEM)
        self.here = self._wing("consult", hospital.consult, hospital.rooms[0], "flora")
        self.there = self._wing("ortho", hospital.elsewhere, hospital.other_room, "olga")
        self.people |= {
            "dana": hospital.cast.patient(self.here.visit),
            "kiosk": Actor(kind="kiosk", role="kiosk"),
            "board": Actor(kind="board", role="board"),
            "eve": hospital.cast.eve,
        }
        del self.people["olga"]
        db.session.remove()
        self.askers: dict[str, Asker] = {}

    def expected(self, way: Way, name: str) -> str:
        """Return what the policy says of somebody at a door; purely, of the route's mark and the object's owner."""
        by = self.people[name]
        if way.wanted == PUBLIC:
            return IN
        if by.role == Role.ANONYMOUS or (way.rule.rule.startswith(API) and name in {"kiosk", "board"}):
            return STRANGER  # the API knows tokens, and a device has none
        permission = Permission(way.wanted)
        if by.role not in POLICY[permission]:
            return REFUSED
        if is_listed(way, by.role, NARROWER):
            return OUT
        if not way.is_owned or is_listed(way, by.role, WIDER):
            return IN
        wing = self.there if way.next_door else self.here
        return IN if may(by, permission, Facts(unit=wing.unit, visit=wing.visit)) else HIDDEN

    def asked(self, way: Way, place: int) -> list[str]:
        """Return who really goes there: all whom the mark lets in, and one whom it does not.

        Of several who come by the same rule some go, others at each way: two of the ward (one next door), one of
        those who belong to no ward.
        """
        if way.wanted == PUBLIC:
            return ["eve"]
        let_in = [name for name in self.people if self.expected(way, name) in {IN, HIDDEN, OUT}]
        ward = [name for name in let_in if self.here.unit in self.people[name].units]
        house = [name for name in let_in if self.people[name].role in SITE_WIDE - {Role.KIOSK}]
        rest = [name for name in let_in if name not in {*ward, *house}]
        if way.rule.endpoint in LAST:
            rest.clear()  # a device that was signed out is paired by hand
        others = [] if way.next_door else [name for name in self.people if name not in {*let_in, "eve"}]
        return [
            *rest,
            *in_turn(ward, place, 1 if way.next_door else 2),
            *in_turn(house, place, 1),
            *in_turn(others, place, 1),
        ]

    def answer(self, way: Way, name: str) -> str:
        """Ask, and return how the door answered; whatever is then said of the form, whoever is told it is in."""
        wing = self.there if way.next_door else self.here
        is_signed_in_anew = way.rule.endpoint in LAST and name not in {"eve", "kiosk", "board"}
        if is_signed_in_anew or name not in self.askers:
            self.askers[name] = self._asker(name)
        status = self.askers[name](way.method, self.address(way), wing)
        if status >= 500:
            return f"fault {status}"
        expected = self.expected(way, name)
        told = {401: STRANGER, 429: STRANGER, 403: REFUSED, 404: HIDDEN}.get(status, IN)
        if (told == HIDDEN and not way.is_owned) or way.wanted == PUBLIC:
            return IN  # nothing is there, or the word was wrong: the door itself was open
        if expected == OUT and told != IN:
            return OUT
        if expected == HIDDEN and status in UNREADABLE and re.search(FORM_FIRST, way.name):
            return HIDDEN
        return told

    def address(self, way: Way) -> str:
        """Return where a way leads."""
        objects = (self.there if way.next_door else self.here).objects
        values = {
            name: objects.get(name)
            or next(iter(sorted(getattr(way.rule._converters.get(name), "items", ()))), uuid4())
            for name in way.rule.arguments
        }
        with self.app.test_request_context():
            _, path = way.rule.build(values) or ("", "")
        return path

    def _hire(self) -> dict[str, Actor]:
        people = self.hospital.cast.staff()
        for role in sorted(STAFF_ROLES - {one.role for one in people.values()}):
            units = {"ward": self.hospital.ward} if role in WARD_STAFF else {}
            people[role.value] = self._employ(
                role.value, role, units
            )  # of every role somebody, not of the cast
        people["olga"] = self._employ("olga", Role.CHARGE_NURSE, {"other": self.hospital.other})
        return people

    def _employ(self, name: str, role: Role, units: Mapping[str, UUID]) -> Actor:
        staff = accounts.create_staff(name, name.title(), role, PASSWORD, by=SYSTEM, units=list(units))
        return Actor(kind="staff", role=role, id=staff, units=frozenset(units.values()), name=name.title())

    def _wing(self, service: str, queue: UUID, room: UUID, nurse: str) -> Wing:
        """Let somebody wait there, who has a record and about whom there is an alert."""
        by, desk = self.people[nurse], self.hospital.cast.henry
        visit = self.hospital.waiting(service)
        patient, entry = db.session.execute(
            select(Patient.public_id, QueueEntry.public_id)
            .join(Visit, Visit.patient_id == Patient.id)
            .join(QueueEntry, QueueEntry.visit_id == Visit.id)
            .where(Visit.public_id == visit)
        ).one()
        db.session.remove()
        contact = emr.add_contact(patient, name="김보호", relation="child", phone="010-1111-2222", by=desk)
        number = emr.add_identifier(patient, kind="previous", value=f"{service}-1", by=desk)
        unit = next(iter(by.units))
        for kind, writer in ((NoteKind.MEDICAL, Role.DOCTOR), (NoteKind.NURSING, Role.NURSE)):
            emr.write_note(visit, kind, version=0, text="기록", by=replace(by, role=writer))
        doctor = replace(self.hospital.cast.grace, id=by.id, units=by.units)
        return Wing(
            unit=unit,
            visit=visit,
            objects={
                "queue_id": queue,
                "visit_id": visit,
                "entry_id": entry,
                "patient_id": patient,
                "point_id": room,
                "allergy_id": emr.add_allergy(patient, substance="라텍스", criticality="low", by=by).id,
                "flag_id": emr.raise_flag(patient, kind="fall-risk", by=by).id,
                "contact_id": contact.id,
                "identifier_id": number.id,
                "alert_id": alerts.raise_alert(
                    Kind.URGENT_LEFT, f"left:{visit}", About(unit=unit), by=SYSTEM
                ),
                "order_id": journey.place_order(visit, items=[Wanted("cbc")], by=doctor).order_id,
                "study_id": came_in(patient),
            },
        )

    def _asker(self, name: str) -> Asker:
        """Return somebody's hand: a token at the API, a browser everywhere else."""
        browser, token = self._browser(name), self._token(name)
        csrf = csrf_of(browser.get("/login"))

        def ask(method: str, path: str, wing: Wing) -> int:
            form = {
                **FORM,
                "entry": str(wing.objects["entry_id"]),
                "entry_id": str(wing.objects["entry_id"]),
                "entry_version": FORM["version"],
                "service_point_id": str(wing.objects["point_id"]),
                "visit_id": str(wing.visit),
            }
            if path.startswith(API):
                stranger = self.app.test_client(use_cookies=False)
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                body = None if method == "GET" else {**form, "version": 999, "minutes": 5}
                return stranger.open(path, method=method, headers=headers, json=body).status_code
            if method == "GET":
                return browser.get(path).status_code
            return browser.open(path, method=method, data={"csrf_token": csrf, **form}).status_code

        return ask

    def _browser(self, name: str) -> Browser:
        browser = Browser(self.app)
        if name in {"kiosk", "board"}:
            code = getattr(self.hospital, f"{name}_code")
            assert send(browser, f"/pair/{code}", "/pair", code=code).status_code == 303
        elif name == "dana":
            secret = journey.issue_link(self.here.visit, by=self.hospital.cast.henry)
            assert send(browser, f"/l/{secret}", f"/l/{secret}").status_code == 303
        elif name != "eve":
            sign_in(browser, name)
        return browser

    def _token(self, name: str) -> str | None:
        if name in {"kiosk", "board", "eve"}:
            return None
        if name == "dana":
            last4, born = self.hospital.phones[self.here.visit]
            body = {"phone_last4": last4, "birth_date": born.isoformat(), "tag": self.hospital.entrance}
            answer = self.app.test_client(use_cookies=False).post(f"{API}/auth/simple-login", json=body)
        else:
            answer = self.app.test_client(use_cookies=False).post(
                f"{API}/auth/login", json={"username": name, "password": PASSWORD}
            )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return str(answer.get_json()["access_token"])
