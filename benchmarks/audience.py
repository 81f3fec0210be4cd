"""The audience, a process of its own: opens N sockets, has events published, notes when the last had each.

It runs in the peers' environment and knows nothing of Annae. Arguments: one JSON object; answer: another.
"""

import asyncio
import json
import select
import socket
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import redis
from channels_redis.pubsub import RedisPubSubChannelLayer

from benchmarks.fragment import CHANNEL, GROUP, fragment, mark
from benchmarks.machine import cpu_seconds, resident_kb

BATCH = 50
WARM_UP = 3
LONGEST_SECONDS = 15.0
SLOW_BUFFER_BYTES = 4096
HANDSHAKE = (
    "GET /ws?size={size} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class NotOpenedError(RuntimeError):
    """A server that refused a socket."""


class Reader:
    """One socket: it does not parse frames, it looks for the fragment's end."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.tail, self.is_greeted = sock, b"", False

    def finish_handshake(self) -> None:
        """Read the answer; a first frame may follow at once."""
        data = b""
        while b"\r\n\r\n" not in data:
            some = self.sock.recv(4096)
            if not some:
                break
            data += some
        if b" 101 " not in data.partition(b"\r\n")[0]:
            raise NotOpenedError(data[:200])
        self.tail = data.partition(b"\r\n\r\n")[2]
        self.sock.setblocking(False)

    def has(self, end: bytes) -> bool:
        """Read what is there; return whether the fragment is complete."""
        try:
            data = self.sock.recv(1 << 18)
        except BlockingIOError:
            return False
        if not data:
            raise NotOpenedError("a server closed a socket")
        seen = self.tail + data
        self.tail = seen[-len(end) :]
        return end in seen


class Audience:
    """All sockets of one run."""

    def __init__(self, port: int, size: int) -> None:
        self._port, self._hello = port, HANDSHAKE.format(port=port, size=size).encode()
        self._readers: dict[int, Reader] = {}
        self._silent: list[socket.socket] = []
        self._poll = select.epoll()

    def open(self, count: int, *, slow: int) -> None:
        """Open `count` readers and, beside them, those that never read; wait for everybody's first fragment."""
        for _ in range(slow):
            sock = self._connect(SLOW_BUFFER_BYTES)
            while b"\r\n\r\n" not in sock.recv(1, socket.MSG_PEEK) and sock.recv(1) != b"\n":
                pass  # byte by byte up to the first line's end: what follows is never read
            self._silent.append(sock)
        for begin in range(0, count, BATCH):
            batch = [Reader(self._connect()) for _ in range(min(BATCH, count - begin))]
            for reader in batch:
                reader.finish_handshake()
                self._readers[reader.sock.fileno()] = reader
                self._poll.register(reader.sock, select.EPOLLIN)
        first = mark(0).encode()
        unread = sum(first not in reader.tail for reader in self._readers.values() if not reader.is_greeted)
        if self.wait(0, unread) is None:
            raise NotOpenedError("not everybody was greeted")
        for reader in self._readers.values():
            reader.is_greeted = True

    def wait(self, seq: int, count: int | None = None) -> float | None:
        """Read until so many have the fragment; return the moment of the last, None where one never got it."""
        left = len(self._readers) if count is None else count
        end, deadline = mark(seq).encode(), time.monotonic() + LONGEST_SECONDS
        while left > 0:
            ready = self._poll.poll(max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            left -= sum(self._readers[fd].has(end) for fd, _ in ready)
        return time.monotonic()

    def _connect(self, buffer: int = 0) -> socket.socket:
        sock = socket.socket()
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.settimeout(LONGEST_SECONDS)
        sock.connect(("127.0.0.1", self._port))
        sock.sendall(self._hello)
        return sock


def publisher(kind: str, address: str, size: int) -> Callable[[int], Any]:
    """Return how an event is told in a design: a notice, the text itself, or a message to a group."""
    client = redis.Redis.from_url(address)
    if kind == "notice":
        return lambda seq: client.publish("annae:moves", f"board:{size}|{seq}|moved|")
    if kind == "text":
        return lambda seq: client.publish(CHANNEL, fragment(seq, size))
    layer, loop = RedisPubSubChannelLayer(hosts=[address]), asyncio.new_event_loop()

    def send(seq: int) -> None:
        message = {"type": "board.moved", "text": fragment(seq, size)}
        loop.run_until_complete(layer.group_send(GROUP, message))

    return send


def await_subscriber(address: str) -> None:
    """Wait until the server listens to Redis: it may begin to after its first socket."""
    client, deadline = redis.Redis.from_url(address), time.monotonic() + LONGEST_SECONDS
    while not client.pubsub_channels():
        if time.monotonic() > deadline:
            raise NotOpenedError("the server does not listen to Redis")
        time.sleep(0.02)


def measure(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one repetition: memory per socket, milliseconds from publish to last, CPU per message."""
    pids, count = asked["pids"], asked["sockets"]
    audience = Audience(asked["port"], asked["size"])
    audience.open(1, slow=0)  # what a server loads for its first socket belongs to no socket
    before_kb = resident_kb(pids)
    begin = time.monotonic()
    audience.open(count - 1, slow=asked["slow"])
    opened = time.monotonic() - begin
    publish = publisher(asked["publish"], asked["redis"], asked["size"])
    await_subscriber(asked["redis"])
    opened_kb = resident_kb(pids)
    lasts: list[float] = []
    lost = 0
    used = 0.0
    for seq in range(1, WARM_UP + asked["events"] + 1):
        if seq == WARM_UP + 1:
            used = cpu_seconds(pids)
        begin = time.monotonic()
        publish(seq)
        at = audience.wait(seq)
        if at is None:
            lost += 1
            break  # those behind would be counted for the next event
        if seq > WARM_UP:
            lasts.append((at - begin) * 1000)
        time.sleep(asked["pause_seconds"])
    used = cpu_seconds(pids) - used
    return {
        "last_ms": statistics.median(lasts) if lasts else None,
        "max_ms": max(lasts, default=None),
        "cpu_us": used * 1e6 / (len(lasts) * count) if lasts else None,
        "open_seconds": opened,
        "socket_kb": (opened_kb - before_kb) / (count - 1 + asked["slow"]),
        "grown_kb": resident_kb(pids) - opened_kb,
        "lost": lost,
    }


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
