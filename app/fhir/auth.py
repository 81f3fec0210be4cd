"""Signing in at a FHIR server: not at all, by name and password, by a token, or as SMART Backend Services do.

SMART App Launch 2.2, "client-confidential-asymmetric" and "backend-services": a token for `client_credentials`, asked
for with an assertion that our private key signs and our public one (`/.well-known/jwks.json`) proves.
"""

import base64
import os
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from app.core import clock, http
from app.core.http import Answer, HttpDownError, HttpForbiddenError, Limits
from app.core.relay import TargetDownError
from app.core.words import N_
from app.fhir.rules import SEPARATOR, Auth, Target

WHO_ARE_YOU: Final = 401
SHORTEST_RSA_BITS: Final = 2048
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Five minutes at most; what is left allows for a clock that is a minute ahead.
ASSERTION_SECONDS: Final = 240
USED_SHARE: Final = 0.8
UNSAID_SECONDS, LONGEST_SECONDS = 60.0, 3600.0
LIMITS: Final = Limits(seconds=5.0, connect_seconds=2.0, read_seconds=3.0, answer_bytes=64 * 1024)
DISCOVERY: Final = "/.well-known/smart-configuration"
BUSY: Final = frozenset({408, 425, 429, *range(500, 600)})
TOKEN: Final = re.compile(r"[\x21-\x7e]{1,8192}")
ERROR: Final = re.compile(r"[a-z_]{1,40}")

REFUSALS: Final[Mapping[Auth, str]] = {
    "none": N_("The EMR does not let us in. It wants a log-in: set FHIR_AUTH."),
    "basic": N_("The EMR does not let us in. Check FHIR_CLIENT_ID and FHIR_SECRET."),
    "bearer": N_("The EMR does not let us in. Check FHIR_SECRET; the token may have expired."),
    "smart": N_("The EMR does not let us in. Check FHIR_SCOPE and what our client may do there."),
}
NO_TOKEN: Final = N_(
    "The EMR gives us no token. Check FHIR_CLIENT_ID, FHIR_SCOPE, and that it knows our public key."
)
NO_TOKEN_NOW: Final = N_("The EMR gives us no token just now. It will be tried again.")
NO_ENDPOINT: Final = N_("The EMR does not say where tokens are given. Set FHIR_TOKEN_URL.")
OTHER_HOST: Final = N_("Another host than the EMR gives the tokens. If that is right, set FHIR_TOKEN_URL.")

Key = RSAKey | ECKey


class KeyUnusableError(ValueError):
    """This is no key that SMART servers take."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is shown with each request."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_renewable: bool = False


def ticket(target: Target) -> Ticket:
    """Return what to show; 0–2 requests where a token is needed. Raise TargetDownError where none is given."""
    match target.auth:
        case "basic":
            pair = base64.b64encode(f"{target.client_id}:{target.secret}".encode()).decode()
            return Ticket({"Authorization": f"Basic {pair}"})
        case "bearer":
            return Ticket({"Authorization": f"Bearer {target.secret}"})
        case "smart":
            return _tokens.get(target)
        case _:
            return Ticket()


def renewed(target: Target, refused: Ticket) -> Ticket:
    """Return another token, as this one was refused; whoever comes second gets what the first one fetched."""
    return _tokens.get(target, refused)


def refusal(target: Target, status: int) -> str:
    """Return why we are not let in, and what to do."""
    return f"{REFUSALS[target.auth]}{SEPARATOR}HTTP {status}"


@cache
def keys_of(text: str) -> tuple[Key, ...]:
    """Return the private keys in a setting: a PEM, a JWK, or a JWK Set whose first key signs. Raise KeyUnusableError.

    All public halves are published, so that the next key can be made known before it signs.
    """
    try:
        loaded = orjson.loads(text) if text.lstrip().startswith("{") else text.strip()
        found: list[Any] = loaded["keys"] if isinstance(loaded, dict) and "keys" in loaded else [loaded]
        keys = tuple(_key(one) for one in found)
    except (JoseError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise KeyUnusableError("it is no private RSA or P-384 key as PEM or JWK") from error
    if not keys or not all(key.is_private for key in keys):
        raise KeyUnusableError("it holds no private key")
    return keys


def algorithm_of(key: Key) -> str:
    """Return what a key signs by: SMART servers know these two. Raise KeyUnusableError."""
    if isinstance(key, RSAKey):
        if key.raw_value.key_size < SHORTEST_RSA_BITS:
            raise KeyUnusableError(f"an RSA key needs {SHORTEST_RSA_BITS} bits or more")
        return "RS384"
    if key.curve_name != "P-384":
        raise KeyUnusableError(f"an EC key must lie on P-384, not on {key.curve_name}")
    return "ES384"


def public_keys(targets: Iterable[Target]) -> dict[str, list[dict[str, Any]]]:
    """Return the JWK Set by which servers know our assertions; no private part of any key."""
    found = {
        kid_of(key): {
            **key.as_dict(private=False),
            "kid": kid_of(key),
            "alg": algorithm_of(key),
            "use": "sig",
            "key_ops": ["verify"],
        }
        for target in targets
        if target.auth == "smart"
        for key in keys_of(target.private_key)
    }
    return {"keys": list(found.values())}


def kid_of(key: Key) -> str:
    """Return a key's name: its own, or its thumbprint (RFC 7638)."""
    return str(key.kid or key.thumbprint())


def assertion(target: Target, endpoint: str) -> str:
    """Return the signed statement that we are who we say, good once, at this endpoint, for four minutes."""
    key = keys_of(target.private_key)[0]
    algorithm = algorithm_of(key)
    claims = {
        "iss": target.client_id,
        "sub": target.client_id,
        "aud": endpoint,
        "exp": int(clock.utcnow().timestamp()) + ASSERTION_SECONDS,
        "jti": str(uuid4()),
    }
    return jwt.encode({"alg": algorithm, "kid": kid_of(key), "typ": "JWT"}, claims, key, [algorithm])


@dataclass(slots=True)
class _Held:
    """One target's token in this process, and the lock under which it is fetched."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ticket: Ticket | None = None
    until: float = 0.0
    endpoint: str = ""


class _Tokens:
    """The tokens of this process: one per target, fetched by one thread while the others wait for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held: dict[Target, _Held] = {}

    def get(self, target: Target, refused: Ticket | None = None) -> Ticket:
        with self.lock:
            held = self.held.setdefault(target, _Held())
        with held.lock:
            is_fresh = clock.monotonic() < held.until and held.ticket is not refused
            if held.ticket is None or not is_fresh:
                self._fetch(target, held)
            assert held.ticket is not None  # noqa: S101 - for the type checker: it was fetched or is fresh
            return held.ticket

    def forget(self) -> None:
        """Begin anew in a forked child: a lock may have been held by a thread that is not here."""
        self.lock, self.held = threading.Lock(), {}

    def _fetch(self, target: Target, held: _Held) -> None:
        held.ticket = None
        held.endpoint = target.token_url or held.endpoint or _discovered(target)
        form = {
            "grant_type": "client_credentials",
            "scope": target.scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion(target, held.endpoint),
        }
        try:
            token, seconds = _granted(
                _ask(target, held.endpoint, urlencode(form).encode(), "application/x-www-form-urlencoded")
            )
        except TargetDownError:
            held.endpoint = ""  # it may have moved
            raise
        held.ticket = Ticket({"Authorization": f"Bearer {token}"}, is_renewable=True)
        held.until = clock.monotonic() + USED_SHARE * seconds


def _discovered(target: Target) -> str:
    """Return where the server gives tokens. Raise TargetDownError."""
    answer = _ask(target, target.base_url.rstrip("/") + DISCOVERY)
    said = _object(answer.body)
    if answer.status in BUSY or (answer.is_good and not said):
        raise TargetDownError(
            f"{NO_TOKEN_NOW}{SEPARATOR}HTTP {answer.status}",
            retry_after_seconds=answer.retry_after_seconds,
        )
    found = said.get("token_endpoint") if answer.is_good else None
    if not isinstance(found, str) or not found:
        raise TargetDownError(f"{NO_ENDPOINT}{SEPARATOR}HTTP {answer.status}", opens=True)
    if http.host_of(found) != http.host_of(target.base_url) or (
        urlsplit(target.base_url).scheme == "https" and urlsplit(found).scheme != "https"
    ):
        raise TargetDownError(OTHER_HOST, opens=True)
    return found


def _granted(answer: Answer) -> tuple[str, float]:
    """Return the token in an answer, and for how many seconds it is good. Raise TargetDownError."""
    said = _object(answer.body)
    if answer.status in range(400, 500) and answer.status not in BUSY:
        error = said.get("error")
        named = f", {error}" if isinstance(error, str) and ERROR.fullmatch(error) else ""
        raise TargetDownError(f"{NO_TOKEN}{SEPARATOR}HTTP {answer.status}{named}", opens=True)
    token = said.get("access_token")
    if not answer.is_good or not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise TargetDownError(
            f"{NO_TOKEN_NOW}{SEPARATOR}HTTP {answer.status}", retry_after_seconds=answer.retry_after_seconds
        )
    return token, _lifetime(said.get("expires_in"))


def _lifetime(seconds: object) -> float:
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
        return min(float(seconds), LONGEST_SECONDS)
    return UNSAID_SECONDS


def _ask(target: Target, url: str, form: bytes = b"", content_type: str = "") -> Answer:
    hosts = frozenset(filter(None, map(http.host_of, (target.base_url, target.token_url))))
    headers = {"Accept": "application/json", **({"Content-Type": content_type} if content_type else {})}
    try:
        return http.ask(
            "POST" if form else "GET", url, content=form, headers=headers, limits=LIMITS, hosts=hosts
        )
    except HttpForbiddenError as error:
        raise TargetDownError(OTHER_HOST, opens=True) from error
    except HttpDownError as error:
        raise TargetDownError(f"{NO_TOKEN_NOW}{SEPARATOR}{error}") from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _key(value: Any) -> Key:
    if isinstance(value, dict):
        return RSAKey.import_key(value) if value["kty"] == "RSA" else ECKey.import_key(value)
    try:
        return RSAKey.import_key(value)
    except JoseError:
        return ECKey.import_key(value)


_tokens = _Tokens()
os.register_at_fork(after_in_child=_tokens.forget)
