"""The breaker's arithmetic: when it opens, for how long, and who may close it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.core.relay.breaker import CLOSED, RECENT, State, after_failure, after_success

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def fail(state: State, *, is_probe: bool = False, opens: bool = False, least_seconds: float = 0.0) -> State:
    return after_failure(state, NOW, is_probe=is_probe, opens=opens, least_seconds=least_seconds)


def walk(signs: str) -> State:
    state = CLOSED
    for sign in signs:
        state = fail(state) if sign == "x" else after_success(state, is_probe=False)
    return state


@pytest.mark.parametrize(
    ("signs", "name"),
    [
        ("", "closed"),
        ("xxxx", "closed"),
        ("xxxxx", "open"),
        ("xxxx.xxxx", "closed"),
        ("xxxx." * 3 + "xxxx", "closed"),  # nineteen: too few to judge
        ("xxxx." * 3 + "xxxx.", "closed"),
        ("xxxx." * 4 + "x", "open"),  # sixteen of the last twenty
        ("x." * 20, "closed"),  # exactly half
        ("x.x." * 4 + "xx.x", "open"),  # eleven of twenty
    ],
)
def test_it_opens_after_five_in_a_row_or_more_than_half_of_twenty(signs: str, name: str) -> None:
    assert walk(signs).name(NOW) == name


def test_it_is_half_open_when_the_pause_is_over() -> None:
    state = walk("xxxxx")
    assert state.open_until == NOW + timedelta(seconds=30)
    assert state.name(NOW + timedelta(seconds=29)) == "open"
    assert state.name(NOW + timedelta(seconds=30)) == "half-open"


def test_each_failed_probe_doubles_the_pause_up_to_five_minutes() -> None:
    state, pauses = walk("xxxxx"), []
    for _ in range(6):
        pauses.append(state.pause_seconds)
        state = fail(state, is_probe=True)
    assert pauses == [30, 60, 120, 240, 300, 300]


def test_only_the_probe_closes_it() -> None:
    state = walk("xxxxx")
    assert after_success(state, is_probe=False) == state
    assert fail(state) == state
    assert after_success(state, is_probe=True) == CLOSED


def test_a_wrong_key_opens_it_at_once_and_the_target_may_ask_for_more() -> None:
    assert fail(CLOSED, opens=True).name(NOW) == "open"
    assert fail(CLOSED, opens=True, least_seconds=600).open_until == NOW + timedelta(seconds=600)


@given(some.text(alphabet=".x", max_size=60))
def test_it_never_opens_while_most_answers_are_good(signs: str) -> None:
    state = CLOSED
    for sign in signs:
        state = fail(state) if sign == "x" else after_success(state, is_probe=False)
        if state.open_until is not None:
            recent = state.recent
            assert recent.endswith("xxxxx") or recent.count("x") * 2 > RECENT
            return
        assert len(state.recent) <= RECENT
