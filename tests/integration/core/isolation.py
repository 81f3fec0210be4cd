"""What the isolation levels of the real MariaDB let through: measured, and printed as docs/isolation.md.

`python -m tests.integration.core.isolation docs/isolation.md` starts a private server for it (`make docs`).
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pymysql
from pymysql.cursors import Cursor

from tests.services.private import Servers

LEVELS = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
SNAPSHOT = "REPEATABLE READ + innodb_snapshot_isolation"
VARIABLE = "innodb_snapshot_isolation"
Table = Mapping[str, Mapping[str, str]]

HEAD = """# What isolation lets through

Printed by `make docs` from `tests/integration/core/isolation.py`, which runs every case on a real MariaDB with two
connections; a test compares. *yes*: it happens. A number is the error that the later of the two gets: 1205 lock wait,
1213 deadlock, 1020 "record has changed since last read".

We run at READ COMMITTED, and nothing rests on the level: the version that a form posted is compared in the transaction,
shelves change by `UPDATE … WHERE reserved + n <= on_hand` whose row count decides, and unique keys forbid the double.
MariaDB 11.8 turns `innodb_snapshot_isolation` on by default: what was a silent lost update is error 1020 there. The
unit of work is run again on 1213 and 1020, never on 1205, which has waited already.

"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two connections at one level, on one table of two rows."""

    first: Cursor
    second: Cursor

    def both(self, statement: str) -> None:
        """Say the same to both."""
        for one in (self.first, self.second):
            one.execute(statement)


def dirty(pair: Pair) -> bool:
    """Whether one reads what the other has not committed."""
    pair.second.execute("UPDATE box SET n = 99 WHERE id = 1")
    return number(pair.first, "SELECT n FROM box WHERE id = 1") == 99


def non_repeatable(pair: Pair) -> bool:
    """Whether a row that was read reads otherwise later in the same transaction."""
    before = number(pair.first, "SELECT n FROM box WHERE id = 1")
    pair.second.execute("UPDATE box SET n = 99 WHERE id = 1")
    pair.second.execute("COMMIT")
    return number(pair.first, "SELECT n FROM box WHERE id = 1") != before


def phantom(pair: Pair) -> bool:
    """Whether a row appears in a range that was read before."""
    before = number(pair.first, "SELECT COUNT(*) FROM box WHERE n >= 10")
    pair.second.execute("INSERT INTO box VALUES (3, 10)")
    pair.second.execute("COMMIT")
    return number(pair.first, "SELECT COUNT(*) FROM box WHERE n >= 10") != before


def phantom_by_update(pair: Pair) -> bool:
    """Whether an own UPDATE reaches a row that the own snapshot does not hold, and so brings it in."""
    before = number(pair.first, "SELECT COUNT(*) FROM box WHERE n >= 10")
    pair.second.execute("INSERT INTO box VALUES (3, 10)")
    pair.second.execute("COMMIT")
    pair.first.execute("UPDATE box SET n = n + 1 WHERE n >= 10")
    return number(pair.first, "SELECT COUNT(*) FROM box WHERE n >= 10") != before


def lost_update(pair: Pair) -> bool:
    """Whether two who read, reckon and write leave the trace of one."""
    mine, yours = (number(one, "SELECT n FROM box WHERE id = 1") for one in (pair.first, pair.second))
    pair.second.execute(f"UPDATE box SET n = {yours - 1} WHERE id = 1")  # noqa: S608 - a number read just now
    pair.second.execute("COMMIT")
    pair.first.execute(f"UPDATE box SET n = {mine - 1} WHERE id = 1")  # noqa: S608
    pair.first.execute("COMMIT")
    return number(pair.first, "SELECT n FROM box WHERE id = 1") == 9


def write_skew(pair: Pair) -> bool:
    """Whether two who each see both boxes full empty one each."""
    sums = [number(one, "SELECT SUM(n) FROM box") for one in (pair.first, pair.second)]
    pair.first.execute("UPDATE box SET n = 0 WHERE id = 1")
    pair.second.execute("UPDATE box SET n = 0 WHERE id = 2")
    pair.both("COMMIT")
    return sums == [20, 20] and number(pair.first, "SELECT SUM(n) FROM box") == 0


CASES: dict[str, Callable[[Pair], bool]] = {
    "dirty read": dirty,
    "non-repeatable read": non_repeatable,
    "phantom read": phantom,
    "phantom by UPDATE": phantom_by_update,
    "lost update": lost_update,
    "write skew": write_skew,
}


def number(cursor: Cursor, query: str) -> int:
    """Return the one number that a query gives."""
    cursor.execute(query)
    (found,) = cursor.fetchone() or (0,)
    return int(found)


def measure(url: str) -> Table:
    """Return what happens: by level, then by case; the snapshot row only where the server knows the variable."""
    with _database(url) as connect:
        with connect() as connection, connection.cursor() as cursor:
            knows = bool(cursor.execute(f"SHOW VARIABLES LIKE '{VARIABLE}'"))
        levels = [*LEVELS[:3], *([SNAPSHOT] if knows else []), LEVELS[3]]
        return {
            level: {name: _run(case, level, connect, knows=knows) for name, case in CASES.items()}
            for level in levels
        }


def version(url: str) -> str:
    """Return the server's version, as 10.11."""
    with _database(url) as connect, connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        (found,) = cursor.fetchone() or ("",)
    return ".".join(str(found).split("-")[0].split(".")[:2])


def table(measured: Table) -> str:
    """Return the table as a page shows it."""
    rows = [f"| level | {' | '.join(CASES)} |", f"|---{'|---' * len(CASES)}|"]
    rows += [f"| {level} | {' | '.join(answers.values())} |" for level, answers in measured.items()]
    return "\n".join(rows) + "\n"


def page(measured: Table, of: str) -> str:
    """Return the whole page."""
    return f"{HEAD}Measured on MariaDB {of}:\n\n{table(measured)}"


def _run(case: Callable[[Pair], bool], level: str, connect: Callable[[], Any], *, knows: bool) -> str:
    with connect() as first, connect() as second, first.cursor() as one, second.cursor() as two:
        pair = Pair(one, two)
        one.execute("DELETE FROM box")
        one.execute("INSERT INTO box VALUES (1, 10), (2, 10)")
        one.execute("COMMIT")
        if knows:
            pair.both(f"SET SESSION {VARIABLE} = {'ON' if level == SNAPSHOT else 'OFF'}")
        # MariaDB takes 0 as "do not wait": the answer is 1205 all the same, and at once.
        pair.both("SET SESSION innodb_lock_wait_timeout = 0")
        pair.both(f"SET SESSION TRANSACTION ISOLATION LEVEL {level.partition(' +')[0]}")
        pair.both("BEGIN")
        try:
            return "yes" if case(pair) else "no"
        except pymysql.err.MySQLError as error:
            return str(error.args[0])
        finally:
            pair.both("ROLLBACK")


@contextmanager
def _database(url: str) -> Iterator[Callable[[], Any]]:
    """Give connections to an empty database of its own on this server."""
    server = urlsplit(url)
    name = f"annae_isolation_{uuid4().hex[:8]}"

    def connect(database: str | None = name) -> Any:
        return pymysql.connect(
            host=server.hostname, port=server.port or 0, user=server.username, database=database
        )

    with connect(None) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}`")
        cursor.execute(f"CREATE TABLE `{name}`.box (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB")
        try:
            yield connect
        finally:
            cursor.execute(f"DROP DATABASE `{name}`")


def main() -> None:
    """Write the page from a private server."""
    servers = Servers()
    with TemporaryDirectory() as folder:
        try:
            url = servers.start("mariadb", Path(folder) / "mariadb")
            Path(sys.argv[1]).write_text(page(measure(url), version(url)), encoding="utf-8")
        finally:
            servers.stop()


if __name__ == "__main__":
    main()
