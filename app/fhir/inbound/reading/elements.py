"""The elements of any resource, read without trust: what is not of its shape is not there."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.fhir.rules import LONGEST_REMOTE_ID

Resource = Mapping[str, Any]
REMOTE_ID = re.compile(rf"[A-Za-z0-9\-.]{{1,{LONGEST_REMOTE_ID}}}", re.ASCII)


def identifiers(resource: Resource, system: str) -> tuple[str, ...]:
    """Return the values of the identifiers of one system."""
    return tuple(
        one["value"].strip()
        for one in objects_in(resource.get("identifier"))
        if one.get("system") == system and isinstance(one.get("value"), str) and one["value"].strip()
    )


def every_identifier(resource: Resource) -> tuple[str, ...]:
    """Return the values of all identifiers, of whatever system."""
    return tuple(
        one["value"].strip()
        for one in objects_in(resource.get("identifier"))
        if isinstance(one.get("value"), str) and one["value"].strip()
    )


def referred(reference: object, resource_type: str) -> str | None:
    """Return the id that a Reference of this type names: `Patient/7`, or an address that ends so."""
    text = object_of(reference).get("reference")
    if not isinstance(text, str):
        return None
    parts = text.split("/_history/", 1)[0].split("/")
    if len(parts) < 2 or parts[-2] != resource_type or not REMOTE_ID.fullmatch(parts[-1]):  # noqa: PLR2004 - type and id
        return None
    return parts[-1]


def codes_of(concept: Resource, systems: Collection[str]) -> Iterator[str]:
    """Yield the codes of some systems."""
    for coding in objects_in(concept.get("coding")):
        code = coding.get("code")
        if text_of(coding, "system") in systems and isinstance(code, str) and code:
            yield code


def labels_of(concept: Resource) -> Iterator[str]:
    """Return what the codings are called: by the terminology's words, else by the code."""
    for coding in objects_in(concept.get("coding")):
        for name in ("display", "code"):
            value = coding.get(name)
            if isinstance(value, str) and value.strip():
                yield " ".join(value.split())
                break


def words_of(concept: Resource) -> Iterator[str]:
    """Yield how people call it: in their own words, then in the terminology's."""
    texts: Iterable[object] = (
        concept.get("text"),
        *(one.get("display") for one in objects_in(concept.get("coding"))),
    )
    for text in texts:
        if isinstance(text, str) and text.strip():
            yield " ".join(text.split())


def moment_of(value: object) -> datetime | None:
    """Return an instant; one without a zone is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def text_of(owner: Resource, name: str) -> str:
    """Return a text, empty where there is none."""
    value = owner.get(name)
    return value if isinstance(value, str) else ""


def list_of(value: object) -> Sequence[object]:
    """Return a list, empty where it is none."""
    return value if isinstance(value, list) else ()


def objects_in(value: object) -> list[Resource]:
    """Return the objects of a list."""
    return [one for one in list_of(value) if isinstance(one, Mapping)]


def object_of(value: object) -> Resource:
    """Return an object, empty where it is none."""
    return value if isinstance(value, Mapping) else {}
