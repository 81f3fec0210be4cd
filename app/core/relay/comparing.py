"""Comparing: what was to be said against what would be said now, field by field, with what is a patient's left out."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

MASK: Final = "•••"
TEXT: Final = "(text)"
# The fields whose values describe the message and nobody in it. Whatever is not named here is masked: a list of
# what is personal would forget something.
OPEN: Final = frozenset(
    {
        "resourceType",
        "id",
        "status",
        "system",
        "url",
        "use",
        "mode",
        "intent",
        "reference",
        "valueInteger",
        "versionId",
        "notice",
        "template",
        "lang",
        "queue",
        "seq",
    }
)
OPEN_BELOW: Final = ("valueCoding.code",)  # the state of the journey, in our own code system
PATIENT: Final = re.compile(r"\bPatient/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what was to be said, what would be said now, None where it is not there.

    `is_same` compares the true values, also where both are masked.
    """

    path: str
    was: str | None
    now: str | None
    is_same: bool


def compare(was: str | None, now: str | None, *, masked: bool) -> tuple[Field, ...]:
    """Return all fields of two payloads in the order of their paths; `masked` covers what is a patient's."""
    old, new = _flat(was), _flat(now)
    return tuple(
        Field(
            path=path,
            was=_covered(path, old.get(path), masked=masked),
            now=_covered(path, new.get(path), masked=masked),
            is_same=old.get(path) == new.get(path),
        )
        for path in sorted(old.keys() | new.keys(), key=_in_order)
    )


def patients_in(payload: str | None) -> frozenset[UUID]:
    """Return the patients whom a payload is about: the FHIR resource itself, its references, a notice's patient."""
    found = {UUID(one) for one in PATIENT.findall(payload or "")}
    said = _parsed(payload)
    if isinstance(said, dict):
        own = said.get("id") if said.get("resourceType") == "Patient" else said.get("patient")
        with suppress(ValueError):  # a remote id, which our audit does not know
            found |= {UUID(str(own))} if own else set()
    return frozenset(found)


def _covered(path: str, value: str | None, *, masked: bool) -> str | None:
    if value is None or not masked:
        return value
    leaf = path.rpartition(".")[2].partition("[")[0]
    return value if leaf in OPEN or path.endswith(OPEN_BELOW) else MASK


def _flat(payload: str | None) -> dict[str, str]:
    if payload is None:
        return {}
    said = _parsed(payload)
    return {TEXT: payload} if said is None else dict(_leaves("", said))


def _parsed(payload: str | None) -> Any:
    try:
        return json.loads(payload or "")
    except ValueError:
        return None


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(f"{path}[{number}]", inner)
    else:
        yield path or TEXT, value if isinstance(value, str) else json.dumps(value)


def _in_order(path: str) -> list[tuple[str, int]]:
    """`identifier[10]` stands after `identifier[9]`."""
    return [(name, int(number or 0)) for name, number in re.findall(r"([^.\[\]]+)(?:\[(\d+)\])?", path)]
