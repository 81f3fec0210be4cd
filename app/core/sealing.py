"""The audit's chain: sealed off the hot path, so that no request waits for the row before its own."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app import settings
from app.core import clock
from app.core.audit import AuditRow, AuditSeal
from app.core.db import db
from app.core.transaction import transactional

AGE = timedelta(seconds=30)  # older rows are surely committed: ids are given before their commit
MOST_ROWS = 5000
FIRST_HASH = "0" * 64
COLUMNS = tuple(column.name for column in AuditRow.__table__.columns)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain has found."""

    seals: int
    rows: int
    broken_seal: int | None


@transactional
def seal() -> int:
    """Seal the rows that nobody has sealed yet; return how many."""
    last = db.session.execute(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1)).scalar_one_or_none()
    rows = _rows(after=last.to_id if last else 0, before=clock.utcnow() - AGE)
    if not rows:
        return 0
    previous = last.hash if last else FIRST_HASH
    digest = _chain(previous, rows)
    db.session.add(
        AuditSeal(
            from_id=rows[0].id,
            to_id=rows[-1].id,
            count=len(rows),
            prev_hash=previous,
            hash=digest,
            hmac=_sign(digest),
            at=clock.utcnow(),
        )
    )
    return len(rows)


def verify() -> Verified:
    """Walk the chain from its beginning; name the first seal that does not fit."""
    previous, seals, rows = FIRST_HASH, 0, 0
    for one in db.session.execute(select(AuditSeal).order_by(AuditSeal.id)).scalars():
        sealed = _rows(after=one.from_id - 1, upto=one.to_id)
        digest = _chain(previous, sealed)
        if (
            one.prev_hash != previous
            or len(sealed) != one.count
            or digest != one.hash
            or not hmac.compare_digest(one.hmac, _sign(digest))
        ):
            return Verified(seals=seals, rows=rows, broken_seal=one.id)
        previous, seals, rows = one.hash, seals + 1, rows + len(sealed)
    return Verified(seals=seals, rows=rows, broken_seal=None)


def canonical(row: AuditRow) -> bytes:
    """Return the bytes of a row that are hashed; a golden test pins them."""
    values = {name: getattr(row, name) for name in COLUMNS}
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _rows(*, after: int, before: object = None, upto: int | None = None) -> Sequence[AuditRow]:
    chosen = select(AuditRow).where(AuditRow.id > after).order_by(AuditRow.id)
    if before is not None:
        chosen = chosen.where(AuditRow.at < before).limit(MOST_ROWS)
    if upto is not None:
        chosen = chosen.where(AuditRow.id <= upto)
    return db.session.execute(chosen).scalars().all()


def _chain(previous: str, rows: Sequence[AuditRow]) -> str:
    digest = previous
    for row in rows:
        digest = hashlib.sha256(digest.encode() + canonical(row)).hexdigest()
    return digest


def _sign(digest: str) -> str:
    key = b"audit-seal:" + settings.current().secret_key.get_secret_value().encode()
    return hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()
