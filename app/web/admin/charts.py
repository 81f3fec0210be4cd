"""Charts as drawings of lines that a template can write: figures in, points of an SVG out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.core import clock

WIDTH, HEIGHT, FOOT, HEAD = 960, 160, 20, 14
STEPS: Final = (1, 2, 5)
HOURS_BETWEEN: Final = 3


@dataclass(frozen=True, slots=True)
class Column:
    """One stretch of time: where its bars begin, how wide and tall they are, and the figures themselves."""

    at: datetime
    x: float
    first: int
    second: int
    first_height: float
    second_height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on an axis, with its word."""

    at: float
    word: str


@dataclass(frozen=True, slots=True)
class Paired:
    """Two figures over time, side by side; `is_empty` where all are nought."""

    columns: tuple[Column, ...]
    bar_width: float
    most: int
    width: int
    height: int
    floor: float
    hours: tuple[Mark, ...]
    levels: tuple[Mark, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(one.first or one.second for one in self.columns)

    def by_hour(self) -> tuple[tuple[datetime, int, int], ...]:
        """Return the figures added up by the site's hours, newest first, for whoever reads the table."""
        found: dict[datetime, tuple[int, int]] = {}
        for one in self.columns:
            hour = clock.local(one.at).replace(minute=0)
            first, second = found.get(hour, (0, 0))
            found[hour] = (first + one.first, second + one.second)
        return tuple((hour, *figures) for hour, figures in sorted(found.items(), reverse=True))


def paired(figures: Sequence[tuple[datetime, int, int]]) -> Paired:
    """Return the drawing of two figures per stretch of time, oldest first."""
    most = _round_up(max((max(first, second) for _, first, second in figures), default=0))
    step = WIDTH / max(1, len(figures))
    floor = HEIGHT - FOOT
    scale = (floor - HEAD) / most
    columns = tuple(
        Column(
            at=at,
            x=round(number * step, 2),
            first=first,
            second=second,
            first_height=round(first * scale, 2),
            second_height=round(second * scale, 2),
        )
        for number, (at, first, second) in enumerate(figures)
    )
    hours = tuple(
        Mark(one.x, f"{local.hour:02}:00")
        for one in columns
        if (local := clock.local(one.at)).minute == 0 and local.hour % HOURS_BETWEEN == 0
    )
    levels = tuple(
        Mark(round(floor - level * scale, 2), str(level)) for level in sorted({most // 2, most} - {0})
    )
    return Paired(
        columns=columns,
        bar_width=round(step * 0.42, 2),
        most=most,
        width=WIDTH,
        height=HEIGHT,
        floor=floor,
        hours=hours,
        levels=levels,
    )


def _round_up(most: int) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50 …, so that the axis does not dance."""
    power = 1
    while True:
        for step in STEPS:
            if most <= step * power:
                return step * power
        power *= 10
