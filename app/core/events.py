"""Events: frozen, past tense, ids only; told after the commit, healed by a reload when lost."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened and is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Event):
    """An aggregate's visible state moved to `seq`; `kind` says why, `ids` which history rows tell it."""

    topic: str
    seq: int
    kind: str
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised(Event):
    """A promise of this kind of aggregate stands in the outbox: its consumers may begin."""

    kind: str


Reaction = Callable[[Event], None]
_reactions: dict[type[Event], tuple[Reaction, ...]] = {}


def react(reactions: dict[type[Event], tuple[Reaction, ...]]) -> None:
    """Install the table of reactions (`app/subscribers.py`)."""
    _reactions.clear()
    _reactions.update(reactions)


def tell_all(events: Iterable[Event]) -> None:
    """Run the reactions of committed events; a failing one is logged, for the commit stands."""
    for event in events:
        for reaction in _reactions.get(type(event), ()):
            try:
                reaction(event)
            except Exception:
                log.exception("reaction_failed", event_type=type(event).__name__)
