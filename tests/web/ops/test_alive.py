"""Whether the house lives is asked often, by machines: it costs no look at anything, and keeps nobody signed in."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.door.headers import HEADERS
from tests.web.scenes import statements

Browser = Callable[[str], FlaskClient]


@pytest.mark.parametrize("path", ["/healthz", "/healthz?from=probe"])
def test_a_probe_asks_the_database_nothing_whoever_sends_it(browser_of: Browser, path: str) -> None:
    signed_in = browser_of("anne")
    with statements() as asked:
        answer = signed_in.get(path)
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})
    assert asked == []
    assert HEADERS.items() <= dict(answer.headers).items()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]
    assert "Set-Cookie" not in answer.headers
