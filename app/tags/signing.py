"""What a tag says and a scan proves, signed: nothing here is stored, and nobody guesses it."""

import base64
import hashlib
import hmac
from uuid import UUID

from itsdangerous import BadData, URLSafeTimedSerializer

from app import settings
from app.accounts import keys
from app.core.errors import InvalidError
from app.tags.rules import MAC_BYTES, NONCE_SECONDS, REMEMBERED_VERSIONS, Presence

TAG, PRESENCE = "tag", "presence"


def token_of(token_id: str, key_version: int) -> str:
    """Return what stands on the label: the id, and a mac under the newest key."""
    mac = _mac(keys.derive(TAG)[0], token_id, key_version)
    return f"{token_id}.{base64.urlsafe_b64encode(mac).decode()}"


def url_of(token_id: str, key_version: int) -> str:
    """Return the address that the label's QR code and NFC record hold."""
    return f"{settings.current().public_url}/t/{token_of(token_id, key_version)}"


def version_of(token_id: str, mac: str, newest: int) -> int | None:
    """Return the key version that a mac was made for, `newest` or one of the few before it, else None.

    Keys and versions are all compared, found or not: a label tells by its timing nothing of how wrong it is.
    """
    presented, found = base64.urlsafe_b64decode(mac), 0
    for key in keys.derive(TAG):
        for version in range(newest, newest - REMEMBERED_VERSIONS, -1):
            if hmac.compare_digest(presented, _mac(key, token_id, version)):
                found = max(found, version)
    return found or None


def new_nonce(presence: Presence) -> str:
    """Return the proof of a scan, good for ten minutes."""
    return _nonces().dumps([presence.place, presence.touchpoint_id.hex])


def check_nonce(nonce: str) -> Presence:
    """Return where the holder stood. Raise InvalidError, the same for one too old and one not ours."""
    try:
        place, touchpoint = _nonces().loads(nonce, max_age=NONCE_SECONDS)
    except (BadData, UnicodeError):
        raise InvalidError(field="nonce", why="expired") from None
    return Presence(place=place, touchpoint_id=UUID(touchpoint))


def _mac(key: bytes, token_id: str, key_version: int) -> bytes:
    return hmac.digest(key, f"{token_id}:{key_version}".encode(), hashlib.sha256)[:MAC_BYTES]


def _nonces() -> URLSafeTimedSerializer:
    """Return the signer of nonces; it wants the oldest key first and signs with the last."""
    return URLSafeTimedSerializer(
        list(reversed(keys.derive(PRESENCE))),
        salt=b"annae.presence",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
