"""One reader's socket: frames leave whole and in order, nobody waits for it, a slow one gets the newest."""

import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from simple_websocket import Server

from app.core import clock
from app.live import frames, metrics
from app.live.backlog import Backlog, OverflowingError

if TYPE_CHECKING:
    from app.live.guard import GuardedSocket

Kind = Literal["html", "json"]
UNKNOWN = -1
SEND_BUFFER_BYTES = 64 * 1024
CLOSE = b"\x88"  # the first byte of a close frame (RFC 6455, 5.2)
MAX_CONTROL_BYTES = 4096
GOODBYE_SECONDS = 2.0
LINGER_BYTES = 8 * 1024 * 1024
EVENT_MARK = "#"


def _nobody_is_busy(_connection: "Connection") -> None:
    """Stand in until a hub takes the connection: it then asks for what is left."""


class Connection:
    """A socket, whose it is, what it follows, and what it has seen of that.

    `topics` maps each topic to the audience its reader belongs to (`{"queue:…": "ward:ko"}`), `covered` to the one
    while the reader's screen is covered. One lock guards every byte written: hub, drain, library and closing pass
    through it, and none of them blocks on the wire.
    """

    def __init__(
        self,
        ws: Server,
        topics: Mapping[str, str],
        *,
        session_key: str,
        kind: Kind = "html",
        user_key: str = "",
        device_key: str = "",
        since: Mapping[str, int] | None = None,
        covered: Mapping[str, str] | None = None,
        is_covered: bool = False,
    ) -> None:
        self.ws, self.topics, self.kind = ws, dict(topics), kind
        self._covered, self.is_covered = dict(covered or topics), is_covered
        self.session_key, self.user_key, self.device_key = session_key, user_key, device_key
        self.on_busy: Callable[[Connection], None] = _nobody_is_busy
        self._guard: GuardedSocket = ws.sock
        self._raw = self._guard.raw
        self._lock = threading.Lock()
        self._rest = b""
        self._controls: deque[bytes] = deque()
        self._backlog = Backlog()
        self._seen = {topic: seq for topic, seq in (since or {}).items() if topic in self.topics}
        self._is_paused, self._is_flooded, self._is_dead = True, False, False
        self._is_mute = False
        self._closing_at: float | None = None
        self._progress_at = self._pong_at = clock.monotonic()
        with suppress(OSError):
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._guard.connection = self

    # What it may see

    def audience(self, topic: str) -> str:
        """Return the audience its reader belongs to now."""
        return (self._covered if self.is_covered else self.topics)[topic]

    def cover(self, *, is_covered: bool) -> None:
        """Change the audience; nothing that was owed to the other one leaves any more, and all is offered anew."""
        with self._lock:
            self.is_covered = is_covered
            for topic in self.topics:
                if self._covered[topic] != self.topics[topic]:
                    self._backlog.drop(topic)
                    self._seen[topic] = UNKNOWN

    # What it has seen

    def seen(self, topic: str) -> int:
        """Return the seq last offered of a topic."""
        return self._seen.get(topic, UNKNOWN)

    def is_behind(self, topic: str, seq: int) -> bool:
        """Whether it should be offered this seq; a flooded one first has to read what it was sent."""
        return not self.is_over and not self._is_flooded and self.seen(topic) < seq

    def rewind(self, topic: str, after_seq: int = UNKNOWN) -> None:
        """Forget what was offered after a seq; the hub will offer it again."""
        with self._lock:
            self._backlog.drop(f"{topic}{EVENT_MARK}")
            self._seen[topic] = after_seq

    # Sending

    def offer(self, key: str, frame: bytes) -> None:
        """Send at once, or owe it under its key, where the newest wins. Never blocks."""
        with self._lock:
            is_busy = self._send_or_owe(key, frame)
        if is_busy:
            self.on_busy(self)

    def offer_state(self, topic: str, seq: int, frame: bytes) -> None:
        """Offer a topic's whole state; one that is not newer is refused."""
        # Events are owed one by one, so a snapshot among them stands in the row too.
        key = topic if self.kind == "html" else f"{topic}{EVENT_MARK}{seq}"
        with self._lock:
            if seq <= self.seen(topic):
                return
            self._seen[topic] = seq
            is_busy = self._send_or_owe(key, frame)
        if is_busy:
            self.on_busy(self)

    def offer_event(self, topic: str, seq: int, frame: bytes) -> None:
        """Offer the one event that follows what it has seen; any other is refused: it was rewound."""
        with self._lock:
            if self.seen(topic) != seq - 1:
                return
            self._seen[topic] = seq
            is_busy = self._send_or_owe(f"{topic}{EVENT_MARK}{seq}", frame)
        if is_busy:
            self.on_busy(self)

    def control(self, frame: bytes) -> None:
        """Send a control frame ahead of everything owed, but never inside a frame."""
        with self._lock:
            if self._is_dead:
                return
            if frame[:1] == CLOSE:  # also the library's own answer to a peer who goes: nothing may follow it
                self._is_mute = True
                self._backlog.clear()
            if self._rest:
                self._controls.append(frame)
            else:
                self._begin(frame)
            is_busy, is_abused = bool(self._rest), sum(map(len, self._controls)) > MAX_CONTROL_BYTES
        if is_abused:  # it pings and never reads
            self.kill()
        elif is_busy:
            self.on_busy(self)

    def wake(self) -> None:
        """Wake the route that waits for a message: none will come."""
        self.ws.event.set()

    def open(self) -> None:
        """End the pause in which a newcomer collects its snapshot."""
        with self._lock:
            self._is_paused = False
        if not self.pump():
            self.on_busy(self)

    def pump(self) -> bool:
        """Write what is owed as far as the peer takes it; return whether nothing is left."""
        with self._lock:
            while not self._is_dead:
                if not self._rest:
                    self._rest = self._controls.popleft() if self._controls else self._backlog.take()
                    if not self._rest:
                        return True
                    metrics.sent.inc()
                owed, self._rest = self._rest, b""
                self._write(owed)
                if self._rest:
                    return False
            return True

    def recover(self) -> bool:
        """Return whether its backlog had overflowed; from now on it is behind in everything."""
        with self._lock:
            was_flooded, self._is_flooded = self._is_flooded, False
            return was_flooded

    def _send_or_owe(self, key: str, frame: bytes) -> bool:
        """Return whether the drain has to be called; lock held, as in all that follow."""
        if self.is_over or self._is_mute or self._is_flooded:
            return False
        if self._is_paused or self._rest:
            self._owe(key, frame)
            return False
        metrics.sent.inc()
        self._begin(frame)
        return bool(self._rest)

    def _owe(self, key: str, frame: bytes) -> None:
        try:
            if self._backlog.put(key, frame):
                metrics.conflated.inc()
        except OverflowingError:
            metrics.flooded.inc()
            self._is_flooded = not self._is_paused
            self._seen.clear()

    def _begin(self, data: bytes) -> None:
        """Begin a frame; its time to make progress runs from here, not from the last one."""
        self._progress_at = clock.monotonic()
        self._write(data)

    def _write(self, data: bytes) -> None:
        """Write what the peer takes now and keep the rest."""
        try:
            written = self._raw.send(data, socket.MSG_DONTWAIT)
        except (BlockingIOError, InterruptedError):
            written = 0
        except OSError:
            self._is_dead = True  # the reading side learns it from its own recv
            return
        if written:
            self._progress_at = clock.monotonic()
        self._rest = data[written:]

    # Life and death

    @property
    def is_over(self) -> bool:
        """Whether it takes no more."""
        return self._is_dead or self._closing_at is not None

    @property
    def is_busy(self) -> bool:
        """Whether a frame is half sent."""
        return bool(self._rest) and not self._is_dead

    def fileno(self) -> int:
        """Return the descriptor to poll for room; -1 when closed."""
        return int(self._raw.fileno())

    def has_stalled(self, seconds: float) -> bool:
        """Whether a half-sent frame has not moved for so long."""
        return self.is_busy and clock.monotonic() - self._progress_at > seconds

    def ping(self, *, dead_after_seconds: float) -> bool:
        """Ask for a sign of life; return False when there has been none for too long."""
        now = clock.monotonic()
        if self.ws.pong_received:  # simple-websocket sets it on a pong; we alone unset it
            self._pong_at = now
        self.ws.pong_received = False
        if now - self._pong_at > dead_after_seconds:
            return False
        self.control(frames.ping())
        return True

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye through the library, else the browser would see 1006; nothing follows it."""
        with self._lock:
            if self.is_over:
                return
            self._closing_at = clock.monotonic()
            self._backlog.clear()
        try:
            self.ws.close(int(code), reason)
        except Exception:  # noqa: BLE001 - the peer went first; whatever it was, the socket has to end
            self.kill()

    def has_outstayed(self) -> bool:
        """Whether the peer has not answered our goodbye."""
        at = self._closing_at
        return at is not None and not self._is_dead and clock.monotonic() - at > GOODBYE_SECONDS

    def kill(self) -> None:
        """Cut the line; the reading thread wakes up with nothing."""
        with self._lock:
            self._is_dead = True
            self._rest = b""
            self._controls.clear()
            self._backlog.clear()
        with suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Wait until the reading thread is done, so that the server may close the descriptor under nobody."""
        self.ws.thread.join(GOODBYE_SECONDS)
        self._linger()
        self.kill()
        self.ws.thread.join(GOODBYE_SECONDS)

    def _linger(self) -> None:
        """Read away what an eager peer still sends: over unread bytes TCP resets, and our code is lost."""
        if self._is_dead or self.ws.thread.is_alive():
            return
        left = LINGER_BYTES
        with suppress(OSError):
            self._raw.shutdown(socket.SHUT_WR)
            self._guard.settimeout(GOODBYE_SECONDS)
            while left > 0 and (data := self._guard.recv(65536)):
                left -= len(data)
