"""Heavy requests: a view whose work takes seconds and memory has few places in a process, taken before a body is read.

Without this, as many volumes as there are threads would lie on the disk at once.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from flask import current_app, g, request

from app import settings
from app.core.errors import BusyError, TooLargeError

F = TypeVar("F", bound=Callable[..., object])
JSON = "application/json"
RETRY_SECONDS = 5


class _Places:
    """How many of them are taken in this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.taken = 0

    def take(self, most: int) -> bool:
        with self.lock:
            if self.taken >= most:
                return False
            self.taken += 1
            return True

    def give_back(self) -> None:
        with self.lock:
            self.taken -= 1


_places = _Places()


def heavy(*, most_json_bytes: int) -> Callable[[F], F]:
    """Mark a view as heavy; arrays of numbers in JSON take thirty times their size, so that such a body is short."""

    def mark(view: F) -> F:
        view.most_json_bytes = most_json_bytes  # type: ignore[attr-defined]
        return view

    return mark


def take_place() -> None:
    """Take a place for a heavy request, before its body is read. Raise BusyError, TooLargeError."""
    most_json = getattr(current_app.view_functions.get(request.endpoint or ""), "most_json_bytes", None)
    if most_json is None:
        return
    if request.mimetype == JSON:
        request.max_content_length = most_json
        if (request.content_length or 0) > most_json:
            raise TooLargeError(why="array_json", most_bytes=most_json)
    if not _places.take(settings.current().inference_at_once):
        raise BusyError(why="measuring", retry_after=RETRY_SECONDS)
    g.has_place = True


def give_place_back(_error: BaseException | None = None) -> None:
    """Give the place back, however the request ended."""
    if g.pop("has_place", False):
        _places.give_back()
