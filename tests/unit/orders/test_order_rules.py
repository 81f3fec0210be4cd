"""The table of an order, and the small sums: shelves, bills, what was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidError, TransitionRefusedError
from app.orders import rules
from app.orders.rules import Effect, EntryKind, MovementKind, Wanted
from app.orders.states import (
    CLOSED,
    TABLE,
    Command,
    LineStatus,
    OrderStatus,
    check,
    may_start,
    status_after,
)

DRAFT, ACTIVE, ON_HOLD, COMPLETED, REVOKED = OrderStatus
# The whole truth: where each command may start. Whatever is not here is 409.
FROM = {
    "activate": {DRAFT},
    "hold": {ACTIVE},
    "resume": {ON_HOLD},
    "change": {DRAFT, ACTIVE, ON_HOLD},
    "complete": {ACTIVE},
    "complete-line": {ACTIVE},
    "revoke": {DRAFT, ACTIVE, ON_HOLD},
    "finish-step": {ACTIVE, ON_HOLD},
    "drop-step": {ACTIVE, ON_HOLD},
    "reopen": {ACTIVE, ON_HOLD, COMPLETED, REVOKED},
}


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("command", Command)
def test_the_table_says_from_where_and_refuses_the_rest(command: Command, status: OrderStatus) -> None:
    if status in FROM[command]:
        assert check(command, status) is TABLE[command]
        return
    assert not may_start(command, status)
    with pytest.raises(TransitionRefusedError) as refused:
        check(command, status)
    assert (refused.value.status, refused.value.details) == (
        409,
        {"command": str(command), "status": str(status)},
    )


def test_only_putting_aside_and_taking_back_say_why() -> None:
    assert {command for command, way in TABLE.items() if way.needs_reason} == {Command.HOLD, Command.REVOKE}


@given(
    st.sampled_from(Command), st.sampled_from(OrderStatus), st.lists(st.sampled_from(LineStatus), min_size=1)
)
def test_a_command_never_ends_where_its_way_does_not_lead(
    command: Command, before: OrderStatus, lines: list[LineStatus]
) -> None:
    # What each command leaves of the lines: ends close them, a reopened one is open again.
    if command in {Command.COMPLETE, Command.REVOKE}:
        ended = LineStatus.COMPLETED if command is Command.COMPLETE else LineStatus.REVOKED
        lines = [ended if one is LineStatus.ACTIVE else one for one in lines]
        lines = [*lines, ended]
    if command in {Command.REOPEN, Command.CHANGE}:
        lines = [*lines, LineStatus.ACTIVE]
    if command in {Command.COMPLETE_LINE, Command.FINISH_STEP}:
        lines = [*lines, LineStatus.COMPLETED]
    if may_start(command, before):
        assert status_after(command, before, lines) in TABLE[command].to


def test_an_order_ends_with_its_last_open_line() -> None:
    done, gone, opened = LineStatus.COMPLETED, LineStatus.REVOKED, LineStatus.ACTIVE
    ends = {
        (done, opened): ACTIVE,
        (done, done): COMPLETED,
        (done, gone): COMPLETED,
        (gone, gone): REVOKED,
    }
    for lines, end in ends.items():
        assert status_after(Command.DROP_STEP, ACTIVE, lines) is end
    assert status_after(Command.FINISH_STEP, ON_HOLD, (done, opened)) is ON_HOLD
    assert status_after(Command.REVOKE, ACTIVE, (done, gone)) is REVOKED
    assert all(status_after(Command.REOPEN, one, (opened,)) is ACTIVE for one in CLOSED)


def test_what_was_promised_leaves_both_when_it_is_handed_out() -> None:
    assert rules.effect(MovementKind.ISSUE, 3, of_line=True) == Effect(-3, -3)
    assert rules.effect(MovementKind.ISSUE, 3, of_line=False) == Effect(-3, 0)
    for kind, sign in ((MovementKind.RESERVE, 1), (MovementKind.RELEASE, -1)):
        assert rules.effect(kind, 3, of_line=True) == Effect(0, 3 * sign)
    for kind in (MovementKind.RECEIVE, MovementKind.ADJUST, MovementKind.COUNT):
        assert rules.effect(kind, 3, of_line=False) == Effect(3, 0)


def test_a_bill_is_its_sum() -> None:
    entries = [(EntryKind.CHARGE, 12_000), (EntryKind.REFUND, 5_000), (EntryKind.PAYMENT, 12_000)]
    assert rules.due(entries[:1]) == 12_000
    assert rules.due(entries) == -5_000
    assert rules.due([*entries, (EntryKind.PAYMENT, -5_000)]) == 0


def test_an_item_of_two_sets_is_ordered_once() -> None:
    sets = {"a": [Wanted("cbc"), Wanted("gauze", 2)], "b": [Wanted("gauze", 3)]}
    assert rules.merged([Wanted("gauze")], sets) == (Wanted("gauze", 6), Wanted("cbc", 1))


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        [Wanted("a", 0)],
        [Wanted("a", -1)],
        [Wanted("a", 10_001)],
        [Wanted("a", 6_000), Wanted("a", 6_000)],
        [Wanted(f"i{n}") for n in range(51)],
    ],
)
def test_nothing_too_much_and_less_than_one_are_refused(wanted: list[Wanted]) -> None:
    with pytest.raises(InvalidError):
        rules.merged(wanted, {})


@pytest.mark.parametrize("reason", [None, "", "   "])
def test_a_reason_is_words(reason: str | None) -> None:
    with pytest.raises(InvalidError):
        rules.said(reason)
    assert rules.said(f"{reason or ''} 중복 처방 ") == "중복 처방"
