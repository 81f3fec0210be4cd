"""What hangs where, what a token means, what stands on the labels."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from app.core.db import db
from app.core.errors import NotFoundError, TagRevokedError, UnknownTagError
from app.tags import rules, signing
from app.tags.models import Tap, Touchpoint
from app.tags.qr import qr_svg
from app.tags.rules import TagKind
from app.wayfinding.rules import Name

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPlace:
    """Where somebody stands who holds a phone to a tag; `place` is the map's code of it."""

    id: int
    touchpoint_id: UUID
    place: str
    kind: TagKind
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Something with a label on the wall."""

    token_id: str
    key_version: int

    @property
    def token(self) -> str:
        """What stands on the label."""
        return signing.token_of(self.token_id, self.key_version)

    @property
    def url(self) -> str:
        """The address that the label holds."""
        return signing.url_of(self.token_id, self.key_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRow(Labelled):
    """A tag as the administrator sees it."""

    touchpoint_id: UUID
    place: str
    kind: TagKind
    name: Name
    version: int
    is_active: bool
    created_at: datetime
    revoked_at: datetime | None
    last_tap_at: datetime | None


@dataclass(frozen=True, slots=True)
class TagPage:
    """One page of the list of tags."""

    rows: tuple[TagRow, ...]
    page: int
    pages: int
    count: int


@dataclass(frozen=True, slots=True)
class Label:
    """One label of the printed sheet, for those who scan and for those who read."""

    svg: str
    place: str
    url: str
    number: str


def look(token: str) -> TagPlace:
    """Return where a token's tag hangs; one statement, and nothing written.

    Raise UnknownTagError for what was never ours, TagRevokedError for a tag or label out of service. An
    unknown id costs as much as a wrong mac.
    """
    halves = rules.split(token)
    if halves is None:
        raise UnknownTagError
    token_id, mac = halves
    row = db.session.execute(
        select(
            Touchpoint.id,
            Touchpoint.public_id,
            Touchpoint.place,
            Touchpoint.kind,
            Touchpoint.name_ko,
            Touchpoint.name_en,
            Touchpoint.key_version,
            Touchpoint.is_active,
        ).where(Touchpoint.token_id == token_id)
    ).one_or_none()
    version = signing.version_of(token_id, mac, row.key_version if row else 1)
    if row is None or version is None:
        raise UnknownTagError
    if version != row.key_version or not row.is_active:
        raise TagRevokedError
    return TagPlace(
        id=row.id,
        touchpoint_id=row.public_id,
        place=row.place,
        kind=TagKind(row.kind),
        name=Name(row.name_ko, row.name_en),
    )


def tag(tag_id: UUID | str) -> TagRow:
    """Return a tag by its public id or the id of its token; one statement. Raise NotFoundError."""
    if isinstance(tag_id, UUID):
        wanted = _rows().where(Touchpoint.public_id == tag_id)
    elif tag_id.isascii():  # MySQL refuses to compare an ascii column with Korean (1267)
        wanted = _rows().where(Touchpoint.token_id == tag_id)
    else:
        raise NotFoundError(kind="Touchpoint")
    row = db.session.execute(wanted).one_or_none()
    if row is None:
        raise NotFoundError(kind="Touchpoint")
    return _row(row)


def tags(page: int = 1, size: int = PAGE_SIZE) -> TagPage:
    """Return a page of the tags, those in service first, by place; two statements."""
    count = db.session.execute(select(func.count()).select_from(Touchpoint)).scalar_one()
    pages = max(1, -(-count // size))
    page = min(max(page, 1), pages)
    rows = db.session.execute(_in_order().limit(size).offset((page - 1) * size))
    return TagPage(rows=tuple(_row(row) for row in rows), page=page, pages=pages, count=count)


def sheet(locale: str = "ko", *, token_ids: tuple[str, ...] = ()) -> tuple[Label, ...]:
    """Return the labels of the tags in service, all or some; one statement."""
    wanted = _in_order().where(Touchpoint.is_active)
    if token_ids:
        wanted = wanted.where(Touchpoint.token_id.in_([one for one in token_ids if one.isascii()]))
    return tuple(
        Label(svg=qr_svg(row.url), place=row.name.in_(locale), url=row.url, number=row.token_id)
        for row in map(_row, db.session.execute(wanted))
    )


def last_place(visit_id: UUID) -> str | None:
    """Return the place where a visit's patient last tapped: where the way begins; one statement."""
    return db.session.execute(
        select(Touchpoint.place)
        .join(Tap, Tap.touchpoint_id == Touchpoint.id)
        .where(Tap.visit_id == visit_id)
        .order_by(Tap.at.desc(), Tap.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _rows() -> Select[*tuple[Any, ...]]:
    """Return the statement that reads tags with their last tap (one index look-up per row)."""
    last_tap = select(func.max(Tap.at)).where(Tap.touchpoint_id == Touchpoint.id).scalar_subquery()
    return select(
        Touchpoint.public_id,
        Touchpoint.token_id,
        Touchpoint.place,
        Touchpoint.kind,
        Touchpoint.name_ko,
        Touchpoint.name_en,
        Touchpoint.key_version,
        Touchpoint.version,
        Touchpoint.is_active,
        Touchpoint.created_at,
        Touchpoint.revoked_at,
        last_tap.label("last_tap_at"),
    )


def _in_order() -> Select[*tuple[Any, ...]]:
    return _rows().order_by(Touchpoint.is_active.desc(), Touchpoint.place, Touchpoint.id)


def _row(row: Any) -> TagRow:
    return TagRow(
        touchpoint_id=row.public_id,
        token_id=row.token_id,
        place=row.place,
        kind=TagKind(row.kind),
        name=Name(row.name_ko, row.name_en),
        key_version=row.key_version,
        version=row.version,
        is_active=row.is_active,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        last_tap_at=row.last_tap_at,
    )
