"""The table of alerts: nothing without an action and an owner, one sound, and time that tells on by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from app.accounts.roles import DRIVERS, POLICY, Permission, Role
from app.alerts import rules
from app.alerts.rules import (
    CHARGE_ID,
    DESK_ID,
    READERS,
    WAYS,
    Facts,
    Kind,
    Move,
    Outcome,
    Post,
    State,
    Told,
    measured,
)
from tests.cast import STAFF

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def facts(kind: Kind = Kind.URGENT_LEFT, *, age: timedelta, **more: datetime | None) -> Facts:
    return Facts(kind=kind, raised_at=NOW - age, **more)


@pytest.mark.parametrize("kind", Kind)
def test_every_alert_has_an_action_an_owner_and_an_end(kind: Kind) -> None:
    way = WAYS[kind]
    assert way.action.endswith(".")
    assert READERS[way.owner]
    assert 1 <= way.priority <= 3
    assert way.lapses_after > rules.ESCALATES_AFTER


def test_only_priority_one_is_heard() -> None:
    loud = {kind for kind, way in WAYS.items() if way.priority <= rules.SOUNDS_FROM}
    assert loud == {Kind.URGENT_LEFT, Kind.KIOSK_HELP}
    for role in Role:
        assert not rules.rings(role, priority=2, state=State.OPEN, is_escalated=True)


@pytest.mark.parametrize("state", [State.SNOOZED, State.TAKEN, State.ENDED])
def test_what_somebody_has_answered_is_silent(state: State) -> None:
    assert not rules.rings(Role.NURSE, priority=1, state=state, is_escalated=True)


@pytest.mark.parametrize(
    ("role", "at_once", "late"),
    [
        (Role.NURSE, True, True),
        (Role.TECHNICIAN, True, True),
        (Role.DESK, True, True),
        (Role.CHARGE_NURSE, False, True),
        (Role.DOCTOR, False, False),  # with a patient
        (Role.RADIOLOGY, False, False),
        (Role.CASHIER, False, False),
        (Role.ADMIN, False, False),
    ],
)
def test_who_hears_it_at_once_and_who_after_five_minutes(role: Role, *, at_once: bool, late: bool) -> None:
    assert rules.rings(role, priority=1, state=State.OPEN, is_escalated=False) is at_once
    assert rules.rings(role, priority=1, state=State.OPEN, is_escalated=True) is late


@pytest.mark.parametrize(
    ("age", "move"),
    [
        (timedelta(0), None),
        (5 * MINUTE - timedelta(seconds=1), None),
        (5 * MINUTE, Move.ESCALATE),
        (8 * 60 * MINUTE, Move.LAPSE),
    ],
)
def test_what_nobody_takes_is_told_on_after_five_minutes(age: timedelta, move: Move | None) -> None:
    assert rules.move_due(facts(age=age), NOW) is move


def test_it_is_told_on_once_and_never_while_somebody_has_it() -> None:
    assert rules.move_due(facts(age=9 * MINUTE, escalated_at=NOW - 4 * MINUTE), NOW) is None
    assert rules.move_due(facts(age=9 * MINUTE, taken_at=NOW - 8 * MINUTE), NOW) is None
    assert rules.move_due(facts(age=600 * MINUTE, ended_at=NOW), NOW) is None


def test_a_snooze_is_waited_for_and_wakes_loud() -> None:
    snoozed = facts(age=9 * MINUTE, snoozed_until=NOW + MINUTE)
    assert rules.state_of(snoozed, NOW) is State.SNOOZED
    assert rules.move_due(snoozed, NOW) is None
    assert rules.move_due(snoozed, NOW + MINUTE) is Move.ESCALATE
    early = facts(age=4 * MINUTE, snoozed_until=NOW)
    assert rules.move_due(early, NOW) is Move.WAKE
    assert rules.state_of(early, NOW) is State.OPEN


@pytest.mark.parametrize(("snoozed", "left"), [(0, (5, 10, 15)), (5, (5, 10)), (10, (5,)), (15, ())])
def test_all_snoozes_together_are_fifteen_minutes(snoozed: int, left: tuple[int, ...]) -> None:
    assert rules.snoozes_left(snoozed) == left


@pytest.mark.parametrize("role", Role)
def test_who_answers_what(role: Role) -> None:
    assert rules.may_answer(role, Post.WARD, is_escalated=False) is (role in DRIVERS)
    assert rules.may_answer(role, Post.DESK, is_escalated=False) is (role is Role.DESK)
    assert rules.may_answer(role, Post.DESK, is_escalated=True) is (role in {Role.DESK, Role.CHARGE_NURSE})


def test_the_permissions_cover_everybody_who_answers() -> None:
    answering = frozenset().union(*READERS.values())
    assert POLICY[Permission.ANSWER_ALERTS] == POLICY[Permission.SEE_ALERTS] == answering
    assert {role for role, _ in STAFF.values()} - answering == {"admin", "cashier", "auditor", "pharmacy"}


def test_what_the_desk_leaves_is_shown_to_the_charge_nurses_too() -> None:
    assert rules.posts_of(Post.DESK, DESK_ID, is_escalated=False) == (DESK_ID,)
    assert rules.posts_of(Post.DESK, DESK_ID, is_escalated=True) == (DESK_ID, CHARGE_ID)
    ward = rules.DESK_ID.__class__(int=7)
    assert rules.posts_of(Post.WARD, ward, is_escalated=True) == (ward,)
    assert [rules.kind_of_post(one) for one in (ward, DESK_ID, CHARGE_ID)] == [
        Post.WARD,
        Post.DESK,
        Post.CHARGE,
    ]


def told(outcome: Outcome | None, minutes: float | None = None, *, is_escalated: bool = False) -> Told:
    return Told(outcome=outcome, minutes_to_take=minutes, is_escalated=is_escalated)


def test_the_report_counts_what_was_acted_on_among_what_has_ended() -> None:
    month = measured(
        [
            told(Outcome.DONE, 1),
            told(Outcome.DONE, 3),
            told(Outcome.DISMISSED, 8, is_escalated=True),
            told(Outcome.LAPSED, is_escalated=True),
            told(None),
        ]
    )
    assert (month.raised, month.ended, month.acted, month.escalated) == (5, 4, 2, 2)
    assert month.minutes_to_take == 3
    assert month.acted_share == 0.5
    assert month.is_worth_it is True
    assert measured([told(Outcome.CLEARED)]).is_worth_it is False
    assert measured([told(None)]).is_worth_it is None
