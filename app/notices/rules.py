"""What a notice may say, for how long it is worth saying, and where browsers may be reached."""

import base64
import binascii
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from app.core.hosts import is_allowed


class Kind(StrEnum):
    """Why a patient is told something."""

    CALLED = "called"
    MISSED = "missed"
    TRANSFERRED = "transferred"
    NEAR_TURN = "near_turn"
    NEXT_STEP = "next_step"
    HELD_OVER = "held_over"
    FINISHED = "finished"


class Channel(StrEnum):
    """By which way a notice goes: the page shows it, the others are promises."""

    PAGE = "page"
    PUSH = "push"
    SMS = "sms"


class Status(StrEnum):
    """How a notice fares."""

    PENDING = "pending"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


# Number and place only: a lock screen is read by whoever sits beside it. No name, no department, no reason.
PARAMS: Final = frozenset({"number", "place_ko", "place_en", "minutes", "people"})
LONGEST_PARAM = 60
LIFETIME: Final[Mapping[Kind, timedelta]] = {
    Kind.CALLED: timedelta(minutes=10),
    Kind.MISSED: timedelta(minutes=30),
    Kind.TRANSFERRED: timedelta(minutes=60),
    Kind.NEAR_TURN: timedelta(minutes=15),
    Kind.NEXT_STEP: timedelta(minutes=60),
    Kind.HELD_OVER: timedelta(hours=12),
    Kind.FINISHED: timedelta(hours=12),
}
MOST_PEOPLE_AHEAD = 10
MOST_SUBSCRIPTIONS = 5
LONGEST_ENDPOINT = 1000
PUBLIC_KEY_BYTES, AUTH_BYTES = 65, 16
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Params = Mapping[str, str | int]


def checked(params: Params) -> dict[str, str | int]:
    """Return the parameters as they are kept. Raise ValueError for one that a notice must not carry."""
    if stray := params.keys() - PARAMS:
        raise ValueError(f"a notice carries number and place only, not {sorted(stray)}")
    return {
        name: value if isinstance(value, int) else value[:LONGEST_PARAM]
        for name, value in params.items()
        if value != ""
    }


def expiry(kind: Kind, now: datetime) -> datetime:
    """Return until when a notice of this kind is worth sending."""
    return now + LIFETIME[kind]


def is_push_endpoint(endpoint: str, hosts: Collection[str]) -> bool:
    """Whether an address that a browser named is one of a known push service: it comes from outside."""
    if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii():
        return False
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        has_other_port = parts.port is not None and host not in LOCAL
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL)
    return is_safe and not has_other_port and not parts.username and is_allowed(host, hosts)


def are_push_keys(p256dh: str, auth: str) -> bool:
    """Whether a subscription's keys have the form of RFC 8291: an uncompressed point, 16 secret bytes."""
    point, secret = decoded(p256dh), decoded(auth)
    return len(point) == PUBLIC_KEY_BYTES and point[:1] == b"\x04" and len(secret) == AUTH_BYTES


def decoded(text: str) -> bytes:
    """Return the bytes of URL-safe base64 with or without padding; nothing where it is none."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def encoded(data: bytes) -> str:
    """Return URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
