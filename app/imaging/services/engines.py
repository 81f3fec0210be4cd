"""Where this house's models run, by its settings, and the way there."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, cast

from app import settings
from app.core import http
from app.core.http import HttpDownError, HttpForbiddenError, Limits
from app.imaging.rules import MIB
from app.inference.annae import OtherHouse
from app.inference.apart import Apart
from app.inference.asking import UNAUTHORIZED, Reply, object_of, taken
from app.inference.engines import Engine
from app.inference.errors import TransientError
from app.inference.oip import ModelServer
from app.settings import Settings

# What comes back: tensors of the volume's size from a v2 server, packed masks from another Annae.
MOST_ANSWER_BYTES: Final = 1024 * MIB


def configured() -> Engine:
    """Return the engine that the settings name."""
    set_ = settings.current()
    here = Apart(
        folder=set_.inference_models_dir,
        seconds=set_.inference_seconds,
        memory_bytes=set_.inference_memory_mb * MIB,
        surroundings=settings.surroundings(),
    )
    if not set_.inference_url:
        return here
    if set_.inference_protocol == "annae":
        return OtherHouse(_by_password(set_))
    token = set_.inference_token.get_secret_value()
    way = _Way(set_.inference_url.rstrip("/"), set_.inference_seconds)
    return ModelServer(_WithToken(way, token), cast("Path", set_.inference_models_dir), here)


@dataclass(frozen=True, slots=True)
class _Way:
    """One server by its address: no other host is asked, and no redirect followed."""

    url: str
    seconds: int

    def send(
        self, method: str, path: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request. Raise TransientError where no whole answer came."""
        try:
            answer = http.ask(
                cast("Literal['GET', 'POST']", method),
                f"{self.url}{path}",
                content=content,
                headers=headers,
                # It says nothing while it measures.
                limits=Limits(
                    seconds=self.seconds, read_seconds=self.seconds, answer_bytes=MOST_ANSWER_BYTES
                ),
                hosts=frozenset({http.host_of(self.url)}),
            )
        except HttpDownError as error:
            raise TransientError(str(error)) from error
        except HttpForbiddenError as error:
            raise TransientError(str(error), opens=True) from error
        return Reply(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            retry_after_seconds=answer.retry_after_seconds,
        )


@dataclass(frozen=True, slots=True)
class _WithToken:
    """The way to a server that knows one lasting token, or none; implements Ask."""

    way: _Way
    token: str

    def __call__(
        self, method: str, path: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        key = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.way.send(method, path, content=content, headers={**key, **(headers or {})})


@dataclass(slots=True)
class _BySession:
    """The way to another Annae, whose tokens last for minutes: signed in anew where one has ended; implements Ask."""

    way: _Way
    user: str
    password: str
    token: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(
        self, method: str, path: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        used = self.token or self._sign_in("")
        reply = self._send(used, method, path, content, headers)
        if reply.status != UNAUTHORIZED:
            return reply
        return self._send(self._sign_in(used), method, path, content, headers)

    def _send(
        self, token: str, method: str, path: str, content: bytes, headers: Mapping[str, str] | None
    ) -> Reply:
        key = {"Authorization": f"Bearer {token}"}
        return self.way.send(method, path, content=content, headers={**key, **(headers or {})})

    def _sign_in(self, ended: str) -> str:
        """Return a token other than the one that has ended; threads that meet the same end sign in once."""
        with self.lock:
            if self.token in {"", ended}:
                body = json.dumps({"username": self.user, "password": self.password}).encode()
                reply = self.way.send(
                    "POST", "/api/v1/auth/login", content=body, headers={"Content-Type": "application/json"}
                )
                self.token = str(object_of(taken(reply).body).get("access_token", ""))
            return self.token


def _by_password(set_: Settings) -> _BySession:
    return _session(
        set_.inference_url.rstrip("/"),
        set_.inference_seconds,
        set_.inference_user,
        set_.inference_password.get_secret_value(),
    )


@lru_cache(maxsize=1)
def _session(url: str, seconds: int, user: str, password: str) -> _BySession:
    return _BySession(_Way(url, seconds), user, password)
