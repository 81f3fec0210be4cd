"""Numbers of the day: one atomic UPDATE, so that no two patients ever hold the same."""

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask

from app.core.transaction import transactional
from app.queues import services as queues
from tests.together import together

DAY = date(2026, 3, 2)


@transactional
def take(site: str = "annae", day: date = DAY) -> int:
    return queues.take_number(site, day)


def taken(app: Flask, *, hands: int, each: int) -> list[int]:
    def many() -> list[int]:
        return [take() for _ in range(each)]

    works: list[Callable[[], list[int]]] = [many] * hands
    answers = together(app, works)
    assert all(isinstance(one, list) for one in answers), answers
    return [number for one in answers for number in one]


def test_sixteen_hands_take_500_numbers(mariadb_app: Flask) -> None:
    assert sorted(taken(mariadb_app, hands=16, each=32)) == list(range(1, 513))


def test_eight_hands_take_numbers_from_a_file(sqlite_app: Flask) -> None:
    assert sorted(taken(sqlite_app, hands=8, each=25)) == list(range(1, 201))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sixty_four_hands_take_five_thousand_numbers(mariadb_app: Flask) -> None:
    numbers = taken(mariadb_app, hands=64, each=79)
    assert len(set(numbers)) == len(numbers) == 64 * 79 == max(numbers)


def test_each_day_and_each_site_begin_with_one(app: Flask) -> None:
    assert [take(), take()] == [1, 2]
    assert take(day=date(2026, 3, 3)) == 1
    assert take(site="branch") == 1
    assert take() == 3


def test_a_number_of_a_unit_that_failed_is_not_lost(app: Flask) -> None:
    @transactional
    def fail() -> None:
        queues.take_number("annae", DAY)
        raise ValueError("no")

    take()
    with pytest.raises(ValueError, match="no"):
        fail()
    assert take() == 2
