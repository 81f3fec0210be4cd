"""The files that were not taken over, as lists show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from app.core.db import db
from app.core.errors import NotFoundError
from app.imaging.models import QuarantinedFile

MOST_ROWS: Final = 500
ON_A_PAGE: Final = 50
# A file takes up to so much more of a disk than it holds.
BLOCK_BYTES: Final = 4096


_COUNTED: Final = select(
    func.count(QuarantinedFile.id), func.coalesce(func.sum(QuarantinedFile.size_bytes), 0)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One file in quarantine; `sentence` is a stored reason."""

    id: UUID
    sha256: str
    reason: str
    sentence: str
    size_bytes: int
    source: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """One page of the quarantine; `used_bytes`: how much lies there in all."""

    rows: tuple[Refusal, ...]
    total: int
    used_bytes: int
    page: int
    pages: int


def quarantine(most: int = MOST_ROWS, *, skip: int = 0) -> tuple[Refusal, ...]:
    """Return the files that were not taken over, the newest first; 1 statement."""
    rows = db.session.execute(
        select(QuarantinedFile)
        .order_by(QuarantinedFile.at.desc(), QuarantinedFile.id.desc())
        .limit(most)
        .offset(skip)
    ).scalars()
    return tuple(_refusal(row) for row in rows)


def quarantine_page(page: int) -> Refusals:
    """Return a page of them; 2 statements."""
    total, size_bytes = db.session.execute(_COUNTED).one()
    pages = max(1, -(-total // ON_A_PAGE))
    page = min(page, pages)
    return Refusals(
        rows=quarantine(ON_A_PAGE, skip=(page - 1) * ON_A_PAGE),
        total=total,
        used_bytes=_on_disk(total, size_bytes),
        page=page,
        pages=pages,
    )


def quarantine_bytes() -> int:
    """Return how much lies in quarantine, as it fills a disk; 1 statement."""
    return _on_disk(*db.session.execute(_COUNTED).one())


def _on_disk(files: int, size_bytes: int) -> int:
    return int(size_bytes) + files * BLOCK_BYTES


def refusal(file_id: UUID) -> Refusal:
    """Return one of them; 1 statement. Raise NotFoundError."""
    row = db.session.execute(
        select(QuarantinedFile).where(QuarantinedFile.public_id == file_id)
    ).scalar_one_or_none()
    if row is None:
        raise NotFoundError(kind="file")
    return _refusal(row)


def _refusal(row: QuarantinedFile) -> Refusal:
    return Refusal(
        id=row.public_id,
        sha256=row.sha256,
        reason=row.reason,
        sentence=row.sentence,
        size_bytes=row.size_bytes,
        source=row.source,
        name=row.name,
        at=row.at,
    )
