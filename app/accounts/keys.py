"""Keys for one purpose each, derived from SECRET_KEY: what one opens, no other does."""

import hashlib
import hmac

from app import settings


def derive(purpose: str) -> tuple[bytes, ...]:
    """Return the keys of a purpose, the newest first; older ones still verify."""
    now = settings.current()
    return tuple(
        hmac.digest(key.get_secret_value().encode(), f"annae:{purpose}".encode(), hashlib.sha256)
        for key in (now.secret_key, *now.secret_key_fallbacks)
    )


def keyed(purpose: str, value: str) -> str:
    """Return a digest that nobody without the key can guess through (four digits and a birthday are few)."""
    return hmac.digest(derive(purpose)[0], value.encode(), hashlib.sha256).hex()
