"""The state that follows from the facts, the step that comes next, who may undo."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.journey import rules
from app.journey.rules import Step, VisitFacts
from app.journey.states import OPEN_STEPS, State, StepStatus
from app.queues.states import OPEN_STATUSES, EntryStatus

NOW = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)


def step(ordinal: int, status: StepStatus = StepStatus.PLANNED, *after: int, must: bool = True) -> Step:
    return Step(ordinal, ordinal, f"service-{ordinal}", must, status, after)


STEPS = some.builds(
    step,
    some.integers(1, 9),
    some.sampled_from(StepStatus),
    must=some.booleans(),
)
FACTS = some.builds(
    VisitFacts,
    is_arrived=some.booleans(),
    is_registered=some.booleans(),
    is_finished=some.booleans(),
    has_joined=some.booleans(),
    entry=some.sampled_from([None, *sorted(OPEN_STATUSES)]),
    steps=some.lists(STEPS, max_size=5),
)


@given(FACTS)
def test_no_payment_while_a_mandatory_step_is_open(facts: VisitFacts) -> None:
    is_open = any(one.is_mandatory and one.status in OPEN_STEPS for one in facts.steps)
    if rules.state_of(facts) is State.PAYMENT:
        assert not is_open
        assert facts.entry is None


@given(FACTS)
def test_the_entry_decides_once_a_visit_is_registered(facts: VisitFacts) -> None:
    state = rules.state_of(facts)
    assert state is not State.COMPLETED
    if facts.is_finished:
        assert state is State.FINISHED
    elif facts.is_arrived and facts.is_registered and facts.entry is not None:
        assert state is {
            EntryStatus.CALLED: State.CALLED,
            EntryStatus.IN_SERVICE: State.ONGOING,
        }.get(facts.entry, State.WAITING)


@given(some.lists(STEPS, max_size=6, unique_by=lambda one: one.ordinal))
def test_the_next_step_is_open_and_its_forerunners_are_done(steps: list[Step]) -> None:
    chained = [
        Step(s.id, s.ordinal, s.service_code, s.is_mandatory, s.status, (s.ordinal - 1,)) for s in steps
    ]
    found = rules.next_step(chained)
    if found is not None:
        assert found.status in OPEN_STEPS
        closed = {one.ordinal for one in chained if one.status not in OPEN_STEPS}
        assert set(found.after) <= closed


def test_mandatory_steps_come_first_then_the_planned_order() -> None:
    assert rules.next_step([step(1, must=False), step(3), step(2)]) == step(2)
    assert rules.next_step([step(1, StepStatus.DONE), step(2, StepStatus.PLANNED, 1)]) == step(
        2, StepStatus.PLANNED, 1
    )
    assert rules.next_step([step(1, StepStatus.ACTIVE), step(2, StepStatus.PLANNED, 1)]) == step(
        1, StepStatus.ACTIVE
    )
    assert rules.next_step([step(2, StepStatus.PLANNED, 1), step(1, StepStatus.DONE)]) is not None
    assert rules.next_step([]) is None


@pytest.mark.parametrize(
    ("whose", "age", "answer"),
    [
        ("own", 60, "yes"),
        ("own", 60.1, "no"),
        ("another's", 0, "no"),
        ("another's, by the charge nurse", 900, "yes"),
        ("another's, by the charge nurse", 900.1, "no"),
        ("own, by the charge nurse", 900.1, "no"),
    ],
)
def test_who_may_undo_until_when(whose: str, age: float, answer: str) -> None:
    allowed = rules.may_undo(
        age_seconds=age, is_own=whose.startswith("own"), may_undo_others=whose.endswith("charge nurse")
    )
    assert allowed is (answer == "yes")


def test_a_patient_at_the_door_means_the_visit_under_way_else_the_nearest() -> None:
    early, late = NOW - timedelta(hours=1), NOW + timedelta(minutes=10)
    assert rules.choose_visit([(1, State.UNREGISTERED, late), (2, State.WAITING, early)], NOW) == 2
    assert rules.choose_visit([(1, State.UNREGISTERED, early), (2, State.UNREGISTERED, late)], NOW) == 2
    assert rules.choose_visit([(1, State.FINISHED, early)], NOW) is None
    assert rules.choose_visit([], NOW) is None
