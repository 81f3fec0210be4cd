"""Strips follow the house by themselves: each post's topic, as each role sees and hears it, in each language."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.alerts import services as alerts
from app.alerts.rules import DESK_ID
from app.core import events
from app.core.events import Event, Moved
from app.live.topics import COVERED, aliases
from app.live.topics import Hospital as Source
from tests.hospital import Hospital
from tests.web.alerts.scenes import help_called, urgent_left

Browser = Callable[[str], FlaskClient]


def test_a_fragment_comes_by_get_where_sockets_are_blocked(browser_of: Browser, hospital: Hospital) -> None:
    anne, topic = browser_of("anne"), f"alerts:{hospital.ward}"
    assert (
        anne.get(f"/live/fragment?topic={topic}&since=0").status_code == 204
    )  # nobody was ever told anything
    left = urgent_left(hospital)
    piece = anne.get(f"/live/fragment?topic={topic}&since=0")
    assert piece.status_code == 200
    text = piece.get_data(as_text=True)
    assert text.count("<section") == 1
    assert f'id="alerts-{hospital.ward}"' in text
    assert f'data-topic="{topic}" data-seq="1"' in text
    assert 'hx-swap-oob="morph"' in text
    assert str(left.public_id) in text
    assert "csrf_token" not in text  # it is rendered once for many readers
    assert anne.get(f"/live/fragment?topic={topic}&since=1").status_code == 204
    assert browser_of("ben").get(f"/live/fragment?topic={topic}&since=0").status_code == 404
    assert browser_of("iris").get(f"/live/fragment?topic={topic}&since=0").status_code == 403


@pytest.mark.parametrize(
    ("role", "rings"), [("nurse", True), ("technician", True), ("charge_nurse", False), ("doctor", False)]
)
def test_each_role_hears_its_own(web: Flask, hospital: Hospital, role: str, *, rings: bool) -> None:
    left = urgent_left(hospital)
    with web.test_request_context():
        shown = Source().render(f"alerts:{hospital.ward}", f"alerts:en:{role}")
    assert shown.seq == 1
    assert (f'data-rings="{left.public_id}"' in shown.text) is rings
    assert "A priority patient has left" in shown.text


def test_behind_a_locked_screen_only_counts_are_left(web: Flask, hospital: Hospital) -> None:
    left = urgent_left(hospital)
    alerts.take(urgent_left(hospital).public_id, version=1, by=hospital.cast.anne)
    with web.test_request_context():
        shown = Source().render(f"alerts:{hospital.ward}", f"{COVERED}alerts:en:nurse").text
    assert "Alerts not answered: 1" in shown
    for hidden in ("Anne", f"No. {left.number}", "내과", "Internal medicine", "<form"):
        assert hidden not in shown


def test_every_answer_moves_the_posts_topic_once(
    web: Flask, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Moved) and event.topic.startswith("alerts:"):
            moved.extend(aliases(event.topic))

    monkeypatch.setitem(events._reactions, Moved, (note,))
    with web.app_context():
        call = help_called(hospital)
        henry = hospital.cast.henry
        alerts.snooze(call.public_id, version=1, minutes=5, by=henry)
        alerts.take(call.public_id, version=2, by=henry)
        alerts.finish(call.public_id, version=3, by=henry)
    assert moved == [f"alerts:{DESK_ID}"] * 4


def test_a_post_nobody_was_ever_told_at_stands_at_nought(web: Flask, hospital: Hospital) -> None:
    unknown = UUID(int=9)
    with web.test_request_context():
        assert Source().seqs([f"alerts:{unknown}", f"alerts:{hospital.ward}"]) == {}
        shown = Source().render(f"alerts:{hospital.ward}", "alerts:ko:nurse")
    assert shown.seq == 0
    assert "<article" not in shown.text
