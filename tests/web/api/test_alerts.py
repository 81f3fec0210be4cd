"""Alerts at the API: one's own posts and no others, the version that was seen, and who was faster."""

import pytest

from app.alerts.models import Alert
from app.alerts.rules import Outcome
from tests.hospital import Hospital
from tests.web.alerts.scenes import help_called, newest, urgent_left
from tests.web.api.partner import Partner, Partners

NAMES = ("anne", "ben", "chris", "flora", "grace", "henry", "iris", "jonas", "dana", "eve")
# One line per call, for the people above; the alert is the ward's.
TABLE = {
    "take": "200 404 403 200 200 404 403 403 403 401",
    "done": "200 404 403 200 200 404 403 403 403 401",
    "dismiss": "200 404 403 200 200 404 403 403 403 401",
    "snooze": "200 404 403 200 200 404 403 403 403 401",
}
BODY = {"reason": "이미 처리됨", "minutes": 5}


def who(name: str, partners: Partners, hospital: Hospital) -> Partner:
    return partners.patient(hospital.waiting()) if name == "dana" else partners.staff(name)


@pytest.mark.parametrize("verb", TABLE)
@pytest.mark.parametrize("place", range(len(NAMES)), ids=NAMES)
def test_the_cast_gets_what_the_table_says(
    partners: Partners, hospital: Hospital, verb: str, place: int
) -> None:
    alert, status = urgent_left(hospital), int(TABLE[verb].split()[place])
    answer = who(NAMES[place], partners, hospital).post(
        f"/alerts/{alert.public_id}/{verb}", {"version": alert.version, **BODY}
    )
    assert answer.status_code == status, answer.text
    assert newest().version == (2 if status == 200 else 1)


def test_everybody_reads_the_posts_of_their_own(partners: Partners, hospital: Hospital) -> None:
    left, call = urgent_left(hospital), help_called(hospital)

    def read(name: str) -> list[str]:
        answer = partners.staff(name).get("/alerts")
        assert answer.status_code == 200
        return [one["id"] for one in answer.json["alerts"]]

    for name in ("anne", "flora", "grace"):
        assert read(name) == [str(left.public_id)]
    assert read("henry") == [str(call.public_id)]
    assert read("ben") == []
    for name in ("chris", "iris", "jonas"):
        assert partners.staff(name).get("/alerts").status_code == 403
    assert partners.stranger().get("/alerts").status_code == 401


def test_what_an_alert_says_is_said_in_words_and_names_nobody(partners: Partners, hospital: Hospital) -> None:
    left = urgent_left(hospital, name="한가람")
    answer = partners.staff("anne").get("/alerts")
    (one,) = answer.json["alerts"]
    assert (one["kind"], one["priority"], one["post"], one["state"]) == ("urgent-left", 1, "ward", "open")
    assert one["number"] == left.number
    assert one["queue"] == "내과"
    assert one["says"]
    assert one["action"]
    assert "한가람" not in answer.text


def test_of_two_the_second_reads_who_has_it(partners: Partners, hospital: Hospital) -> None:
    path = f"/alerts/{urgent_left(hospital).public_id}/take"
    anne, flora = partners.staff("anne"), partners.staff("flora")
    assert anne.post(path, {"version": 1}).json["version"] == 2
    stale = flora.post(path, {"version": 1})
    assert (stale.status_code, stale.json["error"]["code"]) == (409, "STALE_VERSION")
    assert stale.json["error"]["details"]["taken_by"] == "Anne"
    refused = flora.post(path, {"version": 2})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "TRANSITION_REFUSED")
    assert flora.post(path).status_code == 428


def test_a_repeat_gives_the_first_answer(partners: Partners, hospital: Hospital) -> None:
    alert, anne = urgent_left(hospital), partners.staff("anne")
    first = anne.post(f"/alerts/{alert.public_id}/done", {"version": 1}, key="once")
    again = anne.post(f"/alerts/{alert.public_id}/done", {"version": 1}, key="once")
    assert first.json == again.json
    assert again.headers["Idempotency-Replayed"] == "true"
    ended: Alert = newest()
    assert (ended.outcome, ended.version) == (Outcome.DONE, 2)


@pytest.mark.parametrize("minutes", [0, 1, 7, 16, -5, "5", None])
def test_nothing_is_put_off_but_for_five_ten_or_fifteen_minutes(
    partners: Partners, hospital: Hospital, minutes: object
) -> None:
    alert = urgent_left(hospital)
    answer = partners.staff("anne").post(
        f"/alerts/{alert.public_id}/snooze", {"version": 1, "minutes": minutes}
    )
    assert answer.status_code == 422
    assert newest().version == 1
