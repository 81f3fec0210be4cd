"""A server that hangs: it takes every connection and never says a word; the slowest archive there is."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Silent:
    """A port of this machine; `taken` counts who has come."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._kept: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, daemon=True, name="silent")
        self._thread.start()

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def taken(self) -> int:
        """Return how many connections have come."""
        return len(self._kept)

    def close(self) -> None:
        """Hang up."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        for one in self._kept:
            one.close()

    def _take(self) -> None:
        while True:
            try:
                self._kept.append(self._listener.accept()[0])
            except OSError:  # hung up
                return


@contextmanager
def silent() -> Iterator[Silent]:
    """Let one hang until the block ends."""
    one = Silent()
    try:
        yield one
    finally:
        one.close()
