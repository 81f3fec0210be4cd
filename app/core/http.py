"""HTTP to the outside: allowed hosts only, no redirect followed, nothing waited for longer than said."""

import logging
import os
import ssl
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, Literal
from urllib.parse import urlsplit

import httpx

from app import settings
from app.core import clock
from app.core.hosts import is_allowed

# At INFO it writes down every address, in whose query a patient may stand, or a phone's push secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

Method = Literal["GET", "PUT", "POST"]

CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0
LONGEST_SECONDS: Final = 10.0
LARGEST_ANSWER_BYTES: Final = 64 * 1024
LONGEST_RETRY_AFTER_SECONDS: Final = 3600.0


class HttpForbiddenError(Exception):
    """The address is none that this house may ask: nothing was sent."""


class HttpDownError(Exception):
    """No answer: not reached, too slow, too long, or broken off. What was sent may have arrived, unless `is_unsent`."""

    def __init__(self, reason: str, *, is_unsent: bool = False) -> None:
        super().__init__(reason)
        self.is_unsent = is_unsent


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one request may take as a whole, how long without a sign of life, and how much may come back."""

    seconds: float
    read_seconds: float
    answer_bytes: int
    connect_seconds: float = CONNECT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the other side said; a redirect is an answer like any other. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it was taken."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of success

    @property
    def retry_after_seconds(self) -> float:
        """Return how long it asks us to wait, in seconds or until a date; nonsense counts as not asked."""
        return min(_seconds(self.headers.get("retry-after", "")), LONGEST_RETRY_AFTER_SECONDS)


def ask(
    method: Method,
    url: str,
    *,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    hosts: Collection[str] | None = None,
) -> Answer:
    """Send one request and return the answer, at most `limits.seconds` later (plus one read).

    `hosts` stands for the settings' list where a target may be asked at its own hosts only. Connections are kept for
    the next request. Raise HttpForbiddenError before anything is sent, HttpDownError where no whole answer came.
    """
    _check(url, settings.current().outgoing_hosts if hosts is None else hosts)
    bounds = limits or Limits(
        seconds=LONGEST_SECONDS, read_seconds=READ_SECONDS, answer_bytes=LARGEST_ANSWER_BYTES
    )
    until = clock.monotonic() + bounds.seconds
    try:
        with _client().stream(
            method,
            url,
            content=content,
            # What is not compressed cannot be a bomb, and its length is what was counted.
            headers={"Accept-Encoding": "identity", **(headers or {})},
            timeout=httpx.Timeout(
                min(bounds.read_seconds, bounds.seconds), connect=min(bounds.connect_seconds, bounds.seconds)
            ),
        ) as response:
            body = bytearray()
            for piece in response.iter_raw():
                body += piece
                if len(body) > bounds.answer_bytes:
                    raise HttpDownError("the answer is too long")
                if clock.monotonic() > until:
                    raise HttpDownError("the answer takes too long")
            return Answer(status=response.status_code, headers=dict(response.headers), body=bytes(body))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise HttpDownError(type(error).__name__, is_unsent=True) from error
    except httpx.TransportError as error:
        raise HttpDownError(type(error).__name__) from error
    except httpx.InvalidURL as error:
        raise HttpForbiddenError("the address is none") from error


def post(url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
    """Post to one of the settings' hosts within the small limits; raises as `ask`."""
    return ask("POST", url, content=content, headers=headers)


def host_of(url: str) -> str:
    """Return the host that an address names; empty where it names none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _check(url: str, hosts: Collection[str]) -> None:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise HttpForbiddenError("the address is none") from error
    if parts.scheme not in {"http", "https"} or parts.username or not is_allowed(parts.hostname or "", hosts):
        raise HttpForbiddenError("the host is not allowed")


def _seconds(said: str) -> float:
    if said.isascii() and said.isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
        return max((until - clock.utcnow()).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return 0.0


class _Connections:
    """This process's client, made at its first use; a forked child makes its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.client: httpx.Client | None = None
        self.inherited: list[httpx.Client] = []

    def get(self) -> httpx.Client:
        with self.lock:
            if self.client is None:
                self.client = httpx.Client(
                    verify=_trusted(),
                    follow_redirects=False,
                    trust_env=False,
                    # One target's cookie is nothing that another call should carry.
                    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                )
            return self.client

    def forget(self) -> None:
        """Leave the parent's connections alone: what is said on them would be half of its talk."""
        self.lock = threading.Lock()
        if self.client is not None:
            self.inherited.append(self.client)
            self.client = None


_connections = _Connections()
os.register_at_fork(after_in_child=_connections.forget)


def _client() -> httpx.Client:
    return _connections.get()


@cache
def _trusted() -> ssl.SSLContext:
    """Trust what the machine trusts, so that a hospital's own authority counts."""
    return ssl.create_default_context()
