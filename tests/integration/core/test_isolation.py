"""The isolation table on the real MariaDB (records.md 4.1), and the page that is printed from it. No SQLite here."""

import pytest

from app.settings import ROOT
from tests.integration.core.isolation import CASES, LEVELS, SNAPSHOT, Table, measure, page, table, version

pytestmark = pytest.mark.mariadb
# In the order of CASES.
STATED = {
    "READ UNCOMMITTED": ("yes", "yes", "yes", "yes", "yes", "yes"),
    "READ COMMITTED": ("no", "yes", "yes", "yes", "yes", "yes"),
    "REPEATABLE READ": ("no", "no", "no", "yes", "yes", "yes"),
    SNAPSHOT: ("no", "no", "no", "1020", "1020", "yes"),
    "SERIALIZABLE": ("1205", "1205", "1205", "1205", "1205", "1205"),
}


@pytest.fixture(scope="module")
def measured(mariadb_url: str) -> Table:
    return measure(mariadb_url)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("level", LEVELS)
def test_what_a_level_lets_through(measured: Table, level: str, case: str) -> None:
    assert measured[level][case] == dict(zip(CASES, STATED[level], strict=True))[case]


@pytest.mark.parametrize("case", CASES)
def test_the_snapshot_refuses_what_was_lost_silently(measured: Table, case: str) -> None:
    if SNAPSHOT not in measured:
        pytest.skip("this server does not know innodb_snapshot_isolation")
    assert measured[SNAPSHOT][case] == dict(zip(CASES, STATED[SNAPSHOT], strict=True))[case]


def test_the_page_is_what_was_measured(measured: Table, mariadb_url: str) -> None:
    printed = (ROOT / "docs" / "isolation.md").read_text(encoding="utf-8")
    if f"MariaDB {version(mariadb_url)}:" in printed:
        assert printed == page(measured, version(mariadb_url)), "make docs"
    else:
        assert table(measured).splitlines()[-1] in printed
