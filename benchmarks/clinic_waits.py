"""Expected waits in the simulated clinic: the product's rules beside the textbook's ways, on the same log.

Everybody learns online, from the log alone. The last days are judged; nothing was chosen by looking at them.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, quantiles

from app.waits import rules
from app.waits.rules import Quantiles
from benchmarks.clinic import DRIFTING, Kind, RoomVisit, days
from benchmarks.clinic_forecasters import FORMULA, PLAN, Forecaster, forecasters
from benchmarks.report import Ratio, Section

SEEDS = (1, 2, 3)
TRAIN_DAYS, TEST_DAYS, CALIBRATION_DAYS = 45, 15, 10
# Under so much expected wait nearly everybody is right: the rest is "busy", by what was known, not by what came.
BUSY_SECONDS, LATE_SECONDS = 300, 900
MOST_OF_FORMULA, LEAST_COVER, MOST_COVER = 0.80, 75, 88


@dataclass(frozen=True, slots=True)
class Told:
    """What everybody said when a visit joined, in seconds."""

    visit: RoomVisit
    etas: Mapping[str, float | None]

    @property
    def is_busy(self) -> bool:
        """Say whether the product expected a wait worth the name."""
        return (self.etas[PLAN] or 0) > BUSY_SECONDS


@dataclass(frozen=True, slots=True)
class Judged:
    """One forecast and what came of it: seconds, the middle 80 % of recent errors, and the range on the screen."""

    told: Told
    eta: float
    low: float
    high: float
    shown: rules.Range | None

    @property
    def error(self) -> float:
        """Return (told - waited)."""
        return self.eta - self.told.visit.wait_seconds

    @property
    def holds(self) -> bool:
        """Say whether the wait ended between the quantiles, to the second."""
        return self.low - 1 <= self.told.visit.wait_seconds <= self.high + 1

    @property
    def shown_holds(self) -> bool:
        """Say whether the wait ended within the range on the screen."""
        waited = self.told.visit.wait_seconds / 60
        return self.shown is not None and self.shown.low_minutes <= waited <= self.shown.high_minutes

    @property
    def shown_is_passed(self) -> bool:
        """Say whether the wait was longer than the screen said."""
        return self.shown is not None and self.told.visit.wait_seconds / 60 > self.shown.high_minutes


def replay(seed: int, number: int, who: Mapping[str, Forecaster]) -> list[Told]:
    """Read the log of so many days to everybody; return what they said of each visit."""
    told = []
    for day in days(seed, number):
        for fact in day:
            if fact.kind is Kind.JOINED:
                told.append(Told(fact.visit, {name: one.forecast(fact.visit) for name, one in who.items()}))
            for one in who.values():
                one.learn(fact)
    return told


def judge(told: Sequence[Told], name: str, first_day: int) -> list[Judged]:
    """Give each forecast from `first_day` on its range, from the errors of the ten days before; none without number."""
    errors: defaultdict[str, defaultdict[int, list[tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for one in told:
        if (eta := one.etas[name]) is not None:
            errors[one.visit.room.name][one.visit.day].append((eta, one.visit.wait_seconds - eta))
    known = {
        (room, day): rules.calibrated(
            [pair for before in range(day - CALIBRATION_DAYS, day) for pair in by_day.get(before, ())]
        )
        for room, by_day in errors.items()
        for day in range(first_day, max(by_day) + 1)
    }
    return [
        _judged(one, eta, known[one.visit.room.name, one.visit.day])
        for one in told
        if one.visit.day >= first_day
        and (eta := one.etas[name]) is not None
        and one.etas[PLAN] is not None  # all are judged on the same visits
    ]


def _judged(told: Told, eta: float, known: Mapping[int, Quantiles]) -> Judged:
    error = known.get(rules.bucket_of(eta))
    is_known = error is not None and error.count >= rules.ENOUGH
    low, high = (eta + error.low, eta + error.high) if error and is_known else (eta / 2, eta * 2)
    return Judged(
        told, eta, max(0.0, low), max(0.0, high), rules.shown(eta, known, observations=rules.ENOUGH)
    )


def scores(judged: Sequence[Judged]) -> dict[str, float]:
    """Return the columns of the table: minutes and percent."""
    misses = [abs(one.error) / 60 for one in judged]
    busy = [one for one in judged if one.told.is_busy]
    with_range = [one for one in busy if one.shown is not None]
    return {
        "MAE": fmean(misses),
        "MAE_busy": fmean(abs(one.error) / 60 for one in busy),
        "p90_error": quantiles(misses, n=10)[-1],
        "bias": fmean(one.error / 60 for one in judged),
        ">15_late_%": _percent(-one.error > LATE_SECONDS for one in judged),
        "MAE_drifting": fmean(abs(one.error) / 60 for one in judged if one.told.visit.room.name == DRIFTING),
        "cover_all_%": _percent(one.holds for one in judged),
        "cover_busy_%": _percent(one.holds for one in busy),
        "width_busy": fmean((one.high - one.low) / 60 for one in busy),
        "shown_cover_%": _percent(one.shown_holds for one in with_range),
        "shown_beyond_%": _percent(one.shown_is_passed for one in with_range),
        "shown_width": fmean(
            one.shown.high_minutes - one.shown.low_minutes for one in with_range if one.shown
        ),
    }


def _percent(these: Iterator[bool]) -> float:
    return 100 * fmean(these)


def microseconds(judged: Sequence[Judged]) -> float:
    """Return what one forecast costs, from the plan to the range on the screen; processor time."""
    known = {bucket: Quantiles(-200.0, 0.0, 400.0, 100) for bucket in range(7)}
    begin = time.process_time()
    for one in judged:
        visit = one.told.visit
        plan = rules.with_away(visit.plan, visit.joined, [None] * visit.away) if visit.away else visit.plan
        eta = rules.eta_seconds(visit.ahead, 300.0, plan, visit.joined, busy=visit.busy)
        if eta is not None:
            rules.shown(eta, known, observations=100)
    return (time.process_time() - begin) / len(judged) * 1e6


def waits(
    _: Path, *, seeds: Sequence[int] = SEEDS, train: int = TRAIN_DAYS, test: int = TEST_DAYS
) -> Section:
    """Measure everybody in each clinic; whoever misses a gate in any of them is wrong, not slow."""
    section = Section(
        "waits",
        f"Expected waits: {train} + {test} days of a simulated clinic, minutes and percent",
        is_mean=True,
    )
    told: list[Told] = []
    untold: list[float] = []
    for seed in seeds:
        told = replay(seed, train + test, forecasters())
        tested = [one for one in told if one.visit.day >= train]
        untold.append(_percent(one.etas[PLAN] is None for one in tested))
        for name in forecasters():
            judged = judge(told, name, train)
            section.add(name, **scores(judged))
        section.add(PLAN, us_per_forecast=microseconds(judged))
    section.compare("MAE: QL-plan / QL formula", PLAN, FORMULA, "MAE", at_most=MOST_OF_FORMULA)
    cover = tuple(section.figures[PLAN]["shown_cover_%"])
    section.ratios.append(
        Ratio("% of waits within the range shown, busy", cover, at_least=LEAST_COVER, at_most=MOST_COVER)
    )
    section.faults += [f"{one.what}: {value:.2f}" for one in section.ratios for value in one.outside]
    section.notes += [
        f"Clinics {', '.join(map(str, seeds))}; {len(told):,} room visits in the last.",
        "The plan of staff ended before the wait for "
        + ", ".join(f"{one:.1f}" for one in untold)
        + " %: no number, and judged for nobody.",
        "busy: QL-plan expects more than 5 min. bias: told minus waited. late: waited over 15 min longer than told.",
        "cover, width: 10 % to 90 % of the errors of the ten days before. shown: busy, as the screen rounds it.",
    ]
    return section
