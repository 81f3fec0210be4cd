"""Every room pauses: nobody is promised minutes any more, on no screen; one opens, and the ranges are back, longer."""

import pytest

from app.boards import queries as boards
from app.queues import services as queues
from app.queues.states import PointStatus
from tests.browser.conftest import House, Visitors, until

pytestmark = pytest.mark.browser
RANGES = "[...document.querySelectorAll('#part-waiting [data-row]')].filter(r => /\\d–\\d/.test(r.textContent)).length"
PHONE_SAYS = "document.querySelector('.line-note').dataset.why"
WALL_SAYS = "document.querySelector('.opening').className"


def stand(house: House, *statuses: PointStatus) -> None:
    """Let the rooms stand so, one after the other."""
    with house.inside() as hospital:
        for room, status in zip(boards.ward_board(hospital.consult, by=None).rooms, statuses, strict=True):
            if room.status != status:
                queues.set_point_status(
                    room.id, status=status, version=room.version, reason="회진", by=hospital.cast.anne
                )


def test_a_paused_line_promises_no_minutes_on_any_screen(house: House, visitors: Visitors) -> None:
    visits = house.waiting("김영희", "이서연", "박도윤", "최정희")
    ward = visitors.staff("anne", f"/ward/{house.hospital.consult}")
    board, phone = visitors.board(), visitors.phone(visits[-1])
    until(ward, f"{RANGES} === {len(visits)}")
    before = phone.inner_text(".line .wait")
    stand(house, *[PointStatus.PAUSED] * 3)
    until(ward, f"{RANGES} === 0")
    until(board, f"{WALL_SAYS}.includes('is-closed')")
    until(phone, f"{PHONE_SAYS} === 'paused'")
    stand(house, PointStatus.OPEN, PointStatus.PAUSED, PointStatus.PAUSED)
    until(ward, f"{RANGES} === {len(visits)}")
    until(board, f"!{WALL_SAYS}.includes('is-closed')")
    until(phone, f"{PHONE_SAYS} !== 'paused'")
    assert phone.inner_text(".line .wait") != before  # one room does what three did
