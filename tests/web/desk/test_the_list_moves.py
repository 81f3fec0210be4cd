"""The lists of the desk and the cashier follow the day by themselves, and show nobody while nothing moves."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import text

from app.boards.queries import my_visit
from app.core.db import db
from app.journey import services as journey
from tests.hospital import Hospital

POLL = re.compile(r'hx-get="(/(?:desk|cashier)/list\?since=[^"]+)"')


def shown() -> int:
    db.session.rollback()
    return int(db.session.execute(text("SELECT COUNT(*) FROM audit WHERE action LIKE 'web:%'")).scalar_one())


def test_the_desk_sees_an_arrival_without_asking(
    hospital: Hospital, browser_of: Callable[[str], FlaskClient]
) -> None:
    visit = hospital.expect("consult", name="한가람")
    henry = browser_of("henry")
    address = POLL.search(henry.get("/desk").get_data(as_text=True))
    assert address
    before = shown()
    assert henry.get(address.group(1)).status_code == 204
    assert shown() == before, "nobody was shown"

    journey.arrive(visit, by=hospital.cast.henry)
    answer = henry.get(f"{address.group(1)}&chosen={visit}".replace("&amp;", "&"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert 'id="desk-list"' in page
    assert "한가람" in page
    assert 'aria-current="true"' in page
    assert shown() == before + 1


def test_the_cashier_sees_who_comes_to_pay(
    hospital: Hospital, browser_of: Callable[[str], FlaskClient]
) -> None:
    visit = hospital.waiting("consult", name="한가람")
    iris = browser_of("iris")
    address = POLL.search(iris.get("/cashier").get_data(as_text=True))
    assert address
    assert iris.get(address.group(1)).status_code == 204

    anne = hospital.cast.anne
    journey.call_next(hospital.consult, hospital.rooms[0], by=anne)
    for command, words in ((journey.start, {"identity"}), (journey.complete, {"short_service"})):
        entry = my_visit(visit, by=None).entry
        assert entry
        command(entry.id, version=entry.version, confirm=frozenset(words), by=anne)
    assert "한가람" in iris.get(address.group(1)).get_data(as_text=True)
    assert browser_of("anne").get(address.group(1)).status_code == 403
