"""Services: what may be planned, and what is said of each."""

from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import db
from app.core.errors import NotFoundError
from app.queues.models import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service that may be planned."""

    code: str
    name_ko: str
    name_en: str
    duration_seconds: int
    is_any_order: bool
    follows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDetails(Offer):
    """A service as its administrator sees it."""

    version: int
    preparation_ko: str
    preparation_en: str
    after_care_ko: str
    after_care_en: str


def offers() -> tuple[Offer, ...]:
    """Return all services; 1 statement."""
    rows = db.session.execute(select(Service).order_by(Service.id)).scalars()
    return tuple(
        Offer(
            code=row.code,
            name_ko=row.name_ko,
            name_en=row.name_en,
            duration_seconds=row.duration_seconds,
            is_any_order=row.is_any_order,
            follows=tuple(row.follows),
        )
        for row in rows
    )


def service(code: str) -> ServiceDetails:
    """Return one service; 1 statement. Raise NotFoundError."""
    row = db.session.execute(select(Service).where(Service.code == code)).scalar_one_or_none()
    if row is None:
        raise NotFoundError(kind="service")
    return ServiceDetails(
        code=row.code,
        version=row.version,
        name_ko=row.name_ko,
        name_en=row.name_en,
        duration_seconds=row.duration_seconds,
        is_any_order=row.is_any_order,
        follows=tuple(row.follows),
        preparation_ko=row.preparation_ko,
        preparation_en=row.preparation_en,
        after_care_ko=row.after_care_ko,
        after_care_en=row.after_care_en,
    )
