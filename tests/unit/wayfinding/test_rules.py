"""Who may pass where and when."""

import pytest

from app.wayfinding.rules import EdgeKind, Passage, Profile, cost, is_open, may_pass
from tests.unit.wayfinding.moments import HOUR, NOON


@pytest.mark.parametrize(
    ("kind", "width_cm", "walking", "step_free", "stretcher"),
    [
        (EdgeKind.CORRIDOR, None, True, True, True),
        (EdgeKind.STAIRS, None, True, False, False),
        (EdgeKind.STAIRS, 200, True, False, False),
        (EdgeKind.ESCALATOR, None, True, False, False),
        (EdgeKind.LIFT, 110, True, True, False),
        (EdgeKind.LIFT, 150, True, True, True),
        (EdgeKind.DOOR, 89, True, False, False),
        (EdgeKind.DOOR, 90, True, True, False),
        (EdgeKind.RAMP, 120, True, True, True),
    ],
)
def test_a_profile_is_a_filter_on_kind_and_width(kind, width_cm, walking, step_free, stretcher) -> None:
    passage = Passage(1, 2, 5, kind, width_cm)
    assert [may_pass(passage, profile) for profile in Profile] == [walking, step_free, stretcher]


def test_a_closed_way_opens_again_when_its_time_is_over() -> None:
    closed = Passage(1, 2, 5, EdgeKind.LIFT, closed_from=NOON, closed_until=NOON + HOUR)
    assert is_open(closed, NOON - HOUR)
    assert not is_open(closed, NOON)
    assert is_open(closed, NOON + HOUR)
    assert cost(closed, Profile.WALKING, NOON) is None


def test_a_closing_without_end_stays() -> None:
    closed = Passage(1, 2, 5, EdgeKind.LIFT, closed_from=NOON)
    assert not is_open(closed, NOON + 1000 * HOUR)
