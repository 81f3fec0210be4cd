"""Opaque names: secrets and ids that nobody can count through."""

import base64
import hashlib
import secrets

TOKEN_BYTES = 32


def new_secret(size_bytes: int = TOKEN_BYTES) -> str:
    """Return an unguessable URL-safe token."""
    return secrets.token_urlsafe(size_bytes)


def digest(secret: str) -> str:
    """Return the one-way form of a token that the database keeps."""
    return hashlib.sha256(secret.encode()).hexdigest()


def short_id(size_bytes: int = 9) -> str:
    """Return a short opaque id (72 bit by default) for printed URLs."""
    return base64.urlsafe_b64encode(secrets.token_bytes(size_bytes)).decode().rstrip("=")
