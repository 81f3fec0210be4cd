"""The database: one engine, one session, the column types and the mixins every table is made of."""

import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    Executable,
    Integer,
    MetaData,
    Row,
    String,
    Text,
    Uuid,
    event,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator, TypeEngine

LOCK_WAIT_SECONDS = 3

# SQLite only counts up an INTEGER primary key; MySQL should not run out of a 32-bit one.
BigId = BigInteger().with_variant(Integer(), "sqlite")


class AsciiKey(TypeDecorator[str]):
    """Tokens and codes: compared byte by byte, also on MySQL.

    Other text is compared in its escaped form, which no key has: MariaDB refuses to compare `ascii_bin` with
    Korean (error 1267), and a Korean word in an address is no fault of ours.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Ask MySQL for an exact, one-byte column."""
        length = cast("String", self.impl).length
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.VARCHAR(length, charset="ascii", collation="ascii_bin"))
        return dialect.type_descriptor(String(length))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Escape what is not ASCII."""
        return None if value is None else str(value).encode("ascii", "backslashreplace").decode("ascii")


class MediumText(TypeDecorator[str]):
    """Text up to 16 MB (a floor plan).

    MySQL gets its bytes, which the driver writes as hexadecimal digits: it would escape a text that is not ASCII sign
    by sign, ten times as slowly.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Ask MySQL for MEDIUMTEXT, as its TEXT ends at 64 KB."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.MEDIUMTEXT())
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """Encode for MySQL."""
        return value.encode() if value is not None and dialect.name in {"mysql", "mariadb"} else value


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python, DATETIME(6) in the database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Ask MySQL for microseconds, which it drops otherwise."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Store UTC without a zone; a naive value is a fault of ours."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Model(DeclarativeBase):
    """Base of all tables; constraint names are computed, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime(), uuid.UUID: Uuid()}
    __table_args__: Any = {"mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"}  # noqa: RUF012 - SQLAlchemy declares it as an instance variable


class Identified:
    """A bigint key that never leaves the process, and the public id that does."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    public_id: Mapped[uuid.UUID] = mapped_column(Uuid(), unique=True, default=uuid.uuid4)


class Versioned:
    """What a form compares: raised when the row's own editable fields change."""

    version: Mapped[int] = mapped_column(Integer, default=1)


class Sequenced(Identified):
    """An aggregate that screens and partners follow: `seq` rises by one per transaction that moved it."""

    topic_kind: ClassVar[str]
    seq: Mapped[int] = mapped_column(BigInteger, default=0)

    @property
    def topic(self) -> str:
        """Name under which moves of this row are told."""
        return f"{self.topic_kind}:{self.public_id}"

    @property
    def promise_kind(self) -> str:
        """Kind under which consumers receive promises of this row."""
        return self.topic_kind


class Projected(Identified):
    """A row that partners follow and no screen does.

    Whenever the ORM changes one of its `projected` columns, `core.transaction` raises its `seq`, once per
    transaction, and promises it to the consumers of its kind; without a consumer nothing is written.
    """

    topic_kind: ClassVar[str]
    projected: ClassVar[frozenset[str]]
    seq: Mapped[int] = mapped_column(BigInteger, default=0)


# Flask-SQLAlchemy gives the engine and the request's session; the tables hang on our own typed base.
db: SQLAlchemy = SQLAlchemy(metadata=Model.metadata, disable_autonaming=True)


def look(statement: Executable, values: Mapping[str, object]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the rows of a statement that was made beforehand, for what every request asks.

    Columns only, no objects: it passes by what the ORM does around a statement, which is half of what asking costs.
    In a transaction that the session has begun it is asked there, else on a connection that is given back at once.
    """
    if db.session.registry.has() and (session := db.session()).in_transaction():
        session.flush()
        return session.connection().execute(statement, values).all()
    with db.engine.connect() as connection:
        return connection.execute(statement, values).all()


def engine_options(url: str, pool_size: int = 20) -> dict[str, Any]:
    """Return what the engine needs: READ COMMITTED and short lock waits on MySQL, WAL on SQLite."""
    if url.startswith("sqlite"):
        return {
            "hide_parameters": True,
            "connect_args": {"timeout": LOCK_WAIT_SECONDS, "check_same_thread": False},
        }
    return {
        # What a statement was given holds names; its error goes to the log of whoever ran it.
        "hide_parameters": True,
        "isolation_level": "READ COMMITTED",
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": 10,
        "connect_args": {
            "charset": "utf8mb4",
            "connect_timeout": 5,
            "init_command": f"SET SESSION innodb_lock_wait_timeout={LOCK_WAIT_SECONDS}, time_zone='+00:00'",
        },
    }


@event.listens_for(Engine, "connect")
def _prepare_sqlite(dbapi: Any, _record: ConnectionPoolEntry) -> None:
    """Take BEGIN into our own hands: pysqlite's late one loses updates (28 double beds of 40 when tried)."""
    if type(dbapi).__module__.startswith("sqlite3"):
        dbapi.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            dbapi.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """Begin as the unit of work says: IMMEDIATE for writers, DEFERRED for readers.

    Asked of the driver itself, for every request begins three times: as a statement it takes ten times as long.
    """
    if connection.dialect.name != "sqlite":
        return
    begin = f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}"
    try:
        cast("Any", connection.connection.dbapi_connection).execute(begin)
    except sqlite3.OperationalError as error:
        raise OperationalError(begin, None, error) from error
