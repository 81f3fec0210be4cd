"""What has served its time: idempotency keys and logged moves older than a day."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from app.core import clock
from app.core.db import db
from app.core.idempotency import IdempotencyKey
from app.core.outbox import TopicEvent
from app.core.transaction import transactional

KEPT = timedelta(hours=24)
PIECE_ROWS = 500


def purge_expired() -> int:
    """Delete what is older than a day, by primary key in small pieces, so that no purge holds a lock long."""
    return sum(_purge(model) for model in (IdempotencyKey, TopicEvent))


def _purge(model: Any) -> int:
    gone = 0
    while (piece := _purge_piece(model)) == PIECE_ROWS:
        gone += piece
    return gone + piece


@transactional
def _purge_piece(model: Any) -> int:
    old = list(
        db.session.execute(
            select(model.id).where(model.at < clock.utcnow() - KEPT).order_by(model.id).limit(PIECE_ROWS)
        ).scalars()
    )
    if old:
        db.session.execute(
            delete(model).where(model.id.in_(old)).execution_options(synchronize_session=False)
        )
    return len(old)
