"""One leader by a database row: whoever moves a duty's `last_done` does it; the others find it done."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import AsciiKey, Model, db
from app.core.transaction import savepoint, transactional


class DutyRow(Model):
    """A duty of the clock and when it was last taken."""

    __tablename__ = "duty"

    name: Mapped[str] = mapped_column(AsciiKey(32), primary_key=True)
    last_done: Mapped[datetime]


@transactional
def take(name: str, every: timedelta) -> bool:
    """Take a duty if it is due; True for exactly one process per period."""
    now = clock.utcnow()
    try:
        with savepoint():
            if db.session.get(DutyRow, name) is None:
                db.session.add(DutyRow(name=name, last_done=now - every - timedelta(seconds=1)))
    except IntegrityError:
        pass  # another process has just begun with it
    taken = db.session.connection().execute(
        update(DutyRow).where(DutyRow.name == name, DutyRow.last_done <= now - every).values(last_done=now)
    )
    return bool(taken.rowcount == 1)
