"""The load, a process of its own: so many clients with kept connections ask for pages in turn, each with its session.

Arguments: one JSON object; answer: another. It knows nothing of Annae.
"""

import json
import sys
import threading
import time
from http.client import HTTPConnection
from typing import Any

from benchmarks.machine import cpu_seconds

ADDRESSES_PER_CLIENT = 250


class Client(threading.Thread):
    """One browser that never thinks. It names many addresses, as a hospital's phones have many."""

    def __init__(self, number: int, asked: dict[str, Any], cookie: str, end: float) -> None:
        super().__init__(daemon=True)
        self._number, self._asked, self._cookie, self._end = number, asked, cookie, end
        self.seconds: list[float] = []
        self.bytes = 0
        self.failed = ""

    def run(self) -> None:
        """Ask until the end."""
        connection = HTTPConnection("127.0.0.1", self._asked["port"], timeout=20)
        marker = self._asked["marker"].encode()
        turn = 0
        while time.monotonic() < self._end and not self.failed:
            address = f"10.{self._number}.0.{turn % ADDRESSES_PER_CLIENT}"
            begin = time.monotonic()
            path = self._asked["paths"][(self._number + turn) % len(self._asked["paths"])]
            said = {"Cookie": self._cookie, "X-Forwarded-For": address, **self._asked.get("headers", {})}
            connection.request("GET", path, headers=said)
            answer = connection.getresponse()
            body = answer.read()
            self.seconds.append(time.monotonic() - begin)
            turn += 1
            self.bytes = len(body)
            if answer.status != 200 or marker not in body:
                self.failed = f"{answer.status} {answer.headers.get('Location', '')} {body[:200]!r}"
        connection.close()


def measure(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one repetition: pages per second, and how long they took."""
    begin, used = time.monotonic(), cpu_seconds(asked["pids"])
    clients = [
        Client(number, asked, cookie, begin + asked["seconds"])
        for number, cookie in enumerate(asked["cookies"])
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took = time.monotonic() - begin
    if failed := next((client.failed for client in clients if client.failed), ""):
        raise RuntimeError(failed)
    seconds = sorted(one for client in clients for one in client.seconds)
    return {
        "per_second": len(seconds) / took,
        "cpu_ms_per_page": (cpu_seconds(asked["pids"]) - used) * 1000 / len(seconds),
        "p50_ms": seconds[len(seconds) // 2] * 1000,
        "p99_ms": seconds[int(len(seconds) * 0.99)] * 1000,
        "page_kb": clients[0].bytes / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
