"""The second factor: time-based codes (RFC 6238), one step of tolerance, the shared secret sealed at rest."""

import hmac

import pyotp
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from app.accounts import keys

STEP_SECONDS = 30
TOLERANCE_STEPS = 1
PURPOSE = "totp"


def new_secret() -> str:
    """Return a fresh shared secret."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, *, username: str, issuer: str) -> str:
    """Return the address that an authenticator app reads from a QR code."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer))


def seal(secret: str) -> str:
    """Return the secret as the database may hold it."""
    return jwe.encrypt_compact(
        {"alg": "dir", "enc": "A256GCM"}, secret.encode(), OctKey.import_key(keys.derive(PURPOSE)[0])
    )


def unseal(sealed: str) -> str | None:
    """Return the secret, or None where no key of ours opens it."""
    for key in keys.derive(PURPOSE):
        try:
            opened = jwe.decrypt_compact(sealed, OctKey.import_key(key), algorithms=["dir", "A256GCM"])
        except (JoseError, ValueError):
            continue
        return opened.plaintext.decode() if opened.plaintext else None
    return None


def matching_step(secret: str, code: str, *, at_seconds: float, after_step: int | None) -> int | None:
    """Return the time step whose code this is, later than the last one used; None where there is none."""
    otp = pyotp.TOTP(secret)
    now = int(at_seconds) // STEP_SECONDS
    typed = code.replace(" ", "").encode()
    for step in range(now - TOLERANCE_STEPS, now + TOLERANCE_STEPS + 1):
        is_fresh = after_step is None or step > after_step
        if hmac.compare_digest(otp.generate_otp(step).encode(), typed) and is_fresh:
            return step
    return None
