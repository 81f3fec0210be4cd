"""Aside: duties that ask the outside are done beside the clock, so that its silence stops nobody's time."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from app.core.transaction import release

log = structlog.get_logger(__name__)

Enter = Callable[[], AbstractContextManager[object]]


class Aside:
    """One thread for each duty that is under way; `enter` opens the application for it, with a session of its own.

    Whoever is cut off by the clock's end has a lease that runs out, as a killed worker has.
    """

    def __init__(self, enter: Enter) -> None:
        self._enter = enter
        self._threads: dict[str, threading.Thread] = {}

    def is_busy(self, name: str) -> bool:
        """Whether the duty's last turn still waits for an answer."""
        found = self._threads.get(name)
        return found is not None and found.is_alive()

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Begin a duty's turn and return at once."""
        thread = threading.Thread(target=self._do, args=(name, work), name=f"aside-{name}", daemon=True)
        self._threads[name] = thread
        thread.start()

    def _do(self, name: str, work: Callable[[], None]) -> None:
        with self._enter():
            try:
                work()
            except Exception:
                log.exception("duty_failed", duty=name)
            finally:
                release()
