"""Is the house fit to work: the database must answer; Redis and the worker may be away, and it says so."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app import settings
from app.core import redis
from app.core.db import db
from app.core.errors import BusyError, DependencyDownError, RefusedError
from app.core.jobs import workers_alive
from app.core.transaction import release

# What a read raises where the database is away or every connection is taken; units of work translate their own.
DATABASE_FAILURES = (DBAPIError, PoolTimeoutError)
RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Health:
    """Each dependency's state: ok, down, or off (not configured)."""

    database: str
    redis: str
    worker: str

    @property
    def is_ready(self) -> bool:
        """Whether patients and nurses can work."""
        return self.database == "ok"

    @property
    def status(self) -> str:
        """Return ready, degraded or down."""
        if not self.is_ready:
            return "down"
        return "ready" if self.redis == "ok" and self.worker == "ok" else "degraded"


def check() -> Health:
    """Ask each dependency once, with short time-outs."""
    try:
        db.session.execute(text("SELECT 1"))
        database = "ok"
    except DATABASE_FAILURES:
        database = "down"
    finally:
        release()
    if not settings.current().redis_url:
        return Health(database=database, redis="off", worker="off")
    is_up = redis.is_up()
    return Health(
        database=database,
        redis="ok" if is_up else "down",
        worker="ok" if is_up and workers_alive() else "down",
    )


def refusal_of(error: Exception) -> RefusedError:
    """Return what a failure of the database means to whoever asked: come back, or the house is shut."""
    if isinstance(error, PoolTimeoutError):
        return BusyError(retry_after=RETRY_SECONDS)
    return DependencyDownError(retry_after=RETRY_SECONDS)
