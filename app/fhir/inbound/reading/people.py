"""What a Patient says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from app.core.errors import InvalidError
from app.emr.rules import phone_of
from app.fhir.inbound.reading.elements import (
    Resource,
    identifiers,
    list_of,
    object_of,
    objects_in,
    referred,
    text_of,
)
from app.fhir.inbound.reading.refusing import CannotTakeError, Why
from app.fhir.rules import issuer_of

HANGUL = re.compile(r"[가-힣]")
MR = "MR"  # v2-0203: the hospital's own number of a person
OLD = "old"
# What a further number is, by its code in v2-0203; another one is `other`.
KINDS = {MR: "hospital", "NH": "insurance", "MB": "insurance", "SN": "insurance"}
ISSUED = ("hospital", "insurance", "previous", "other")
LONGEST_MRN, LONGEST_NAME = 32, 100
LONGEST_SYSTEM, MOST_NUMBERS = 128, 20
GENDERS = frozenset({"male", "female", "other", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A further number of a person, beside the record number."""

    kind: str
    system: str
    value: str


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
    numbers: tuple[Number, ...] = ()


def person_of(resource: Resource, sid: str) -> Person:
    """Return what a Patient says; `sid`: below which our own systems stand.

    Raise CannotTakeError without a name or a whole birth date.
    """
    name = _name(resource)
    if not name:
        raise CannotTakeError(Why.NO_NAME)
    try:
        born = date.fromisoformat(str(resource.get("birthDate", "")))
    except ValueError:
        raise CannotTakeError(Why.NO_BIRTH_DATE) from None
    gender = text_of(resource, "gender")
    return Person(
        name=name,
        birth_date=born,
        gender=gender if gender in GENDERS else None,
        phone=_phone(resource),
        mrn=_mrn(resource, f"{sid}/mrn"),
        is_active=resource.get("active") is not False,
        replaced_by=next(
            (
                found
                for link in objects_in(resource.get("link"))
                if link.get("type") == "replaced-by" and (found := referred(link.get("other"), "Patient"))
            ),
            None,
        ),
        numbers=tuple(_numbers(resource, sid)),
    )


def _name(resource: Resource) -> str:
    """Return the name as it is used: the official one, written out, else put together as its language does."""
    names = [one for one in objects_in(resource.get("name")) if text_of(one, "use") not in {"old", "maiden"}]
    rank = {"official": 0, "usual": 1}
    for one in sorted(names, key=lambda name: rank.get(str(name.get("use")), 2)):
        text = one.get("text")
        family = one.get("family")
        given = [part for part in list_of(one.get("given")) if isinstance(part, str)]
        if not isinstance(text, str) or not text.strip():
            family = family if isinstance(family, str) else ""
            is_korean = bool(HANGUL.search(family + "".join(given)))
            text = family + "".join(given) if is_korean else " ".join([*given, family])
        if found := " ".join(text.split()):
            return found[:LONGEST_NAME]
    return ""


def _phone(resource: Resource) -> str | None:
    """Return the phone by which a person is reached, the mobile one first; None where none is a number."""
    points = [
        one for one in objects_in(resource.get("telecom")) if text_of(one, "system") in {"phone", "sms"}
    ]
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
        for one in objects_in(resource.get("identifier"))
        if MR in _types(one) and one.get("use") != OLD
    ]
    found = next((one for one in (*own, *typed) if one), None)
    return found if found and len(found) <= LONGEST_MRN and found.isascii() else None


def _numbers(resource: Resource, sid: str) -> Iterator[Number]:
    """Yield the further numbers that say whose they are; what is no text, or has ended, is none."""
    for one in objects_in(resource.get("identifier"))[:MOST_NUMBERS]:
        system, value = text_of(one, "system").strip(), text_of(one, "value").strip()
        if not system or not value or system == f"{sid}/mrn" or "end" in object_of(one.get("period")):
            continue
        kind = next((KINDS[code] for code in _types(one) if code in KINDS), "other")
        for ours in ISSUED:  # what we had sent comes home under its own name
            issuer = issuer_of(f"{sid}/{ours}", ours, system)
            if issuer is not None:
                kind, system = ours, issuer
        if len(system) <= LONGEST_SYSTEM and system.isprintable():
            yield Number(kind=kind, system=system, value=value)


def _types(identifier: Resource) -> list[str]:
    """Return the codes that say what kind of number this is."""
    return [str(one.get("code")) for one in objects_in(object_of(identifier.get("type")).get("coding"))]
