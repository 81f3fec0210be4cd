"""The socket's guard: what simple-websocket writes by itself passes through the connection's one lock."""

import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SERVER_KEYS = ("gunicorn.socket", "werkzeug.socket")


class Controlled(Protocol):
    """Whoever puts control frames in order with everything else on the wire."""

    def control(self, frame: bytes) -> None:
        """Send a frame between two others, never inside one."""

    def wake(self) -> None:
        """Wake whoever waits for a message: none will come."""


class GuardedSocket:
    """Stand in for the server's socket: the library's pongs and closes take the connection's way out.

    simple-websocket 1.1.0 calls `send`, which may write half a frame, and from its own thread.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.connection: Controlled | None = None

    @property
    def raw(self) -> socket.socket:
        """The operating system's socket, beneath gevent's where that is in use."""
        return cast("socket.socket", getattr(self._sock, "_sock", self._sock))

    def recv(self, size: int) -> bytes:
        """Wait for bytes of the peer."""
        return self._sock.recv(size)

    def send(self, data: bytes) -> int:
        """Send all of it, in order with the connection's own frames."""
        if self.connection is None:
            self._sock.sendall(data)  # the handshake's answer: no frame may precede it
        else:
            self.connection.control(bytes(data))
        return len(data)

    def close(self) -> None:
        """Hear that the library's reading thread is done; the server, which opened the socket, closes it.

        At a too long message simple-websocket 1.1.0 wakes its receiver too early, and he sleeps on for ever.
        """
        if self.connection is not None:
            self.connection.wake()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class GuardSockets:
    """WSGI middleware: guard the socket of each upgrade, and refuse compression.

    permessage-deflate costs 180 KB and 1.4 times the CPU per connection; our frames are made once for all.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Pass the request on."""
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            for key in SERVER_KEYS:
                if key in environ:
                    environ[key] = GuardedSocket(environ[key])
        return self._app(environ, start_response)
