"""What a resource of the EMR says, read without trust: plain values out, a reason where they cannot be taken."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from app.core.errors import InvalidError
from app.emr.rules import phone_of
from app.fhir.rules import LONGEST_ETAG, LONGEST_REMOTE_ID

Resource = Mapping[str, Any]
REMOTE_ID = re.compile(rf"[A-Za-z0-9\-.]{{1,{LONGEST_REMOTE_ID}}}", re.ASCII)
HANGUL = re.compile(r"[가-힣]")
MR = "MR"  # v2-0203: the hospital's own number of a person
LONGEST_MRN, LONGEST_NAME = 32, 100
GENDERS = frozenset({"male", "female", "other", "unknown"})
# R4 Appointment.status -> what is kept of it; None: a wish that is no booking yet.
BOOKING_STATUS: Mapping[str, str | None] = {
    "proposed": None,
    "pending": None,
    "waitlist": None,
    "booked": "booked",
    "arrived": "booked",
    "checked-in": "booked",
    "fulfilled": "booked",
    "cancelled": "cancelled",
    "entered-in-error": "cancelled",
    "noshow": "noshow",
}
OPEN_ORDERS = frozenset({"active", "on-hold"})
TAKEN_BACK = frozenset({"revoked", "entered-in-error"})
INTENTS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})


class Why(StrEnum):
    """Why a resource could not be taken over; doors say what to do about it."""

    MALFORMED = "malformed"
    NO_NAME = "no_name"
    NO_BIRTH_DATE = "no_birth_date"
    MRN_TAKEN = "mrn_taken"
    MERGED_INTO_UNKNOWN = "merged_into_unknown"
    UNKNOWN_PATIENT = "unknown_patient"
    NO_TIME = "no_time"
    NO_SERVICE = "no_service"
    UNKNOWN_SERVICE = "unknown_service"
    NO_STAFF = "no_staff"
    NO_PLACE = "no_place"
    WAITS_FOR_VISIT = "waits_for_visit"
    IN_ROOM = "in_room"
    REFUSED = "refused"
    FAILED = "failed"


class CannotTakeError(Exception):
    """This resource cannot be taken over as it is; `detail` holds a code or an id, nobody's name."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(why)
        self.why, self.detail = why, detail[:120]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which resource, in which version, and since when."""

    resource_type: str
    remote_id: str
    version: str | None
    at: datetime | None
    source_version: int | None

    @property
    def etag(self) -> str | None:
        """Return the version as HTTP carries it."""
        return f'W/"{self.version}"' if self.version else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A Patient."""

    name: str
    birth_date: date
    gender: str | None
    phone: str | None
    mrn: str | None
    is_active: bool
    replaced_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """An Appointment; `status` None: not a booking yet. `words` name a service where no code of ours does.

    `labels` are what codes are called, which may be listed; free text may hold a patient's story.
    """

    patient: str
    starts_at: datetime
    status: str | None
    is_here: bool
    is_registered: bool
    codes: tuple[str, ...]
    words: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A ServiceRequest."""

    patient: str
    is_open: bool
    is_taken_back: bool
    encounter: str | None
    code: str | None
    words: tuple[str, ...]
    labels: tuple[str, ...]


def stamp_of(resource: Resource, resource_type: str) -> Stamp:
    """Return which version of what this is. Raise CannotTakeError for what is no resource of this type."""
    remote_id = resource.get("id")
    if resource.get("resourceType") != resource_type or not isinstance(remote_id, str):
        raise CannotTakeError(Why.MALFORMED, "id")
    if not REMOTE_ID.fullmatch(remote_id):
        raise CannotTakeError(Why.MALFORMED, "id")
    meta = resource.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    version = meta.get("versionId")
    return Stamp(
        resource_type=resource_type,
        remote_id=remote_id,
        version=str(version)[: LONGEST_ETAG - 4] if version else None,
        at=_moment(meta.get("lastUpdated")),
        source_version=_source_version(resource),
    )


def person_of(resource: Resource, mrn_system: str) -> Person:
    """Return what a Patient says. Raise CannotTakeError without a name or a whole birth date."""
    name = _name(resource)
    if not name:
        raise CannotTakeError(Why.NO_NAME)
    try:
        born = date.fromisoformat(str(resource.get("birthDate", "")))
    except ValueError:
        raise CannotTakeError(Why.NO_BIRTH_DATE) from None
    gender = _text(resource, "gender")
    return Person(
        name=name,
        birth_date=born,
        gender=gender if gender in GENDERS else None,
        phone=_phone(resource),
        mrn=_mrn(resource, mrn_system),
        is_active=resource.get("active") is not False,
        replaced_by=next(
            (
                found
                for link in _objects(resource.get("link"))
                if link.get("type") == "replaced-by" and (found := referred(link.get("other"), "Patient"))
            ),
            None,
        ),
    )


def booking_of(resource: Resource, service_systems: Collection[str]) -> Booking:
    """Return what an Appointment says. Raise CannotTakeError without a patient or a time."""
    actors = [_object(one.get("actor")) for one in _objects(resource.get("participant"))]
    patient = next((found for one in actors if (found := referred(one, "Patient"))), None)
    if patient is None:
        raise CannotTakeError(Why.UNKNOWN_PATIENT)
    starts_at = _moment(resource.get("start"))
    if starts_at is None:
        raise CannotTakeError(Why.NO_TIME)
    status = _text(resource, "status")
    concepts = [
        *_objects(resource.get("serviceType")),
        _object(resource.get("appointmentType")),
        *_objects(resource.get("reasonCode")),
    ]
    named = [
        str(one["display"])
        for one in actors
        if referred(one, "HealthcareService") and isinstance(one.get("display"), str)
    ]
    return Booking(
        patient=patient,
        starts_at=starts_at,
        status=BOOKING_STATUS.get(status),
        is_here=status in {"arrived", "checked-in"},
        is_registered=status == "checked-in",
        codes=tuple(dict.fromkeys(code for one in concepts for code in _codes(one, service_systems))),
        words=tuple(dict.fromkeys([*named, *(word for one in concepts for word in _words(one))])),
        labels=tuple(dict.fromkeys(label for one in concepts for label in _labels(one))),
    )


def order_of(resource: Resource, service_systems: Collection[str]) -> Order | None:
    """Return what a ServiceRequest says, or None for a mere plan or proposal. Raise CannotTakeError."""
    if _text(resource, "intent") not in INTENTS:
        return None
    patient = referred(_object(resource.get("subject")), "Patient")
    if patient is None:
        raise CannotTakeError(Why.UNKNOWN_PATIENT)
    status, concept = _text(resource, "status"), _object(resource.get("code"))
    return Order(
        patient=patient,
        is_open=status in OPEN_ORDERS,
        is_taken_back=status in TAKEN_BACK,
        encounter=referred(_object(resource.get("encounter")), "Encounter"),
        code=next(iter(_codes(concept, service_systems)), None),
        words=tuple(_words(concept)),
        labels=tuple(_labels(concept)),
    )


def identifiers(resource: Resource, system: str) -> tuple[str, ...]:
    """Return the values of the identifiers of one system."""
    return tuple(
        one["value"].strip()
        for one in _objects(resource.get("identifier"))
        if one.get("system") == system and isinstance(one.get("value"), str) and one["value"].strip()
    )


def every_identifier(resource: Resource) -> tuple[str, ...]:
    """Return the values of all identifiers, of whatever system."""
    return tuple(
        one["value"].strip()
        for one in _objects(resource.get("identifier"))
        if isinstance(one.get("value"), str) and one["value"].strip()
    )


def referred(reference: object, resource_type: str) -> str | None:
    """Return the id that a Reference of this type names: `Patient/7`, or an address that ends so."""
    text = _object(reference).get("reference")
    if not isinstance(text, str):
        return None
    parts = text.split("/_history/", 1)[0].split("/")
    if len(parts) < 2 or parts[-2] != resource_type or not REMOTE_ID.fullmatch(parts[-1]):  # noqa: PLR2004 - type and id
        return None
    return parts[-1]


def _name(resource: Resource) -> str:
    """Return the name as it is used: the official one, written out, else put together as its language does."""
    names = [one for one in _objects(resource.get("name")) if _text(one, "use") not in {"old", "maiden"}]
    rank = {"official": 0, "usual": 1}
    for one in sorted(names, key=lambda name: rank.get(str(name.get("use")), 2)):
        text = one.get("text")
        family = one.get("family")
        given = [part for part in _list(one.get("given")) if isinstance(part, str)]
        if not isinstance(text, str) or not text.strip():
            family = family if isinstance(family, str) else ""
            is_korean = bool(HANGUL.search(family + "".join(given)))
            text = family + "".join(given) if is_korean else " ".join([*given, family])
        if found := " ".join(text.split()):
            return found[:LONGEST_NAME]
    return ""


def _phone(resource: Resource) -> str | None:
    """Return the phone by which a person is reached, the mobile one first; None where none is a number."""
    points = [one for one in _objects(resource.get("telecom")) if _text(one, "system") in {"phone", "sms"}]
    for one in sorted(points, key=lambda point: (point.get("use") != "mobile", point.get("use") == "old")):
        value = one.get("value")
        if not isinstance(value, str):
            continue
        try:
            return phone_of(value.removeprefix("tel:"))
        except InvalidError:
            continue
    return None


def _mrn(resource: Resource, system: str) -> str | None:
    own = identifiers(resource, system)
    typed = [
        str(one.get("value", "")).strip()
        for one in _objects(resource.get("identifier"))
        if any(coding.get("code") == MR for coding in _objects(_object(one.get("type")).get("coding")))
    ]
    found = next((one for one in (*own, *typed) if one), None)
    return found if found and len(found) <= LONGEST_MRN and found.isascii() else None


def _codes(concept: Resource, systems: Collection[str]) -> Iterator[str]:
    for coding in _objects(concept.get("coding")):
        code = coding.get("code")
        if _text(coding, "system") in systems and isinstance(code, str) and code:
            yield code


def _labels(concept: Resource) -> Iterator[str]:
    """Return what the codings are called: by the terminology's words, else by the code."""
    for coding in _objects(concept.get("coding")):
        for name in ("display", "code"):
            value = coding.get(name)
            if isinstance(value, str) and value.strip():
                yield " ".join(value.split())
                break


def _words(concept: Resource) -> Iterator[str]:
    texts: Iterable[object] = (
        concept.get("text"),
        *(one.get("display") for one in _objects(concept.get("coding"))),
    )
    for text in texts:
        if isinstance(text, str) and text.strip():
            yield " ".join(text.split())


def _source_version(resource: Resource) -> int | None:
    for one in _objects(resource.get("extension")):
        if str(one.get("url", "")).endswith("/StructureDefinition/source-version"):
            value = one.get("valueInteger")
            return value if isinstance(value, int) else None
    return None


def _moment(value: object) -> datetime | None:
    """Return an instant; one without a zone is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _text(owner: Resource, name: str) -> str:
    value = owner.get(name)
    return value if isinstance(value, str) else ""


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _objects(value: object) -> list[Resource]:
    return [one for one in _list(value) if isinstance(one, Mapping)]


def _object(value: object) -> Resource:
    return value if isinstance(value, Mapping) else {}
