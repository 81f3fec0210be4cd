"""What a model server is asked over HTTP, and what its statuses mean. The house lends the way there: `Ask`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.inference.errors import NoSuchModelError, PermanentError, TransientError, is_transient_status

OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 401, 403, 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server said; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    retry_after_seconds: float = 0.0


class Ask(Protocol):
    """Send one request below the server's address. Raise TransientError where no whole answer came."""

    def __call__(
        self, method: str, path: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Return what the server said, whatever it is."""


def taken(reply: Reply) -> Reply:
    """Return a reply that is an answer. Raise TransientError or PermanentError by the table of statuses."""
    if reply.status == OK:
        return reply
    words = f"HTTP {reply.status}"
    if reply.status in {UNAUTHORIZED, FORBIDDEN}:
        # Not the picture's fault, and no other picture will fare better: the breaker opens at once.
        raise TransientError(words, opens=True)
    if is_transient_status(reply.status):
        raise TransientError(words, retry_after_seconds=reply.retry_after_seconds)
    if reply.status == NOT_FOUND:
        raise NoSuchModelError(words)
    raise PermanentError(words)


def object_of(content: bytes) -> dict[str, Any]:
    """Return a JSON object. Raise PermanentError for anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PermanentError("the answer is no JSON") from error
    if not isinstance(found, dict):
        raise PermanentError("the answer is no object")
    return found
