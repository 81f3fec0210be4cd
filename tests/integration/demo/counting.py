"""Counting what is asked of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, event


@dataclass
class Counted:
    """How many statements there were."""

    number: int = 0


@contextmanager
def statements() -> Iterator[Counted]:
    """Count the statements sent meanwhile."""
    counted = Counted()

    def count(*_: object) -> None:
        counted.number += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", count)
