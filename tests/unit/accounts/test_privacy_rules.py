"""The privacy lock's rules: whose screen is covered when, and which PINs are too easy."""

from datetime import UTC, datetime, timedelta

import pytest

from app.accounts.rules import Channel, SessionKind, covered_since, is_common_pin, is_pin

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
IDLE = timedelta(minutes=10)


def since(
    kind: str = SessionKind.STAFF,
    channel: str = Channel.COOKIE,
    *,
    after: timedelta = timedelta(0),
    locked_at: datetime | None = None,
) -> datetime | None:
    return covered_since(
        kind=kind, channel=channel, locked_at=locked_at, last_seen_at=NINE, idle=IDLE, now=NINE + after
    )


@pytest.mark.parametrize(
    ("after", "covered"),
    [
        (timedelta(0), None),
        (IDLE - timedelta(microseconds=1), None),
        (IDLE, NINE + IDLE),
        (timedelta(hours=3), NINE + IDLE),  # as of the moment at which it was left, not of the look
    ],
)
def test_a_screen_is_covered_ten_minutes_after_the_last_gesture(
    after: timedelta, covered: datetime | None
) -> None:
    assert since(after=after) == covered


def test_a_locked_screen_is_covered_whatever_has_moved_since() -> None:
    assert since(locked_at=NINE) == NINE
    assert since(locked_at=NINE, after=timedelta(days=1)) == NINE


@pytest.mark.parametrize(
    ("kind", "channel"),
    [
        (SessionKind.PATIENT, Channel.COOKIE),
        (SessionKind.KIOSK, Channel.COOKIE),
        (SessionKind.BOARD, Channel.COOKIE),
        (SessionKind.PATIENT, Channel.API),
        (SessionKind.STAFF, Channel.API),
    ],
)
def test_phones_kiosks_boards_and_programs_are_no_screens(kind: str, channel: str) -> None:
    assert since(kind, channel, after=timedelta(days=1), locked_at=NINE) is None


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        ("2580", True),
        ("482913", True),
        ("123", False),
        ("1234567", False),
        ("12a4", False),
        ("", False),
        ("٣٤٥٦", False),
    ],
)
def test_a_pin_has_four_to_six_digits(word: str, is_one: bool) -> None:  # noqa: FBT001 - a table
    assert is_pin(word) is is_one


@pytest.mark.parametrize("pin", ["0000", "111111", "1212", "4545", "1234", "34567", "7890", "9876", "543210"])
def test_pins_that_everybody_tries_first(pin: str) -> None:
    assert is_common_pin(pin)


@pytest.mark.parametrize("pin", ["2580", "4821", "1357", "11223", "902143"])
def test_pins_that_are_no_worse_than_others(pin: str) -> None:
    assert not is_common_pin(pin)
