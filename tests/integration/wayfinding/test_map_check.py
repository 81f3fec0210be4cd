"""`flask map check`: one sentence when good, a list and exit 1 when not."""

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from app.cli.map import group
from app.core.actor import SYSTEM
from app.demo import hospital
from app.wayfinding import queries, services


@pytest.fixture
def check(house: Flask) -> Callable[[], Result]:
    house.cli.add_command(group)
    return lambda: house.test_cli_runner().invoke(args=["map", "check"])


def test_the_demo_hospital_passes_in_one_sentence(check) -> None:
    hospital.build()
    result = check()
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1


def test_a_room_that_was_cut_off_is_named_for_each_entrance_and_profile(check) -> None:
    hospital.build()
    cut = next(
        way for way in queries.ways(hospital.SITE) if "2f-demo-2" in {way.a, way.b} and way.kind == "door"
    )
    services.disconnect(cut.public_id, by=SYSTEM)
    result = check()
    assert result.exit_code == 1
    assert result.stdout.count("2f-demo-2") == 2 * 3


def test_an_empty_house_is_no_good_map(check) -> None:
    assert check().exit_code == 1
