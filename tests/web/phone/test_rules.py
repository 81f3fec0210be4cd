"""The rules of a line can be read by everybody, and nobody's number is in them."""

from uuid import uuid4

from flask.testing import FlaskClient

from app.queues import services as queues
from tests.hospital import ALL_DAY, Hospital


def test_anybody_reads_how_a_line_is_called(client: FlaskClient, hospital: Hospital) -> None:
    hospital.waiting("consult", name="남궁민수")
    page = client.get(f"/rules/{hospital.consult}").get_data(as_text=True)
    assert "호출 순서 안내" in page
    assert "내과" in page
    assert "남궁" not in page


def test_the_page_says_what_the_administrator_has_decided(client: FlaskClient, hospital: Hospital) -> None:
    def said() -> str:
        return client.get(f"/rules/{hospital.consult}").get_data(as_text=True)

    before = said()
    changed = ALL_DAY.__class__(merge_rule="arrival", takes_walk_ins=False)
    queues.set_rules(hospital.consult, changed, version=1, by=hospital.cast.chris)
    assert said() != before


def test_an_unknown_line_is_not_found(client: FlaskClient) -> None:
    assert client.get(f"/rules/{uuid4()}").status_code == 404
