"""The outside for tests: a real HTTP server that remembers what it was sent, and misbehaves on order."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Return the body as an object."""
        found: dict[str, Any] = json.loads(self.body)
        return found


Answer = tuple[int, dict[str, str]]
GOOD: Answer = (200, {})


@dataclass
class Outside:
    """What was received, and what is said: `answers` first, one each, then 200. A hook runs before the answer."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    hook: Callable[[Received], None] | None = None
    hang_seconds: float = 0.0
    drop: bool = False
    body: bytes = b""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, received: Received) -> Answer:
        """Remember a request and choose its answer."""
        with self.lock:
            self.received.append(received)
            answer = self.answers.pop(0) if self.answers else GOOD
        if self.hook is not None:
            self.hook(received)
        if self.hang_seconds:
            time.sleep(self.hang_seconds)
        return answer


@contextmanager
def outside() -> Iterator[Outside]:
    """Open the server on a free port of this machine."""
    there = Outside()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, extra = there.take(Received(self.path, headers, body))
            if there.drop:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(there.body)))
            self.end_headers()
            self.wfile.write(there.body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    there.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
