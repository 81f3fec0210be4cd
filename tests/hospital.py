"""A small hospital: the demo's map, two wards, three queues, staff with passwords, one kiosk, one tag."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

from app.accounts import services as accounts
from app.core import clock
from app.core.actor import ANONYMOUS, SYSTEM, Actor
from app.demo import hospital as plan
from app.emr import services as emr
from app.journey import services as journey
from app.queues import services as queues
from app.queues.services import Rules
from app.tags import services as tags
from tests.cast import PASSWORD, STAFF, Cast

SITE = plan.SITE
_people = count(1)
ALL_DAY = Rules(check_in_before_seconds=86400, check_in_after_seconds=86400, least_service_seconds=0)


@dataclass(frozen=True, slots=True)
class Hospital:
    """Ids of what was built."""

    cast: Cast
    ward: UUID
    other: UUID
    consult: UUID  # queue of the ward, rooms 1-3
    lab: UUID  # queue of the ward, one room
    elsewhere: UUID  # queue of the other ward
    rooms: tuple[UUID, ...]
    lab_room: UUID
    other_room: UUID
    entrance: str  # token of the entrance's tag
    kiosk_code: str
    board_code: str
    phones: dict[UUID, tuple[str, date]] = field(default_factory=dict)

    def expect(
        self,
        *planned: str,
        name: str | None = None,
        at: datetime | None = None,
        phone: str | None = None,
        born: date = date(1953, 4, 12),
    ) -> UUID:
        """Let a booked patient be expected today; return the visit."""
        number = next(_people)
        phone = phone or f"010-{1000 + number // 10000:04}-{number % 10000:04}"
        patient = emr.enter_patient(
            name=name or f"김환자{number}", birth_date=born, phone=phone, by=self.cast.henry
        )
        booked = emr.book(
            patient, starts_at=at or clock.utcnow(), planned=planned or ("consult",), by=self.cast.henry
        )
        visit = journey.expect(booked, site=SITE, by=self.cast.henry)
        self.phones[visit] = (phone.replace("-", "")[-4:], born)
        return visit

    def waiting(self, *planned: str, name: str | None = None) -> UUID:
        """Let a patient be expected, arrive and register, so that the first line is joined."""
        visit = self.expect(*planned, name=name)
        journey.arrive(visit, by=self.cast.henry)
        journey.register(visit, version=2, by=self.cast.henry)
        return visit


def build() -> Hospital:
    """Build the hospital by the services that an administrator uses."""
    plan.build()
    ward = accounts.add_unit("ward", "내과", "Internal medicine", by=SYSTEM)
    other = accounts.add_unit("other", "정형외과", "Orthopaedics", by=SYSTEM)
    units = {"ward": ward, "other": other}
    people = {
        name: Actor(
            kind="staff",
            role=role,
            id=accounts.create_staff(
                name, name.title(), role, PASSWORD, by=SYSTEM, units=[unit] if unit else []
            ),
            units=frozenset({units[unit]}) if unit else frozenset(),
            name=name.title(),
        )
        for name, (role, unit) in STAFF.items()
    }
    chris = people["chris"]
    cast = Cast(
        **people,
        dana=Actor(kind="kiosk", role="kiosk", id=uuid4(), device_id=uuid4()),
        eve=ANONYMOUS,
    )
    for code, ko, en in (
        ("consult", "내과 진료", "Consultation"),
        ("lab", "채혈", "Blood test"),
        ("ortho", "정형외과 진료", "Orthopaedics"),
    ):
        queues.offer(
            code,
            name_ko=ko,
            name_en=en,
            preparation=("검사 전 8시간 금식해 주세요.", "Please fast for 8 hours before.")
            if code == "lab"
            else ("", ""),
            by=chris,
        )

    def opened(code: str, service: str, unit: UUID, ko: str, en: str, place: str) -> UUID:
        return queues.open_queue(
            code,
            service=service,
            site=SITE,
            unit=unit,
            name_ko=ko,
            name_en=en,
            place=place,
            rules=ALL_DAY,
            by=chris,
        )

    consult = opened("consult", "consult", ward, "내과", "Internal medicine", "2f-demo-1")
    lab = opened("lab", "lab", ward, "채혈실", "Blood test", "2f-demo-2")
    elsewhere = opened("ortho", "ortho", other, "정형외과", "Orthopaedics", "2f-demo-3")
    rooms = tuple(
        queues.add_room(consult, name_ko=f"{n}번 진료실", name_en=f"Room {n}", place=f"2f-demo-{n}", by=chris)
        for n in (1, 2, 3)
    )
    entrance = next(iter(place for place in plan.plan().nodes if place.kind == "entrance"))
    kiosk = accounts.announce_device("kiosk", "로비 키오스크", place=entrance.code, by=chris)
    board = accounts.announce_device("board", "내과 대기실", queue_id=consult, by=chris)
    return Hospital(
        cast=cast,
        ward=ward,
        other=other,
        consult=consult,
        lab=lab,
        elsewhere=elsewhere,
        rooms=rooms,
        lab_room=queues.add_room(lab, name_ko="채혈실", name_en="Lab", place="2f-demo-2", by=chris),
        other_room=queues.add_room(
            elsewhere, name_ko="정형외과 1번", name_en="Ortho 1", place="2f-demo-3", by=chris
        ),
        entrance=tags.issue(place=entrance.code, kind="entrance", by=chris).token,
        kiosk_code=kiosk.code,
        board_code=board.code,
    )


def tomorrow() -> datetime:
    """Return this time tomorrow."""
    return clock.utcnow() + timedelta(days=1)
