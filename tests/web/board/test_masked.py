"""A masked name stands on the wall only where the queue's rules say so."""

from collections.abc import Callable

from flask.testing import FlaskClient

from app.journey import services as journey
from app.queues import queries, services
from app.queues.services import Rules
from tests.hospital import Hospital


def test_the_wall_shows_a_masked_name_only_when_the_queue_asks_for_it(
    hospital: Hospital, browser_of: Callable[[str], FlaskClient]
) -> None:
    hospital.waiting("consult", name="남궁민수")
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    anne = browser_of("anne")

    wall = anne.get(f"/board/{hospital.consult}").get_data(as_text=True)
    assert "민수" not in wall
    assert "남**수" not in wall

    version = queries.details(hospital.consult).policy.version
    services.set_rules(
        hospital.consult, Rules(shows_masked_name=True), version=version, by=hospital.cast.chris
    )
    wall = anne.get(f"/board/{hospital.consult}").get_data(as_text=True)
    assert "남**수" in wall
    assert "민수" not in wall
