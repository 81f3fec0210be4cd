"""Reserved patients: expected today, untouched by the simulated day, topped up at every start."""

from itertools import count, islice

from app import settings
from app.core import clock
from app.demo import booking
from app.demo.catalogue import ONE_STEP, THREE_STEPS
from app.demo.people import PREFIXES, Kind, Person, person, twins
from app.journey import queries
from app.journey.queries import Expected

THREE_STEP_PATIENTS = 2
FIRST_MINUTES, EVERY_MINUTES = -10, 10
LOOK_AT_ONCE = 100
TWINS_SERVICE = ("internal",)


def top_up() -> None:
    """Expect so many reserved patients that DEMO_RESERVED of them have not come yet; and the twins."""
    now, day = settings.current(), clock.today()
    unused = expected()
    three_steps = sum(len(one.services) > 1 for one in unused)
    missing = now.demo_reserved - len(unused)
    if missing > 0:
        many = min(THREE_STEP_PATIENTS - three_steps, missing)
        plans = [ONE_STEP] * (missing - many) + [THREE_STEPS] * many
        for place, (somebody, planned) in enumerate(zip(_free_people(missing), plans, strict=True)):
            _expect(somebody, planned, place)
    pair = twins(now.demo_seed)
    known = queries.visits_of([one.mrn for one in pair], day)
    for one in pair:
        if one.mrn not in known:
            _expect(one, TWINS_SERVICE, 1)


def expected() -> tuple[Expected, ...]:
    """Return today's reserved patients who have not come yet, those with one step first."""
    found = queries.reserved_expected(clock.today())
    own = [one for one in found if one.mrn.startswith(PREFIXES[Kind.RESERVED])]
    return tuple(sorted(own, key=lambda one: len(one.services)))


def _free_people(number: int) -> list[Person]:
    """Return the first people of the seed who have no visit today."""
    seed, day = settings.current().demo_seed, clock.today()
    found: list[Person] = []
    numbers = count()
    while len(found) < number:
        some = [person(Kind.RESERVED, one, seed) for one in islice(numbers, LOOK_AT_ONCE)]
        busy = queries.visits_of([one.mrn for one in some], day)
        found += [one for one in some if one.mrn not in busy]
    return found[:number]


def _expect(somebody: Person, planned: tuple[str, ...], place: int) -> None:
    """Expect somebody; one has a time every ten minutes, the first a little ago."""
    at = booking.around_now(FIRST_MINUTES + EVERY_MINUTES * place, every=EVERY_MINUTES)
    booking.expect(somebody, planned, at, is_reserved=True)
