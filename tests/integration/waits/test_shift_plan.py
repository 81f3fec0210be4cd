"""The plan of staff: who may write it, one version for the week and its dates, nothing senseless in it."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from app.core.errors import InvalidError, NotAllowedError, VersionMissingError, VersionStaleError
from app.waits import queries
from app.waits import services as waits
from app.waits.plans import Shift
from tests.integration.waits.desk import Desk, at

MORNING, AFTERNOON = Shift(9 * 60, 12 * 60 + 30, 3), Shift(13 * 60 + 30, 18 * 60, 2)
WORKDAY = (MORNING, AFTERNOON)
WEEK = [WORKDAY] * 5 + [(MORNING,), ()]
TUESDAY = date(2027, 3, 2)


def plan(desk: Desk) -> queries.Plan:
    return queries.plan(desk.hospital.consult)


def save(desk: Desk, week: Sequence[Sequence[Shift]], version: int | None, name: str = "chris") -> int:
    return waits.set_week(desk.hospital.consult, week, version=version, by=getattr(desk.hospital.cast, name))


def test_a_week_is_kept_as_it_was_planned(desk: Desk) -> None:
    assert (plan(desk).version, plan(desk).is_empty) == (0, True)
    assert save(desk, WEEK, 0) == 1
    assert (plan(desk).version, plan(desk).is_empty) == (1, False)
    assert plan(desk).week == (*[WORKDAY] * 5, (MORNING,), ())
    assert save(desk, [()] * 7, 1) == 2
    assert plan(desk).is_empty


def test_a_date_differs_until_it_is_taken_back(desk: Desk) -> None:
    save(desk, WEEK, 0)
    chris, consult = desk.hospital.cast.chris, desk.hospital.consult
    closed = (Shift(0, 1440, 0),)
    assert waits.set_date(consult, TUESDAY, closed, version=1, by=chris) == 2
    assert plan(desk).dates == ((TUESDAY, closed),)
    assert desk.newcomer().why == "closed"
    save(desk, WEEK, 2)  # the week does not touch the dates
    assert plan(desk).dates == ((TUESDAY, closed),)
    assert waits.set_date(consult, TUESDAY, (), version=3, by=chris) == 4
    assert plan(desk).dates == ()
    assert desk.newcomer().range is not None


def test_a_date_that_has_passed_is_forgotten_at_the_next_change(desk: Desk) -> None:
    chris, consult = desk.hospital.cast.chris, desk.hospital.consult
    waits.set_date(consult, TUESDAY, WORKDAY, version=0, by=chris)
    desk.travel(at("10:00", days=2))
    assert plan(desk).dates == ()
    with pytest.raises(InvalidError, match="past"):
        waits.set_date(consult, TUESDAY, (), version=1, by=chris)
    with pytest.raises(InvalidError, match="too_far"):
        waits.set_date(consult, TUESDAY + timedelta(days=500), (), version=1, by=chris)


def test_who_saves_second_is_refused_and_nothing_is_lost(desk: Desk) -> None:
    save(desk, WEEK, 0)
    with pytest.raises(VersionStaleError):
        save(desk, [()] * 7, 0)
    with pytest.raises(VersionMissingError):
        save(desk, [()] * 7, None)
    assert plan(desk).week[0] == WORKDAY


def test_a_senseless_day_is_refused_whole(desk: Desk) -> None:
    week = [WORKDAY, (MORNING, Shift(12 * 60, 13 * 60, 1)), *[WORKDAY] * 5]
    with pytest.raises(InvalidError) as refused:
        save(desk, week, 0)
    assert refused.value.details == {"field": "shifts", "why": "overlap", "day": 1, "row": 1}
    assert plan(desk).is_empty
    with pytest.raises(InvalidError, match="week"):
        save(desk, WEEK[:6], 0)


@pytest.mark.parametrize("name", ["anne", "ben", "flora", "grace", "henry", "iris", "jonas", "dana", "eve"])
def test_nobody_but_the_administrator_plans(quick: Desk, name: str) -> None:
    with pytest.raises(NotAllowedError):
        save(quick, WEEK, 0, name)
    with pytest.raises(NotAllowedError):
        waits.set_date(quick.hospital.consult, TUESDAY, (), version=0, by=getattr(quick.hospital.cast, name))


def test_a_new_plan_moves_the_queues_screens(quick: Desk) -> None:
    before = quick.queue().seq
    save(quick, WEEK, 0)
    assert quick.queue().seq == before + 1
