"""Redis: a shoulder to tap, never a memory. Publishing waits in the background, so a hung Redis costs nobody."""

import queue
import threading

import redis
import structlog

from app import settings

log = structlog.get_logger(__name__)

# What a Redis that is away raises.
AWAY = (redis.RedisError, OSError)

CHANNEL_PREFIX = "annae:"
MOVES = f"{CHANNEL_PREFIX}moves"
WAITING_MESSAGES = 1000

_outgoing: queue.Queue[tuple[str, str]] = queue.Queue(maxsize=WAITING_MESSAGES)
_lock = threading.Lock()
_state: dict[str, object] = {}


def client(*, timeout_seconds: float | None = 2.0) -> "redis.Redis":
    """Return a new client with short time-outs (None: a subscriber that may wait for ever)."""
    return redis.Redis.from_url(
        settings.current().redis_url or "redis://127.0.0.1:1",
        socket_timeout=timeout_seconds,
        socket_connect_timeout=2.0,
    )


def publish(channel: str, payload: str) -> None:
    """Hand a message to the background publisher; a lost one is healed by the hub's database check."""
    if not settings.current().redis_url:
        return
    with _lock:
        if "thread" not in _state or not _state["thread"].is_alive():  # type: ignore[attr-defined]
            _state["thread"] = threading.Thread(target=_send_on, daemon=True, name="redis-publisher")
            _state["thread"].start()  # type: ignore[attr-defined]
    try:
        _outgoing.put_nowait((channel, payload))
    except queue.Full:
        log.warning("redis_publish_dropped")


def is_up() -> bool:
    """Whether Redis answers now."""
    try:
        return bool(client(timeout_seconds=0.5).ping())
    except AWAY:
        return False


def _send_on() -> None:
    connection = client()
    while True:
        channel, payload = _outgoing.get()
        try:
            connection.publish(channel, payload)
        except AWAY:
            log.warning("redis_publish_failed")
            connection = client()
