"""How a person uses a page in a test: read the form, send it with its token."""

import re
from contextvars import Context
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.cast import PASSWORD

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


class Browser(FlaskClient):
    """A browser whose requests stand each in a context of their own, as on a server: nobody inherits a `g`."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send one request."""
        return Context().run(super().open, *args, **kwargs)


def csrf_of(response: TestResponse) -> str:
    """Return the page's CSRF token."""
    found = TOKEN.search(response.get_data(as_text=True))
    assert found, "the page carries no CSRF token"
    return found.group(1)


def send(
    browser: FlaskClient,
    page: str,
    action: str,
    *,
    htmx: bool = False,
    key: str | None = None,
    **fields: object,
) -> TestResponse:
    """Open a page and post one of its forms, as htmx or as a plain form."""
    token = csrf_of(browser.get(page))
    headers = {"HX-Request": "true"} if htmx else {}
    if key:
        headers["Idempotency-Key"] = key
    return browser.post(action, data={"csrf_token": token, **fields}, headers=headers)


def sign_in(browser: FlaskClient, name: str, password: str = PASSWORD) -> TestResponse:
    """Sign a member of the cast in."""
    answer = send(browser, "/login", "/login", username=name, password=password)
    assert answer.status_code == 303, answer.get_data(as_text=True)[:500]
    return answer
