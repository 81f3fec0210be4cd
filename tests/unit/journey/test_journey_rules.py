"""The state that follows from the facts, the step that comes next, who may undo."""

from dataclasses import replace
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
def test_a_ready_step_is_open_and_its_forerunners_are_done(steps: list[Step]) -> None:
    chained = [
        Step(s.id, s.ordinal, s.service_code, s.is_mandatory, s.status, (s.ordinal - 1,)) for s in steps
    ]
    closed = {one.ordinal for one in chained if one.status not in OPEN_STEPS}
    for found in rules.ready_steps(chained):
        assert found.status in OPEN_STEPS
        assert set(found.after) <= closed


def test_mandatory_steps_come_first_then_the_planned_order() -> None:
    assert rules.ready_steps([step(1, must=False), step(3), step(2)]) == (step(2), step(3))
    assert rules.ready_steps([step(1, must=False), step(2, StepStatus.DONE)]) == (step(1, must=False),)
    second = step(2, StepStatus.PLANNED, 1)
    assert rules.ready_steps([step(1, StepStatus.DONE), second]) == (second,)
    assert rules.ready_steps([step(1, StepStatus.ACTIVE), second]) == (step(1, StepStatus.ACTIVE),)
    assert rules.ready_steps([]) == ()


def test_services_of_any_order_stand_side_by_side_between_those_in_order() -> None:
    planned = ("vitals", "blood", "xray", "consult")
    assert rules.forerunners(planned, {"blood", "xray"}, {}) == [[], [1], [1], [2, 3]]
    assert rules.forerunners(planned, {"blood", "xray"}, {"xray": ("blood",)}) == [[], [1], [1, 2], [2, 3]]
    assert rules.forerunners(("consult",), (), {}) == [[]]


def test_a_meal_never_comes_before_the_fasting_blood_test() -> None:
    follows = {"breakfast": ("blood",), "consult": ("xray",)}
    assert rules.in_order(("breakfast", "blood"), follows) == ("blood", "breakfast")
    assert rules.in_order(("consult", "breakfast", "xray", "blood"), follows) == (
        "xray",
        "consult",
        "blood",
        "breakfast",
    )
    assert rules.in_order(("a", "b"), {"a": ("b",), "b": ("a",)}) == ("a", "b")


@given(
    some.lists(some.sampled_from("abcdef"), min_size=1, max_size=6, unique=True),
    some.sets(some.sampled_from("abcdef")),
    some.dictionaries(some.sampled_from("abcdef"), some.sets(some.sampled_from("abcdef"), max_size=2)),
)
def test_every_plan_can_be_walked_to_its_end(
    planned: list[str], any_order: set[str], follows: dict[str, set[str]]
) -> None:
    ordered = rules.in_order(planned, follows)
    before = rules.forerunners(ordered, any_order, follows)
    done: set[int] = set()
    while len(done) < len(ordered):
        ready = {
            place for place, after in enumerate(before, start=1) if place not in done and set(after) <= done
        }
        assert ready, f"nobody may begin: {ordered} {before}"
        done |= ready


@given(
    some.lists(some.sampled_from("abcdef"), min_size=1, max_size=5, unique=True),
    some.sets(some.sampled_from("abcdef")),
    some.dictionaries(some.sampled_from("abcdef"), some.sets(some.sampled_from("abcdef"), max_size=2)),
    some.lists(some.sampled_from("abcdef"), max_size=3),
    some.integers(0, 5),
)
def test_a_plan_with_more_services_can_still_be_walked_to_its_end(
    planned: list[str], any_order: set[str], follows: dict[str, set[str]], more: list[str], done: int
) -> None:
    ordered = rules.in_order(planned, follows)
    before = rules.forerunners(ordered, any_order, follows)
    steps = [
        Step(n, n, code, True, StepStatus.DONE if n <= done else StepStatus.PLANNED, tuple(after))
        for n, (code, after) in enumerate(zip(ordered, before, strict=True), start=1)
    ]
    for number, code in enumerate(more, start=100):
        *others, new = rules.extended(steps, code, is_mandatory=True, follows=follows)
        assert (new.ordinal, new.status) == (len(steps) + 1, StepStatus.PLANNED)
        assert [one.id for one in others] == [one.id for one in steps]
        steps = [*others, replace(new, id=number)]
    while any(one.status in OPEN_STEPS for one in steps):
        ready = rules.ready_steps(steps)
        assert ready, f"nobody may begin: {steps}"
        steps = rules.closed(steps, ready[0].id, StepStatus.DONE)


def test_a_new_order_waits_for_what_it_follows_and_goes_before_what_follows_it() -> None:
    follows = {"breakfast": ("blood",), "talk": ("xray",)}
    steps = [step(1, StepStatus.DONE), Step(2, 2, "breakfast", True, StepStatus.PLANNED, (1,))]
    *others, blood = rules.extended(steps, "blood", is_mandatory=True, follows=follows)
    assert (blood.after, [one.after for one in others]) == ((), [(), (1, 3)])
    *others, talk = rules.extended([*others, blood], "talk", is_mandatory=False, follows=follows)
    assert (talk.after, talk.is_mandatory) == ((), False)
    eating = [Step(1, 1, "breakfast", True, StepStatus.ACTIVE, ())]
    assert rules.extended(eating, "blood", is_mandatory=True, follows=follows)[0].after == ()


def test_the_step_that_ends_soonest_is_next() -> None:
    def option(step_id: int, walk: float, wait: float | None, lasts: float) -> rules.Option:
        return rules.Option(
            step_id=step_id,
            queue_id=step_id,
            ordinal=step_id,
            walk_seconds=walk,
            wait_seconds=wait,
            duration_seconds=lasts,
        )

    near_and_full, far_and_free = option(1, 30, 1800, 300), option(2, 240, 60, 300)
    assert rules.best([near_and_full, far_and_free]) == far_and_free
    assert rules.best([option(2, 10, 60, 60), option(1, 10, 60, 60)]).step_id == 1  # type: ignore[union-attr]
    assert rules.best([option(1, 0, None, 0), option(2, 999, 999, 999)]).step_id == 2  # type: ignore[union-attr]
    assert rules.best([]) is None


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
