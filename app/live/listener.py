"""The ear: notices of other processes, by Redis. Losing it delays a screen by one database check, no more."""

import random
from collections.abc import Callable, Iterator

import structlog

from app.core import clock
from app.core.redis import MOVES, client

log = structlog.get_logger(__name__)

SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 2.0

Subscribe = Callable[[], Iterator[str | None]]
"""Yields None each time it is (again) subscribed, then payloads; raises when the line is lost."""


def subscribe_to_moves() -> Iterator[str | None]:
    """Follow the product's channel in Redis."""
    with client(timeout_seconds=None).pubsub() as channel:  # type: ignore[no-untyped-call]
        channel.subscribe(MOVES)
        for message in channel.listen():
            # redis-py may reconnect by itself; its "subscribe" message is the only sign of the gap.
            yield _text(message["data"]) if message["type"] == "message" else None


class Listener:
    """Pass notices on for ever, and say when some may have been missed."""

    def __init__(
        self, subscribe: Subscribe, *, on_notice: Callable[[str], None], on_gap: Callable[[], None]
    ) -> None:
        self._subscribe, self._on_notice, self._on_gap = subscribe, on_notice, on_gap

    def run(self) -> None:
        """Listen; come back with growing, jittered waits."""
        wait = SHORTEST_WAIT_SECONDS
        while True:
            try:
                for payload in self._subscribe():
                    wait = SHORTEST_WAIT_SECONDS
                    if payload is None:
                        self._on_gap()
                    else:
                        self._on_notice(payload)
            except Exception as error:  # noqa: BLE001 - whatever ended it, the answer is to come back
                log.warning("live_redis_lost", error=type(error).__name__, wait_seconds=round(wait, 1))
            clock.pause(wait * random.uniform(0.5, 1))  # noqa: S311 - spreads processes, guards nothing
            wait = min(LONGEST_WAIT_SECONDS, wait * 2)


def _text(data: bytes | str) -> str:
    return data.decode(errors="replace") if isinstance(data, bytes) else data
