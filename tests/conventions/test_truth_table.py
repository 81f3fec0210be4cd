"""The truth table of the house: every route by every method, over the cast, for what is theirs and what is not.

It is derived: the mark of the route (`@requires`), the policy, and whose the object is. Where a service is narrower
than its mark, `truth` says so in a line. A route with an argument that has no place there fails.
"""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask, g

from app.accounts.roles import POLICY, Permission, Role
from app.core.errors import NotAllowedError, SignInNeededError
from app.door.rights import PUBLIC, check_rights
from tests.conventions.house_tour import Tour
from tests.conventions.truth import (
    IN,
    NARROWER,
    OF_THE_HOUSE,
    OWNED,
    REFUSED,
    STRANGER,
    WIDER,
    Way,
    is_listed,
    ways,
)
from tests.hospital import Hospital


@pytest.fixture
def quiet() -> Iterator[None]:
    """Keep two thousand lines out of the log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_every_argument_of_a_route_has_a_place(web: Flask) -> None:
    placed = OWNED | OF_THE_HOUSE
    homeless = {way.name for way in ways(web) if not way.rule.arguments <= placed}
    assert not homeless, "say in tests/conventions/truth.py whether it is a ward's or the house's"


@pytest.mark.parametrize("lines", [NARROWER, WIDER], ids=["narrower", "wider"])
def test_every_exception_is_of_a_way_that_there_is(
    web: Flask, lines: tuple[tuple[str, frozenset[Role]], ...]
) -> None:
    asked = list(ways(web))
    for line in lines:
        spoken_of = {way.name for way in asked for role in line[1] if is_listed(way, role, (line,))}
        assert spoken_of, f"{line[0]} is no way any more"


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("quiet")
def test_the_house_opens_as_the_table_says(web: Flask, hospital: Hospital) -> None:
    """Ask at every door, with a token, a form and a version that no row has; nobody meets a fault."""
    tour = Tour(web, hospital)
    wrong: dict[str, str] = {}
    for place, way in enumerate(ways(web)):
        for name in tour.asked(way, place):
            expected, told = tour.expected(way, name), tour.answer(way, name)
            if told != expected:
                wrong[f"{way.name}{' next door' * way.next_door}, {name}"] = f"{expected}, but {told}"
    assert not wrong, "\n".join(f"{where}: {what}" for where, what in wrong.items())


@pytest.mark.usefixtures("quiet")
def test_every_mark_is_what_the_door_asks_of_everybody(web: Flask, hospital: Hospital) -> None:
    """All roles at all doors, by the one function that each request passes."""
    tour = Tour(web, hospital)
    for way in ways(web):
        if way.next_door:
            continue
        with web.test_request_context(tour.address(way), method=way.method):
            for name, by in tour.people.items():
                g.actor = by
                assert _at_the_door() == _marked(way, by.role), (way.name, name)


def _marked(way: Way, role: str) -> str:
    if way.wanted == PUBLIC:
        return IN
    if role == Role.ANONYMOUS:
        return STRANGER
    return IN if role in POLICY[Permission(way.wanted)] else REFUSED


def _at_the_door() -> str:
    try:
        check_rights()
    except SignInNeededError:
        return STRANGER
    except NotAllowedError:
        return REFUSED
    return IN
