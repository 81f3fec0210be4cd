"""HTTP to the outside: allowed hosts only, no redirect followed, nothing waited for longer than said."""

import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import httpx

from app import settings
from app.core import clock
from app.core.hosts import is_allowed

CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0
LONGEST_SECONDS: Final = 10.0
LARGEST_ANSWER_BYTES: Final = 64 * 1024
LONGEST_RETRY_AFTER_SECONDS: Final = 3600.0


class HttpForbiddenError(Exception):
    """The address is none that this house may ask: nothing was sent."""


class HttpDownError(Exception):
    """No answer: not reached, too slow, too long, or broken off. What was sent may have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the other side said; a redirect is an answer like any other."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it was taken."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of success

    @property
    def retry_after_seconds(self) -> float:
        """Return how long it asks us to wait; dates and nonsense count as not asked."""
        said = self.headers.get("retry-after", "")
        return min(float(said), LONGEST_RETRY_AFTER_SECONDS) if said.isdecimal() else 0.0


def post(url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
    """Send one request and return the answer, at most LONGEST_SECONDS later (plus one read).

    Raise HttpForbiddenError before anything is sent, HttpDownError where no whole answer came.
    """
    _check(url, settings.current().outgoing_hosts)
    until = clock.monotonic() + LONGEST_SECONDS
    try:
        with (
            httpx.Client(
                verify=_trusted(),
                follow_redirects=False,
                trust_env=False,
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            ) as client,
            client.stream("POST", url, content=content, headers=dict(headers)) as response,
        ):
            body = bytearray()
            for piece in response.iter_raw():
                body += piece
                if len(body) > LARGEST_ANSWER_BYTES:
                    raise HttpDownError("the answer is too long")
                if clock.monotonic() > until:
                    raise HttpDownError("the answer takes too long")
            return Answer(status=response.status_code, headers=dict(response.headers), body=bytes(body))
    except httpx.TransportError as error:
        raise HttpDownError(type(error).__name__) from error
    except httpx.InvalidURL as error:
        raise HttpForbiddenError("the address is none") from error


def _check(url: str, hosts: Collection[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.username or not is_allowed(parts.hostname or "", hosts):
        raise HttpForbiddenError("the host is not allowed")


@cache
def _trusted() -> ssl.SSLContext:
    """Trust what the machine trusts, so that a hospital's own authority counts."""
    return ssl.create_default_context()
