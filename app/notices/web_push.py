"""Web push: a message only the browser can read (RFC 8291), signed with our name (VAPID, RFC 8292).

Own code on `cryptography`: pywebpush brings aiohttp, requests and ten more packages for these forty lines, and
http-ece has no wheel. The RFC's own example stands in the tests.
"""

import os
from datetime import timedelta
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from app.core import clock, http
from app.core.http import Answer
from app.notices.rules import decoded, encoded

CURVE: Final = ec.SECP256R1()
# One record: 4096 bytes is what every push service takes; ours are a few hundred.
RECORD_BYTES: Final = 4096
LARGEST_BYTES: Final = RECORD_BYTES - 103
LAST_RECORD: Final = b"\x02"
SALT_BYTES, KEY_BYTES, NONCE_BYTES, SECRET_BYTES = 16, 16, 12, 32
TOKEN_LIFETIME: Final = timedelta(hours=12)  # RFC 8292: 24 h at most


def send(
    endpoint: str,
    *,
    p256dh: str,
    auth: str,
    message: bytes,
    ttl_seconds: int,
    topic: str,
    vapid: tuple[str, str],
) -> Answer:
    """Send one message to one browser; `vapid` is our private key and whom to write to.

    Raise ValueError for keys that lie on no curve, and what `http.post` raises.
    """
    private, subject = vapid
    return http.post(
        endpoint,
        encrypt(message, decoded(p256dh), decoded(auth)),
        {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(ttl_seconds),
            "Urgency": "high",
            "Topic": topic,  # a repeat replaces the one that still waits at the service
            "Authorization": authorization(endpoint, private, subject),
        },
    )


def encrypt(
    message: bytes,
    point: bytes,
    auth: bytes,
    *,
    own: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes = b"",
) -> bytes:
    """Return a message as one aes128gcm record for a subscription (RFC 8291, 3.4 and 4).

    `own` and `salt` are made anew for each message; only the RFC's example gives them.
    """
    if len(message) > LARGEST_BYTES:
        raise ValueError("too long for a push service")
    own = own or ec.generate_private_key(CURVE)
    salt = salt or os.urandom(SALT_BYTES)
    ours = _point(own)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point))
    secret = _derived(shared, auth, b"WebPush: info\x00" + point + ours, SECRET_BYTES)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\x00", KEY_BYTES)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\x00", NONCE_BYTES)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return header + AESGCM(key).encrypt(nonce, message + LAST_RECORD, None)


def authorization(endpoint: str, private: str, subject: str) -> str:
    """Return the header that names us to a push service (RFC 8292): a token for its origin alone."""
    parts = urlsplit(endpoint)
    token = jwt.encode(
        {"typ": "JWT", "alg": "ES256"},
        {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((clock.utcnow() + TOKEN_LIFETIME).timestamp()),
            "sub": subject,
        },
        _signing_key(private),
    )
    return f"vapid t={token}, k={public_key(private)}"


def new_key() -> str:
    """Return a new private key as the settings take it."""
    number = ec.generate_private_key(CURVE).private_numbers().private_value
    return encoded(number.to_bytes(SECRET_BYTES, "big"))


@cache
def public_key(private: str) -> str:
    """Return the public half, as a page hands it to the browser. Raise ValueError for no key."""
    return encoded(_point(_private_key(private)))


def _private_key(private: str) -> ec.EllipticCurvePrivateKey:
    raw = decoded(private)
    if len(raw) != SECRET_BYTES:
        raise ValueError("VAPID_PRIVATE_KEY must be what `flask notices vapid` prints")
    return ec.derive_private_key(int.from_bytes(raw, "big"), CURVE)


@cache
def _signing_key(private: str) -> ECKey:
    point = _point(_private_key(private))
    return ECKey.import_key(
        {"kty": "EC", "crv": "P-256", "d": private, "x": encoded(point[1:33]), "y": encoded(point[33:])}
    )


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)
