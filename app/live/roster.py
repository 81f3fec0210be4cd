"""The roster: who is connected, what each follows, and who has just come in."""

import threading
from collections.abc import Callable, Collection

from app.live import metrics
from app.live.connection import Connection
from app.live.feed import Feed
from app.live.limits import Admission, Limits, NotAdmittedError
from app.live.messages import Close


class Roster:
    """Connections and feeds behind one lock, held for set work only: no read, no render inside it."""

    def __init__(self, limits: Limits) -> None:
        self._lock = threading.Lock()
        self._admission = Admission(limits)
        self._connections: set[Connection] = set()
        self._arrivals: set[Connection] = set()
        self._feeds: dict[str, Feed] = {}
        self._is_closed = False

    def add(self, connection: Connection, *, on_busy: Callable[[Connection], None]) -> None:
        """Take a reader in, as an arrival. Raise NotAdmittedError."""
        with self._lock:
            if self._is_closed:
                raise NotAdmittedError(Close.RESTART, "restart")
            self._admission.admit(connection)
            connection.on_busy = on_busy
            self._connections.add(connection)
            for topic in connection.topics:
                self._feeds.setdefault(topic, Feed(topic)).members.add(connection)
            self._arrivals.add(connection)
        metrics.connections.inc()

    def remove(self, connection: Connection) -> None:
        """Let a reader go; one that never got in is no matter."""
        with self._lock:
            if connection not in self._connections:
                return
            self._connections.discard(connection)
            self._arrivals.discard(connection)
            self._admission.dismiss(connection)
            for topic in connection.topics:
                feed = self._feeds[topic]
                feed.leave(connection)
                if not feed.members:
                    del self._feeds[topic]
        metrics.connections.dec()

    def announce(self, connections: Collection[Connection]) -> None:
        """Treat them as arrivals (again), unless they have left."""
        with self._lock:
            self._arrivals |= self._connections.intersection(connections)

    def take_arrivals(self) -> set[Connection]:
        """Return those who came since the last time."""
        with self._lock:
            arrivals, self._arrivals = self._arrivals, set()
            return arrivals

    def close(self) -> None:
        """Take nobody in any more; without the lock, for a signal handler may interrupt whoever holds it."""
        self._is_closed = True

    def everyone(self) -> list[Connection]:
        """Return all readers."""
        with self._lock:
            return list(self._connections)

    def members(self, feed: Feed) -> list[Connection]:
        """Return a feed's readers."""
        with self._lock:
            return list(feed.members)

    def feeds(self) -> list[Feed]:
        """Return all feeds that somebody follows."""
        with self._lock:
            return list(self._feeds.values())

    def feed(self, topic: str) -> Feed | None:
        """Return a topic's feed, if anybody follows it."""
        return self._feeds.get(topic)

    def feeds_of(self, connection: Connection) -> list[Feed]:
        """Return what a reader follows."""
        return [feed for topic in connection.topics if (feed := self._feeds.get(topic))]
