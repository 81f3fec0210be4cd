"""What an administrator types of a plan of staff: rows of a day, seven days of a week, one date that differs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField
from wtforms.validators import InputRequired

from app.core.errors import InvalidError, RefusedError
from app.waits.plans import DAY_MINUTES, MOST_SHIFTS, MOST_STAFF, Shift
from app.web.forms import Form

WEEKDAY_WORDS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
WORKDAYS = 5
BLANK_ROWS = 2
SENTENCES = {
    "incomplete": _l("Please fill in from, to and how many."),
    "times": _l("A shift lasts 24 hours at most and ends after it begins."),
    "staff": _l("Please enter a number from 0 to 200."),
    "overlap": _l("This overlaps another row of the day."),
    "too_many": _l("A day has 12 rows at most."),
    "past": _l("This date has passed."),
    "too_far": _l("Please choose a date within the next year."),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the form; the texts are what the browser shows and sends."""

    begins: str = ""
    ends: str = ""
    staff: str = ""
    error: Any = None

    @property
    def is_blank(self) -> bool:
        """Whether nobody has typed anything here."""
        return not (self.begins or self.ends or self.staff)

    def shift(self) -> Shift:
        """Return the shift; an end at or before its beginning is the next morning's. Raise ValueError."""
        begins, ends = _minute(self.begins), _minute(self.ends)
        if not (self.staff.isascii() and self.staff.isdecimal()):
            raise ValueError(self.staff)
        # A number beyond all measure is refused by the service like any other that is too large.
        staff = min(int(self.staff[:6]), MOST_STAFF + 1)
        return Shift(begins, ends if ends > begins else ends + DAY_MINUTES, staff)


class ShiftsForm(Form):
    """Days with their rows, as typed; each refusal stands in the row that it concerns."""

    version = HiddenField()
    key = ""  # the first letter of the rows' names, so that two forms may stand on one page

    def __init__(self, days: Sequence[Sequence[Shift]], **data: object) -> None:
        super().__init__(**data)
        self.is_posted = f"{self.key}0r0-begins" in request.form
        self.days = [
            _posted(f"{self.key}{day}") if self.is_posted else _shown(shifts)
            for day, shifts in enumerate(days)
        ]
        self.has_faults = False

    def shifts(self) -> list[tuple[Shift, ...]]:
        """Return the days as typed, once they are valid; blank rows are none."""
        return [tuple(row.shift() for row in rows if not row.is_blank) for rows in self.days]

    def validate(self, extra_validators: Any = None) -> bool:
        """Look at the fields, and mark each row that cannot be read."""
        is_valid = super().validate(extra_validators)
        for day, rows in enumerate(self.days):
            for number, row in enumerate(rows):
                if not row.is_blank and not _is_readable(row):
                    self._mark(day, number, "incomplete")
        return is_valid and not self.has_faults

    def _tell(self, refused: RefusedError, at: str | None) -> bool:
        details = refused.details
        if not isinstance(refused, InvalidError) or details.get("why") not in SENTENCES:
            return super()._tell(refused, at)
        why = str(details["why"])
        if details["field"] != "shifts":
            field = self._fields[str(details["field"])]
            field.errors = [*field.errors, SENTENCES[why]]
            return True
        day, wanted = int(str(details["day"])), int(str(details["row"]))
        filled = [number for number, row in enumerate(self.days[day]) if not row.is_blank]
        self._mark(day, filled[min(wanted, len(filled) - 1)], why)
        return True

    def _mark(self, day: int, number: int, why: str) -> None:
        self.days[day][number] = replace(self.days[day][number], error=SENTENCES[why])
        self.has_faults = True


class WeekForm(ShiftsForm):
    """A week; Monday's rows may be taken for all five working days."""

    key = "d"
    copies_monday = BooleanField(_l("Use Monday's rows from Tuesday to Friday, too"))

    def __init__(self, week: Sequence[Sequence[Shift]], **data: object) -> None:
        super().__init__(week, **data)
        if self.copies_monday.data:
            self.days[1:WORKDAYS] = [list(self.days[0]) for _ in range(1, WORKDAYS)]


class DateForm(ShiftsForm):
    """One date that differs from its weekday."""

    key = "x"
    on_date = DateField(_l("Date"), [InputRequired(_l("Please fill this in."))])
    is_closed = BooleanField(_l("Nobody is at work on this date"))

    def __init__(self, **data: object) -> None:
        super().__init__(((),), **data)

    @property
    def day(self) -> date:
        """Return the date, once it is valid."""
        return self.on_date.data or date.min

    def shifts_of_date(self) -> tuple[Shift, ...]:
        """Return the date's shifts as typed; nobody at work is a day of no staff."""
        return (Shift(0, DAY_MINUTES, 0),) if self.is_closed.data else self.shifts()[0]

    def validate(self, extra_validators: Any = None) -> bool:
        """Look at the fields; a date without rows must say that it is closed."""
        is_valid = super().validate(extra_validators)
        if not self.is_closed.data and all(row.is_blank for row in self.days[0]):
            self._mark(0, 0, "incomplete")
            return False
        return is_valid


def _posted(day: str) -> list[Row]:
    """Read the rows of a day, as many as the form has; one more than is allowed is refused by the service."""

    def text(number: int, part: str) -> str:
        return request.form.get(f"{day}r{number}-{part}", "").strip()[:8]

    rows = [
        Row(begins=text(number, "begins"), ends=text(number, "ends"), staff=text(number, "staff"))
        for number in range(MOST_SHIFTS + BLANK_ROWS)
        if f"{day}r{number}-begins" in request.form
    ]
    return rows or [Row()]


def _shown(shifts: Sequence[Shift]) -> list[Row]:
    rows = [Row(begins=_clock(one.begins), ends=_clock(one.ends), staff=str(one.staff)) for one in shifts]
    return [*rows, *[Row()] * BLANK_ROWS]


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _minute(typed: str) -> int:
    at = time.fromisoformat(typed)
    return at.hour * 60 + at.minute


def _is_readable(row: Row) -> bool:
    try:
        row.shift()
    except ValueError:
        return False
    return True
