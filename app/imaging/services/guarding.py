"""A breaker in front of what stands outside: one that does not answer is left alone, by all processes together."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol, TypeVar

from app.core import clock
from app.core.errors import DependencyDownError
from app.core.relay import breaker
from app.core.transaction import transactional

T = TypeVar("T")
RETRY_SECONDS: Final = 5


class Down(Protocol):
    """Why nothing is known of what was asked; `opens`: no other question would fare better."""

    reason: str
    retry_after_seconds: float
    opens: bool


def guarded(
    ask: Callable[[], T],
    *,
    name: str,
    what: str,
    down: type[Exception],
    answers: tuple[type[Exception], ...],
    probe_for: timedelta,
) -> T:
    """Ask, and let the breaker of this name count: `down` against it, a value or one of `answers` for it.

    Raise DependencyDownError, without asking, while it is open; else whatever `ask` raises.
    """
    probe = _begin(name, what, probe_for)
    try:
        answer = ask()
    except down as error:
        _failed(name, probe, error)  # type: ignore[arg-type]  # every `down` is a Down
        raise
    except answers:
        _succeeded(name, probe)
        raise
    _succeeded(name, probe)
    return answer


def wait_seconds(error: Down) -> int:
    """Return what the asker is told to wait."""
    return round(max(error.retry_after_seconds, RETRY_SECONDS))


@transactional
def _begin(name: str, what: str, probe_for: timedelta) -> str | None:
    """Let one through, or nobody. Raise DependencyDownError while the breaker is open."""
    now = clock.utcnow()
    standing = breaker.state_of(name).name(now)
    if standing == "closed":
        return None
    probe = breaker.reserve_probe(name, now, now + probe_for) if standing == "half-open" else None
    if probe is None:
        raise DependencyDownError(what=what, retry_after=RETRY_SECONDS)
    return probe


@transactional
def _succeeded(name: str, probe: str | None) -> None:
    breaker.succeeded(name, probe)


@transactional
def _failed(name: str, probe: str | None, error: Down) -> None:
    breaker.failed(
        name,
        probe,
        clock.utcnow(),
        reason=error.reason,
        opens=error.opens,
        least_seconds=error.retry_after_seconds,
    )
