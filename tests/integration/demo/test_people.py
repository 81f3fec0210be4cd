"""The play's people: the same for a seed, plausible, and never two who answer to the same questions."""

import re
from datetime import date
from itertools import product

from app.demo.people import TOWNSPEOPLE, Kind, person, twins

SEED = 20260302


def test_the_same_seed_gives_the_same_people() -> None:
    first = [person(Kind.RESERVED, number, SEED) for number in range(20)]
    assert first == [person(Kind.RESERVED, number, SEED) for number in range(20)]
    assert first != [person(Kind.RESERVED, number, SEED + 1) for number in range(20)]


def test_nobody_shares_digits_and_birthday_with_a_reserved_patient() -> None:
    reserved = [person(Kind.RESERVED, number, SEED) for number in range(500)]
    town = [person(Kind.TOWN, number, SEED) for number in range(TOWNSPEOPLE)]
    everybody = [*reserved, *town, *twins(SEED)]
    asked = [(one.last4, one.birth_date) for one in reserved]
    assert len(set(asked)) == len(asked)
    assert not set(asked) & {(one.last4, one.birth_date) for one in everybody if one not in reserved}
    assert len({one.mrn for one in everybody}) == len(everybody)


def test_the_twins_cannot_be_told_apart_by_the_simple_log_in() -> None:
    one, other = twins(SEED)
    assert (one.last4, one.birth_date) == (other.last4, other.birth_date)
    assert one.phone != other.phone
    assert one.name != other.name


def test_people_are_of_all_ages_with_korean_names_and_numbers() -> None:
    people = [person(kind, number, SEED) for kind, number in product(Kind, range(500))]
    births = [one.birth_date for one in people]
    assert date(1931, 1, 1) <= min(births) < date(1940, 1, 1)
    assert date(2010, 1, 1) <= max(births) <= date(2015, 12, 31)
    assert all(re.fullmatch(r"[가-힣]{3}", one.name) for one in people)
    assert all(re.fullmatch(r"010-\d{4}-\d{4}", one.phone) for one in people)
