"""Figures and pure rules of signing in: who, for how long, after how many tries."""

import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class SessionKind(StrEnum):
    """Who is signed in."""

    STAFF = "staff"
    PATIENT = "patient"
    KIOSK = "kiosk"
    BOARD = "board"


class Channel(StrEnum):
    """How a session is presented; a cookie never works as a bearer token, nor the other way."""

    COOKIE = "cookie"
    API = "api"


class DeviceKind(StrEnum):
    """What may be paired."""

    KIOSK = "kiosk"
    BOARD = "board"


class TryKind(StrEnum):
    """What somebody tries; each is counted apart."""

    STAFF = "staff"
    PATIENT = "patient"
    PAIRING = "pairing"
    UNLOCK = "unlock"
    PIN = "pin"


class LockReason(StrEnum):
    """Why a screen is covered."""

    ASKED = "asked"
    IDLE = "idle"


class EndReason(StrEnum):
    """Why a session is over."""

    SIGNED_OUT = "signed_out"
    REPLACED = "replaced"
    REVOKED = "revoked"
    DISABLED = "disabled"
    ROLE_CHANGED = "role_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason, no password
    VISIT_CLOSED = "visit_closed"
    DEVICE_REVOKED = "device_revoked"
    TOKEN_REUSED = "token_reused"  # noqa: S105 - a reason, no token


STAFF_ABSOLUTE = timedelta(hours=24)
PATIENT_IDLE = timedelta(minutes=30)
AFTER_VISIT = timedelta(minutes=15)
DEVICE_SECRET_LIFE = timedelta(days=90)
DEVICE_SECRET_RENEW = timedelta(days=60)
PAIRING_LIFE = timedelta(hours=1)
TICKET_LIFE = timedelta(seconds=30)
ACCESS_LIFE = timedelta(minutes=15)
TOUCH_EVERY = timedelta(minutes=1)
GESTURE_GRAIN = timedelta(seconds=30)  # what a page reports once a minute is never too early to be written

TRY_WINDOW = timedelta(minutes=15)
KNOWN_CLIENT = timedelta(days=90)
PAUSE = "patient-pause"
PAUSE_AFTER, PAUSE_WINDOW, PAUSE_LIFE = 30, timedelta(minutes=10), timedelta(minutes=15)
# Whoever keeps no cookie is counted with the whole network: one hospital's Wi-Fi must not lock itself out.
NAMELESS_TRIES = 20
KIOSK_TRIES = 30  # a kiosk stands in the house and serves a whole morning's typing errors


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures a network and an identity have; a client's number is a setting.

    One address is the whole hospital's Wi-Fi, so a network gets many. An identity is slowed, never locked:
    whoever knows a name could lock its owner out.
    """

    per_net: int
    per_identity: int
    identity_window: timedelta


LIMITS: Mapping[TryKind, Limit] = {
    TryKind.STAFF: Limit(50, 5, TRY_WINDOW),
    TryKind.PATIENT: Limit(50, 10, timedelta(days=1)),
    TryKind.PAIRING: Limit(20, 20, TRY_WINDOW),
    TryKind.UNLOCK: Limit(50, 5, TRY_WINDOW),
    # Four digits are few: five wrong ones a day, and then only the password opens (and forgives them).
    TryKind.PIN: Limit(50, 5, timedelta(days=1)),
}

SHORTEST_PASSWORD, LONGEST_PASSWORD, FEWEST_CHARACTERS = 12, 256, 5
PIN = re.compile(r"[0-9]{4,6}")
DIGITS_IN_A_ROW = "01234567890"
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


def username(typed: str) -> str:
    """Return a user name as it is stored: small letters, no blanks around it."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def is_username(name: str) -> bool:
    """Whether a stored name may be given to somebody."""
    return USERNAME.fullmatch(name) is not None


def is_pin(word: str) -> bool:
    """Whether a word has a PIN's form; no password has, for passwords are longer."""
    return PIN.fullmatch(word) is not None


def is_common_pin(pin: str) -> bool:
    """Whether a PIN is among the first that anybody tries: one digit, a pair again and again, a run of digits."""
    pairs = {pin[at : at + 2] for at in range(0, len(pin) - 1, 2)}
    return len(pairs) == 1 or pin in DIGITS_IN_A_ROW or pin in DIGITS_IN_A_ROW[::-1]


def covered_since(
    *,
    kind: str,
    channel: str,
    locked_at: datetime | None,
    last_seen_at: datetime,
    idle: timedelta,
    now: datetime,
) -> datetime | None:
    """Return since when a session's screen is covered, None where it is open (ASVS 7.3.1).

    Only a browser of staff is a screen: patients' phones, kiosks, boards and programs are not.
    """
    if kind != SessionKind.STAFF or channel != Channel.COOKIE:
        return None
    if locked_at is not None:
        return locked_at
    return last_seen_at + idle if last_seen_at + idle <= now else None


def plain(password: str) -> str:
    """Return a password in one Unicode form: Hangul's bytes differ between systems (NIST 800-63B)."""
    return unicodedata.normalize("NFKC", password)


def network(ip: str | None) -> str | None:
    """Return the class of an address that counts as one neighbour: /24, and /56 of IPv6."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 56  # noqa: PLR2004 - the protocol's own number
    return str(ipaddress.ip_network((address, prefix), strict=False))


def device_state(
    now: datetime,
    paired_at: datetime | None,
    pairing_expires_at: datetime | None,
    rotated_at: datetime | None,
    revoked_at: datetime | None,
) -> str:
    """Say where a device stands: waiting for its code, paired, expired or revoked."""
    if revoked_at is not None:
        return "revoked"
    if paired_at is not None and rotated_at is not None:
        return "paired" if rotated_at + DEVICE_SECRET_LIFE > now else "expired"
    return "waiting" if pairing_expires_at is not None and pairing_expires_at > now else "expired"
