"""The tags' words and figures: what hangs where, what a token looks like, how long a scan counts."""

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

LONGEST_NAME = 80
ID_CHARS, MAC_BYTES = (
    12,
    12,
)  # 72-bit id, 96-bit mac: 29 characters, so the URL still fits a version-4 QR code
NONCE_SECONDS = 600
# Labels of so many versions are told "revoked" instead of "unknown", and always so many are compared.
REMEMBERED_VERSIONS = 4

_TOKEN = re.compile(rf"([A-Za-z0-9_-]{{{ID_CHARS}}})\.([A-Za-z0-9_-]{{{MAC_BYTES * 4 // 3}}})")


class TagKind(StrEnum):
    """What a tag hangs at."""

    ENTRANCE = "entrance"
    DESK = "desk"
    CASHIER = "cashier"
    ROOM = "room"
    LIFT = "lift"
    KIOSK = "kiosk"


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody stood at this touchpoint within the last ten minutes."""

    place: str
    touchpoint_id: UUID


def split(token: str) -> tuple[str, str] | None:
    """Return a token's id and mac, or None for what cannot be one; both halves have no spare bits."""
    found = _TOKEN.fullmatch(token)
    return (found[1], found[2]) if found else None
