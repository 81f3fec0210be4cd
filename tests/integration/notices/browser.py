"""A browser that subscribed: it alone can read what the push service holds for it."""

import json
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.core.actor import Actor
from app.notices import services
from app.notices.rules import encoded

AUTH = b"sixteen secrets!"


class Phone:
    """A browser's side of RFC 8291: its key, its secret, its address at a push service."""

    def __init__(self, service: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.endpoint = f"{service}/push/{uuid4()}"
        self.point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self) -> dict[str, Any]:
        """Return what `PushSubscription.toJSON()` gives."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": encoded(self.point), "auth": encoded(AUTH)}}

    def subscribe(self, visit: UUID, by: Actor) -> None:
        """Ask to be told about a visit."""
        services.subscribe(
            visit, endpoint=self.endpoint, p256dh=encoded(self.point), auth=encoded(AUTH), by=by
        )

    def unsubscribe(self, visit: UUID, by: Actor) -> None:
        """Ask no more."""
        services.unsubscribe(visit, endpoint=self.endpoint, by=by)

    def read(self, body: bytes) -> dict[str, Any]:
        """Decrypt a message by the letter of RFC 8188 and RFC 8291, written apart from the house's own code."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert size >= len(sealed)
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        )
        ikm = HKDF(hashes.SHA256(), 32, AUTH, b"WebPush: info\0" + self.point + sender).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(ikm)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(ikm)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        text = padded.rstrip(b"\0")
        assert text[-1:] == b"\x02"
        found: dict[str, Any] = json.loads(text[:-1])
        return found
