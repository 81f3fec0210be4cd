"""The form of a resource: its elements, its codes, and of other values what a type of FHIR can tell of them.

What is good of one form is good of all (R4 datatypes.html: its types are patterns, and a calendar), so that each form
is looked at once. A value of which we cannot say so is part of the form itself.
"""

import re
from collections.abc import Hashable
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from math import isfinite
from typing import Any, Final

from app.fhir.mappers.codes import REQUIRED

# Elements whose values decide: codes, and what says whose codes they are.
CODED: Final = frozenset({"resourceType", "code", *(path.rpartition(".")[2] for path in REQUIRED)})
LARGEST_INT: Final = 2**31 - 1
LONGEST_KEPT: Final = 400
KINDS: Final = re.compile(
    r"(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3,6})?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2}))"
    r"|(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"|(?P<type>[A-Z][A-Za-z]{1,40})/(?P<ref>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?P<staff>Practitioner/[A-Za-z0-9.\-]{1,64})"
    r"|(?P<uid>(?=.{1,64}\Z)[0-9]+(?:\.[0-9]+){3,})"
    r"|(?P<oid>urn:oid:[0-9]+(?:\.[0-9]+){3,63})"
    # No date, no time and no number is one of these, and an id may be a token only.
    r"|(?P<digits>[0-9]{6,60})"
    r"|(?P<token>(?=[0-9.\-]*[A-Za-z])[A-Za-z0-9.\-]{1,64})"
    r"|(?P<letters>[^\W\d_A-Za-z]+)"
    r"|(?P<words>[\w!-~]+(?: [\w!-~]+)+)"
)


def form_of(value: Any) -> Hashable:
    """Return the form of a JSON value; equal forms are good or bad together."""
    kind = type(value)
    if kind is str:
        # A report is kept by its digest: as long as it is, it must not stand in a cache.
        return (
            _of_text(value)
            if len(value) <= LONGEST_KEPT
            else sha256(value.encode(errors="surrogatepass")).digest()
        )
    if kind is dict:
        return (
            "{",
            *[
                (name, one if name in CODED and type(one) is str else form_of(one))
                for name, one in value.items()
            ],
        )
    if kind is list:
        # Each is looked at by itself: how many are alike says nothing.
        return ("[", *dict.fromkeys(map(form_of, value)))
    if kind is int:
        return kind, (value > 0) - (value < 0), abs(value) <= LARGEST_INT
    if kind is float:
        return kind, isfinite(value)
    return kind, value


# Most of what stands in a resource stands in all of its kind.
@lru_cache(maxsize=4096)
def _of_text(text: str) -> Hashable:
    found = KINDS.fullmatch(text)
    if found is None:
        return text
    kind = found.lastgroup
    if kind == "date":
        return kind if _is_good(date, text) else text
    if found["at"]:
        return ("at", found["zone"]) if _is_good(datetime, text) else text
    return ("ref", found["type"]) if found["ref"] else kind


def _is_good(calendar: type[date], text: str) -> bool:
    try:
        calendar.fromisoformat(text)
    except ValueError:
        return False
    return True
