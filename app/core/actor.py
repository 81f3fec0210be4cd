"""Who acts: a frozen value that every service names with `by=`."""

from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody or something that commands; ids are public ids, `units` those of the staff member."""

    kind: str
    role: str
    id: UUID | None = None
    units: frozenset[UUID] = frozenset()
    session_id: str | None = None
    device_id: UUID | None = None
    visit_id: UUID | None = None
    ip: str | None = None
    name: str = ""

    def for_visit(self, visit_id: UUID) -> Self:
        """Return the same actor serving the person in front of it."""
        return replace(self, visit_id=visit_id)


SYSTEM = Actor(kind="system", role="system")
EMR = Actor(kind="emr", role="emr")
ANONYMOUS = Actor(kind="anonymous", role="anonymous")
