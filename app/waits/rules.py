"""The forecast of a wait: plan of staff, pace of service and line in, a range with measured coverage out."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil, floor
from statistics import median, quantiles

# How fast the mean time of service follows: within a day, and over the weeks. Each day begins from the latter.
ALPHA_DAY = 0.08
ALPHA_LONG = 0.01
# Who is away without saying until when. In the simulated clinic doctors are called away for 15 to 45 minutes.
AWAY = timedelta(minutes=30)

# Upper edges in seconds: at once, 2, 5, 10, 20, 40 minutes, and everything above.
BUCKETS = (0.0, 120.0, 300.0, 600.0, 1200.0, 2400.0)
# All buckets together: for a room's report, too good for a range (see `shown`).
POOLED = -1
# With fewer observations we know too little to promise anything.
ENOUGH = 20
STEP_MINUTES = 5
WIDEST_MINUTES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """So many people are at work between two moments; stretches that overlap add up."""

    begin: datetime
    end: datetime
    staff: int


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How far off recent forecasts were, in seconds of (actual - eta): 10 %, 50 %, 90 %, of how many."""

    low: float
    mid: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Range:
    """What a person is told, in minutes; an estimate rests on configured times instead of observed ones."""

    low_minutes: int
    high_minutes: int
    is_estimate: bool


def eta_seconds(
    ahead: int, service_seconds: float, plan: Sequence[Stretch], now: datetime, *, busy: int
) -> float | None:
    """Return after how many seconds somebody with so many people ahead is called; None where the plan ends first.

    Someone is called when a place is free now (`busy` are taken), when one more member of staff begins, and as
    often as those at work finish: staff / service_seconds. The wait ends with call number `ahead + 1`.
    """
    wanted = ahead + 1.0
    at_work, until = busy, now
    for stretch in _levels(plan):
        if stretch.end <= now:
            continue
        begin = max(stretch.begin, now)
        wanted -= max(0, stretch.staff - (at_work if begin == until else 0))
        if wanted <= 0:
            return (begin - now).total_seconds()
        needed = wanted * service_seconds / stretch.staff
        lasts = (stretch.end - begin).total_seconds()
        if needed <= lasts:
            return (begin - now).total_seconds() + needed
        wanted -= lasts * stretch.staff / service_seconds
        at_work, until = stretch.staff, stretch.end
    return None


def with_away(plan: Sequence[Stretch], now: datetime, away: Sequence[datetime | None]) -> tuple[Stretch, ...]:
    """Return the plan without those who are away now, each until the time given; unknown or overdue: AWAY."""
    gone = [
        Stretch(begin=now, end=back if back is not None and back > now else now + AWAY, staff=-1)
        for back in away
    ]
    return tuple(_levels([*plan, *gone]))


def smoothed(value: float | None, sample: float, alpha: float) -> float:
    """Return the moving mean after one more sample; the first sample is the mean."""
    return sample if value is None else value + alpha * (sample - value)


def bucket_of(eta: float) -> int:
    """Return which of the 7 buckets a forecast in seconds belongs to."""
    return bisect_left(BUCKETS, eta)


def calibrated(errors: Sequence[tuple[float, float]]) -> dict[int, Quantiles]:
    """Return how far off the pairs (eta, actual - eta) were, by bucket of eta, and POOLED; seconds."""
    by_bucket: defaultdict[int, list[float]] = defaultdict(list)
    for eta, error in errors:
        by_bucket[bucket_of(eta)].append(error)
        by_bucket[POOLED].append(error)
    return {bucket: _quantiles(some) for bucket, some in by_bucket.items()}


def shown(eta: float, known: Mapping[int, Quantiles], *, observations: int) -> Range | None:
    """Return the range to tell for an eta in seconds, rounded outward; None where it would be too wide to help.

    Where too few services or too few errors of this bucket were seen it is an estimate, from half to double. The
    errors of all buckets together would not do: most forecasts are right at zero, and in the simulated clinic
    the range they gave to long waits held 19 to 58 %.
    """
    error = known.get(bucket_of(eta))
    if observations < ENOUGH or error is None or error.count < ENOUGH:
        return _range(eta / 2, eta * 2, is_estimate=True)
    return _range(eta + error.low, eta + error.high, is_estimate=False)


def _levels(plan: Sequence[Stretch]) -> Iterator[Stretch]:
    """Yield who is at work from moment to moment: in order, without overlap, never less than one."""
    changes: defaultdict[datetime, int] = defaultdict(int)
    for stretch in plan:
        changes[stretch.begin] += stretch.staff
        changes[stretch.end] -= stretch.staff
    staff = 0
    for begin, end in pairwise(sorted(changes)):
        staff += changes[begin]
        if staff > 0:
            yield Stretch(begin=begin, end=end, staff=staff)


def _quantiles(errors: Sequence[float]) -> Quantiles:
    """Return the deciles that hold the middle 80 %."""
    if len(errors) == 1:
        return Quantiles(errors[0], errors[0], errors[0], 1)
    tenths = quantiles(errors, n=10, method="inclusive")
    return Quantiles(tenths[0], median(errors), tenths[-1], len(errors))


def _range(low_seconds: float, high_seconds: float, *, is_estimate: bool) -> Range | None:
    """Return a range of whole steps that holds both ends, at least one step wide; None over the widest."""
    step = STEP_MINUTES * 60
    low = max(0, floor(low_seconds / step)) * STEP_MINUTES
    high = max(ceil(high_seconds / step) * STEP_MINUTES, low + STEP_MINUTES)
    return Range(low, high, is_estimate) if high - low <= WIDEST_MINUTES else None
