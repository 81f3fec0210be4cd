"""What the ward's forms carry besides a version: a reason, chosen or in own words, and how long something lasts."""

from datetime import datetime, timedelta

from flask import request

from app.core import clock
from app.core.errors import InvalidError
from app.door import field

LONGEST_REASON = 120
MINUTES = (5, 10, 15, 20, 30, 45, 60, 90, 120)


def reason_field() -> str | None:
    """Return why: own words before the button that was pressed, as Enter in a text presses a form's first button."""
    return field("other", longest=LONGEST_REASON) or field("reason", longest=LONGEST_REASON) or None


def until_field() -> datetime | None:
    """Return the end of so many minutes from now, None where it is left open. Raise InvalidError."""
    text = field("minutes")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) in MINUTES):
        raise InvalidError(field="minutes", why="unknown", allowed=MINUTES)
    return clock.utcnow() + timedelta(minutes=int(text))


def number_field(name: str) -> int | None:
    """Return a small whole number, None where the form carried none. Raise InvalidError."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 6):  # noqa: PLR2004 - no queue holds 100,000
        raise InvalidError(field=name, why="unknown")
    return int(text)
