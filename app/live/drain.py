"""The drain: one thread that waits for slow readers, so that nobody else has to."""

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from app.live import metrics
from app.live.connection import Connection

LOOK_SECONDS = 0.5


class Drain:
    """Finish what connections could not send at once, and cut off those that make no progress."""

    def __init__(self, *, stall_seconds: float, on_recovered: Callable[[Connection], None]) -> None:
        self._stall_seconds, self._on_recovered = stall_seconds, on_recovered
        self._busy: set[Connection] = set()
        self._lock = threading.Lock()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)

    def add(self, connection: Connection) -> None:
        """Take care of a connection until it owes nothing."""
        with self._lock:
            is_new = connection not in self._busy
            self._busy.add(connection)
        if is_new:
            with suppress(OSError):  # full: the thread is awake anyway
                self._wake_out.send(b"!")

    def forget(self, connection: Connection) -> None:
        """Let go of a connection that ends."""
        with self._lock:
            self._busy.discard(connection)

    def run(self) -> None:
        """Drain for ever."""
        while True:
            self._round()

    def _round(self) -> None:
        # A selector per round: descriptors are closed by the server behind our back, and few are ever busy.
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_in, selectors.EVENT_READ)
            with self._lock:
                busy = list(self._busy)
            for connection in busy:
                try:
                    selector.register(connection, selectors.EVENT_WRITE, connection)
                except (OSError, ValueError, KeyError):  # closed meanwhile
                    self.forget(connection)
            ready = selector.select(LOOK_SECONDS if busy else None)
        with suppress(OSError):
            self._wake_in.recv(4096)
        for key, _ in ready:
            if isinstance(key.data, Connection):
                self._pump(key.data)
        for connection in busy:
            self._look_after(connection)

    def _pump(self, connection: Connection) -> None:
        self.forget(connection)  # first: it may get busy again, and be added, the moment it is idle
        if not connection.pump():
            self.add(connection)
        elif connection.recover():
            self._on_recovered(connection)

    def _look_after(self, connection: Connection) -> None:
        if connection.has_stalled(self._stall_seconds):
            metrics.dropped.inc()
            connection.kill()
            self.forget(connection)
