"""Access tokens: short-lived JWTs that name a session row; the row, read on each request, decides."""

from datetime import datetime
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from app import settings
from app.accounts import keys, rules
from app.core.errors import SignInNeededError

ALGORITHM = "HS256"
AUDIENCE = "annae-api"
PURPOSE = "access-token"
LEEWAY_SECONDS = 60  # clocks of partners differ


def issue(session_id: UUID, *, now: datetime) -> str:
    """Return an access token for a session; it holds no name, no role and no patient."""
    seconds = int(now.timestamp())
    claims = {
        "iss": settings.current().public_url,
        "aud": AUDIENCE,
        "jti": str(session_id),
        "iat": seconds,
        "exp": seconds + int(rules.ACCESS_LIFE.total_seconds()),
    }
    return jwt.encode({"alg": ALGORITHM}, claims, OctKey.import_key(keys.derive(PURPOSE)[0]), [ALGORITHM])


def read(token: str, *, now: datetime) -> UUID:
    """Return the session that a token names. Raise SignInNeededError for anything but a valid one of ours."""
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": settings.current().public_url},
        aud={"essential": True, "value": AUDIENCE},
        jti={"essential": True},
        exp={"essential": True},
    )
    for key in keys.derive(PURPOSE):
        try:
            claims = jwt.decode(token, OctKey.import_key(key), algorithms=[ALGORITHM]).claims
            registry.validate(claims)
            return UUID(claims["jti"])
        except (JoseError, ValueError, TypeError, AttributeError):
            continue
    raise SignInNeededError
