"""The engine a Flask application holds: a hub made after the fork, and the loop of each socket."""

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakSet

import structlog
from simple_websocket import ConnectionClosed, Server

from app.core import clock
from app.live.connection import Connection
from app.live.hub import Hub
from app.live.limits import NotAdmittedError
from app.live.messages import Close, Resume

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 4096
MAX_MESSAGES_PER_SECOND = 10
SERVER_OPTIONS = {"max_message_size": MAX_MESSAGE_BYTES, "ping_interval": None}
"""For `SOCK_SERVER_OPTIONS`; the library's own pings would close with 1008, so the hub pings."""

OnMessage = Callable[[str], None]

_engines: "WeakSet[Live]" = WeakSet()


def goodbye(code: Close = Close.RESTART) -> None:
    """Close all sockets of this process; for the server's signal handler."""
    for engine in _engines:
        engine.goodbye(code)


class MisbehavedError(Exception):
    """A client says more, or other things, than it may."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Live:
    """One per application; the hub inside is one per process."""

    def __init__(self, make_hub: Callable[[], Hub]) -> None:
        self._make_hub = make_hub
        self._lock = threading.Lock()
        self._hub: Hub | None = None
        self._made_in = 0
        _engines.add(self)

    @property
    def hub(self) -> Hub:
        """Return this process's hub, made on first use: threads do not survive a fork."""
        with self._lock:
            if self._hub is None or self._made_in != os.getpid():
                self._hub, self._made_in = self._make_hub(), os.getpid()
            return self._hub

    def notify(self, topic: str, seq: int) -> None:
        """Tell this process's readers that a topic moved; nothing to do where nobody looks."""
        if self._hub is not None:
            self._hub.notify(topic, seq)

    def check_sessions(self) -> None:
        """Close the sockets of ended sessions of this process now."""
        if self._hub is not None:
            self._hub.check_sessions()

    def goodbye(self, code: Close = Close.RESTART) -> None:
        """Close all sockets and take no more."""
        if self._hub is not None:
            self._hub.goodbye(code)

    def serve(self, ws: Server, connection: Connection, on_message: OnMessage | None = None) -> None:
        """Hold a socket until it ends; never return without having said why.

        The database session is given back before every wait: a hundred open sockets hold no connection.
        A JSON client's `resume` is answered here; `on_message` gets what else it says.
        """
        hub = self.hub
        try:
            hub.join(connection)
            self._listen(hub, ws, connection, on_message)
        except ConnectionClosed:
            pass
        except NotAdmittedError as refusal:
            connection.close(refusal.code, refusal.limit)
        except MisbehavedError as fault:
            connection.close(fault.code, fault.reason)
        except Exception:
            log.exception("live_socket_failed")
            connection.close(Close.BROKEN)
        finally:
            hub.leave(connection)
            with suppress(Exception):
                hub.source.release()
            connection.close(Close.RESTART)
            connection.finish()

    def _listen(self, hub: Hub, ws: Server, connection: Connection, on_message: OnMessage | None) -> None:
        pace = Pace(MAX_MESSAGES_PER_SECOND)
        while True:
            hub.source.release()
            message = ws.receive()
            pace.step()
            if not isinstance(message, str):
                raise MisbehavedError(Close.UNSUPPORTED, "text only")
            if connection.kind == "json" and (asked := Resume.parse(message)):
                topic = asked.topic or next(iter(connection.topics), "")
                hub.resume(connection, topic, asked.after_seq)
            elif on_message:
                on_message(message)


class Pace:
    """How fast a client may speak."""

    def __init__(self, per_second: int) -> None:
        self._last: deque[float] = deque(maxlen=per_second + 1)

    def step(self) -> None:
        """Count a message. Raise MisbehavedError at one too many within a second."""
        self._last.append(clock.monotonic())
        if len(self._last) == self._last.maxlen and self._last[-1] - self._last[0] < 1:
            raise MisbehavedError(Close.POLICY, "too many messages")
