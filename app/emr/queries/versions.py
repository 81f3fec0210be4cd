"""What a row said in a version, by whom and when: the base of a form that comes too late, and who was faster."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.core.db import db
from app.emr.models import RecordVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One version of one row; `at` None where it was written before versions were kept."""

    version: int
    fields: Mapping[str, str]
    by_kind: str = "system"
    by_name: str = ""
    at: datetime | None = None


def snapshots(aggregate: UUID, versions: Collection[int]) -> dict[int, Snapshot]:
    """Return those versions of a row that are kept; 1 statement by the unique index."""
    rows = db.session.execute(
        select(RecordVersion).where(RecordVersion.aggregate == aggregate, RecordVersion.version.in_(versions))
    ).scalars()
    return {
        row.version: Snapshot(
            version=row.version,
            fields=row.fields,
            by_kind=row.by_kind,
            by_name=row.by_name,
            at=row.at,
        )
        for row in rows
    }
