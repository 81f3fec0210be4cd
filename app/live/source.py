"""What the live engine asks of the hospital: seqs, fragments, events, and whose session still holds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rendered:
    """A topic's state as one audience may see it; `seq` was read in the same transaction as the text."""

    seq: int
    text: str


class Source(Protocol):
    """The hospital's answers. The hub's one thread asks, inside an application context."""

    def seqs(self, topics: Collection[str]) -> Mapping[str, int]:
        """Return the committed seq of each topic, in one statement; a topic that is gone is left out."""

    def alive(self, session_keys: Collection[str]) -> Mapping[str, bool]:
        """Return those whose session still holds, each with whether its screen is covered, in one statement.

        A session whose rights have changed does not hold.
        """

    def render(self, topic: str, audience: str) -> Rendered:
        """Render a topic for an audience: an out-of-band fragment, or for a JSON audience its `snapshot`."""

    def events(self, topic: str, after_seq: int) -> Sequence[tuple[int, str]] | None:
        """Return the events after a seq, in order and without gap; None when they are no longer kept."""

    def release(self) -> None:
        """Give the database session back and end its transaction."""
