"""What every shape is, and what a refusal looks like."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Told(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, from_attributes=True)


class ErrorShape(Told):
    """The refusal for programs: a code that never changes, a sentence, and what is known."""

    code: str
    message: str
    details: dict[str, Any]


class Problem(Told):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    success: Literal[False] = False
    error: ErrorShape


class Versioned(Told):
    """What somebody may change, in the version that they must have seen; it is the answer's ETag too."""

    id: UUID
    version: int


class Found(Protocol):
    """A page of rows that a query has found."""

    @property
    def page(self) -> int:
        """Return which page it is."""

    @property
    def pages(self) -> int:
        """Return how many there are."""

    @property
    def total(self) -> int:
        """Return how many rows all pages have."""


class Paged(Told):
    """A page of a list; one behind the last is empty."""

    page: int
    pages: int
    total: int

    @classmethod
    def of(cls, found: Found, **rows: Sequence[Told]) -> Self:
        """Return a page of a query as partners read it."""
        return cls(page=found.page, pages=found.pages, total=found.total, **rows)
