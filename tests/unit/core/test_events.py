"""Events: a failing reaction is logged and harms nobody, for the commit stands."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.core import events
from app.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LampLit(Event):
    """A lamp was lit."""

    lamp_id: int


@pytest.fixture
def heard() -> Iterator[list[Event]]:
    before = dict(events._reactions)
    found: list[Event] = []

    def fail(_event: Event) -> None:
        raise RuntimeError("a screen is away")

    events.react({LampLit: (fail, found.append)})
    yield found
    events.react(before)


def test_a_failing_reaction_does_not_stop_the_next(heard: list[Event]) -> None:
    events.tell_all([LampLit(lamp_id=1), LampLit(lamp_id=2)])
    assert heard == [LampLit(lamp_id=1), LampLit(lamp_id=2)]


def test_an_event_without_a_reaction_is_nothing(heard: list[Event]) -> None:
    events.tell_all([Event()])
    assert heard == []
