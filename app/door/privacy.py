"""The privacy lock at the door: behind a locked screen nothing is shown and nothing is done, whatever is asked."""

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, g, request

from app.accounts import services as accounts
from app.core import clock
from app.core.errors import ScreenLockedError
from app.door.identity import actor, signed_in
from app.door.rights import PUBLIC, permission_of

F = TypeVar("F", bound=Callable[..., object])


def works_covered(view: F) -> F:
    """Mark a view that a locked screen may still use: it opens the lock, or looks itself at what it shows."""
    view.works_covered = True  # type: ignore[attr-defined]
    return view


def does_work_covered(app: Flask, endpoint: str) -> bool:
    """Whether a locked screen may use an endpoint: public ones show what strangers see."""
    return permission_of(app, endpoint) == PUBLIC or getattr(
        app.view_functions.get(endpoint), "works_covered", False
    )


def is_covered() -> bool:
    """Whether whoever asks sits before a locked screen; decided once per request."""
    if "is_covered" not in g:
        found = signed_in()
        since = found.covered_since(clock.utcnow(), accounts.idle_time()) if found else None
        g.is_covered = since is not None and (found is None or found.locked_at is not None or _is_left())
    covered: bool = g.is_covered
    return covered


def check_lock() -> None:
    """Refuse before the view runs. Raise ScreenLockedError."""
    if request.endpoint is None or does_work_covered(current_app, request.endpoint):
        return
    if is_covered():
        raise ScreenLockedError


def _is_left() -> bool:
    """Write down, with the first look that sees it, that nobody has moved for too long."""
    return accounts.lock_if_idle(by=actor())
