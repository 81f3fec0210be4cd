"""A resource is checked once, before it is kept to be sent: by the library's classes, our codes, our invariants."""

from collections.abc import Hashable
from typing import Final

from pydantic import ValidationError

from app.fhir.mappers.forms import form_of
from app.fhir.mappers.invariants import Issue, broken, has_period, malformed, turned
from app.fhir.mappers.naming import Json

MOST_TOLD = 5
MOST_FORMS: Final = 4096
_good: dict[Hashable, bool] = {}  # good forms, and whether a period stands in one


def prepare() -> None:
    """Import the library's classes now: in a process whose forks would each do it for one job."""
    _misshapen({"resourceType": "Patient"})


def issues_of(resource: Json) -> tuple[Issue, ...]:
    """Return what is wrong with a resource: rules and places, never what was written there; empty when it is R4."""
    form = form_of(resource)
    if (has_periods := _good.get(form)) is None:
        if shape := tuple(_misshapen(resource)):
            # What has not even the right shape is not walked: its values are not what the rules expect.
            return shape
        if found := malformed(resource):
            return found + turned(resource) + broken(resource)
        if len(_good) >= MOST_FORMS:
            _good.clear()
        has_periods = _good[form] = has_period(resource)
    return (turned(resource) if has_periods else ()) + broken(resource)


def told(issues: tuple[Issue, ...]) -> str:
    """Return the issues in one line for a technician."""
    more = len(issues) - MOST_TOLD
    return "; ".join([*map(str, issues[:MOST_TOLD]), *([f"and {more} more"] if more > 0 else [])])


def _misshapen(resource: Json) -> list[Issue]:
    # Here and not above: 0.1 s and 8 MB that pages and commands need not pay (a test holds it).
    from app.fhir.mappers.r4b import CLASSES  # noqa: PLC0415

    name = str(resource.get("resourceType"))
    try:
        CLASSES[name].model_validate(resource)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [Issue(one["type"], ".".join([name, *map(str, one["loc"])])) for one in found]
    return []
