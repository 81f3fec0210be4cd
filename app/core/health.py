"""Is the house fit to work: the database must answer; Redis, the worker and the archive may be away, and it says so."""

from collections.abc import Callable
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
    archive: str

    @property
    def is_ready(self) -> bool:
        """Whether patients and nurses can work."""
        return self.database == "ok"

    @property
    def status(self) -> str:
        """Return ready, degraded or down."""
        if not self.is_ready:
            return "down"
        return "ready" if self.redis == self.worker == self.archive == "ok" else "degraded"


def check(is_archive_up: Callable[[], bool]) -> Health:
    """Ask each dependency once, with short time-outs; the archive only where the database can tell how it stands."""
    try:
        db.session.execute(text("SELECT 1"))
        database = "ok"
    except DATABASE_FAILURES:
        database = "down"
    finally:
        release()
    archive = "ok" if database == "ok" and is_archive_up() else "down"
    if not settings.current().redis_url:
        return Health(database=database, redis="off", worker="off", archive=archive)
    is_up = redis.is_up()
    return Health(
        database=database,
        redis="ok" if is_up else "down",
        worker="ok" if is_up and workers_alive() else "down",
        archive=archive,
    )


def refusal_of(error: Exception) -> RefusedError:
    """Return what a failure of the database means to whoever asked: come back, or the house is shut."""
    if isinstance(error, PoolTimeoutError):
        return BusyError(retry_after=RETRY_SECONDS)
    return DependencyDownError(retry_after=RETRY_SECONDS)
