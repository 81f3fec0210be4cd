"""Every change of a record keeps what the row then says, so that who comes too late is told what, by whom and when."""

from collections.abc import Callable, Mapping
from typing import Any

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import GoneError, VersionMissingError, VersionStaleError
from app.emr.models import (
    EncounterNote,
    Patient,
    PatientAllergy,
    PatientContact,
    PatientFlag,
    PatientIdentifier,
    RecordVersion,
)
from app.emr.queries.versions import Snapshot, snapshots

Kept = Patient | PatientIdentifier | PatientAllergy | PatientContact | PatientFlag | EncounterNote


def _patient(row: Patient) -> dict[str, str]:
    return {
        "name": row.name,
        "birth_date": row.birth_date.isoformat(),
        "gender": row.gender or "",
        "phone": f"****-{row.phone_last4}" if row.phone_last4 else "",
    }


def _columns(*names: str) -> Callable[[Any], dict[str, str]]:
    return lambda row: {name: getattr(row, name) for name in names}


# By kind: what a form shows of a row, as texts.
SHOWN: Mapping[type[Kept], tuple[str, Callable[[Any], dict[str, str]]]] = {
    Patient: ("patient", _patient),
    PatientIdentifier: ("identifier", _columns("kind", "system", "value")),
    PatientAllergy: ("allergy", _columns("substance", "reaction", "criticality", "status")),
    PatientContact: ("contact", _columns("name", "relation", "phone")),
    PatientFlag: ("flag", _columns("kind", "text")),
    EncounterNote: ("note", _columns("text")),
}


def keep(row: Kept, *, by: Actor) -> None:
    """Keep what a row says in its present version, inside the change's unit; 1 statement with the flush."""
    kind, shown = SHOWN[type(row)]
    db.session.add(
        RecordVersion(
            kind=kind,
            aggregate=row.public_id,
            version=row.version,
            fields=shown(row),
            by_kind=by.kind,
            by_id=by.id,
            by_name=by.name,
            at=clock.utcnow(),
        )
    )


def check(row: Kept, seen: int | None, *, is_gone: bool = False) -> None:
    """Compare the version that a form carried, under the row's lock.

    Raise VersionMissingError, VersionStaleError or (taken away since) GoneError, both with `now` and `base`.
    """
    if seen is None:
        raise VersionMissingError(version=row.version)
    if seen == row.version and not is_gone:
        return
    kept = snapshots(row.public_id, (row.version, seen))
    now = kept.get(row.version) or Snapshot(version=row.version, fields=SHOWN[type(row)][1](row))
    refusal = GoneError if is_gone else VersionStaleError
    raise refusal(version=row.version, seen=seen, now=now, base=kept.get(seen))
