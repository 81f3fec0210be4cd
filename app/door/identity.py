"""Who stands at the door: a session by cookie (pages) or by bearer token (API), never both."""

import secrets
from dataclasses import replace
from http import HTTPStatus
from uuid import UUID, uuid4

from flask import Flask, Request, Response, g, request, session
from flask_login import LoginManager, current_user
from itsdangerous import BadSignature, Signer

from app import settings
from app.accounts import queries as accounts
from app.accounts import services as accounts_services
from app.accounts import tokens
from app.accounts.queries import SignedIn
from app.accounts.roles import Role
from app.accounts.rules import Channel
from app.core import clock
from app.core.actor import ANONYMOUS, Actor
from app.core.errors import SignInNeededError
from app.core.transaction import release

SESSION_KEY, FRONT_KEY = "_user_id", "front"
CLIENT_COOKIE_DAYS = 400
API_PREFIXES = ("/api/",)
# Pages ask these; nobody has pressed anything.
BY_THEMSELVES = (
    "/live/",
    "/desk/list",
    "/cashier/list",
    "/pharmacy/list",
    "/pharmacy/shelves/list",
    "/healthz",
    "/readyz",
    "/metrics",
)

login_manager = LoginManager()
login_manager.session_protection = None  # phones change address between LTE and Wi-Fi


class Visitor:
    """Flask-Login's view of a frozen sign-in; the session id is an alternative id that a row can end."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, value: SignedIn, secret: str) -> None:
        self.value, self._secret = value, secret

    def get_id(self) -> str:
        """Return what the cookie holds."""
        return self._secret


@login_manager.user_loader  # type: ignore[untyped-decorator]
def _by_cookie(secret: str) -> Visitor | None:
    if request.path.startswith(API_PREFIXES):
        return None
    found = accounts.signed_in(secret, clock.utcnow())
    release()
    return Visitor(found, secret) if found else None


@login_manager.request_loader  # type: ignore[untyped-decorator]
def _by_bearer(asked: Request) -> Visitor | None:
    token = bearer_of(asked)
    if token is None:
        return None
    now = clock.utcnow()
    try:
        found = accounts.signed_in_as(tokens.read(token, now=now), now, channel=Channel.API)
    except SignInNeededError:
        return None
    release()
    return Visitor(found, token) if found else None


def bearer_of(asked: Request) -> str | None:
    """Return the bearer token of a request."""
    kind, _, token = asked.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def signed_in() -> SignedIn | None:
    """Return whose session this is, or None for a stranger; looked up once per request."""
    if "signed_in" not in g:
        g.signed_in = current_user.value if current_user and current_user.is_authenticated else None
    found: SignedIn | None = g.signed_in
    return found


def adopt(found: SignedIn) -> None:
    """Take somebody in for this request only, by a socket ticket."""
    g.signed_in = found
    g.pop("actor", None)


def actor() -> Actor:
    """Return who acts; at a kiosk, on behalf of the person in front."""
    if "actor" not in g:
        found = signed_in()
        if found is None:
            name = client_id()
            # A name that was only just given proves nothing: such tries are counted by the network.
            known = None if g.get("client_is_new") else name
            g.actor = replace(ANONYMOUS, ip=request.remote_addr, device_id=known)
        else:
            g.actor = found.actor(ip=request.remote_addr)
            front = front_visit() if found.role == Role.KIOSK else None
            if front is not None:
                g.actor = g.actor.for_visit(front)
    found_actor: Actor = g.actor
    return found_actor


def front_visit() -> UUID | None:
    """Return the visit of the person in front of this kiosk, while their own short session holds."""
    if "front" not in g:
        secret = session.get(FRONT_KEY)
        found = accounts.signed_in(secret, clock.utcnow()) if secret else None
        release()
        g.front = found
    return g.front.visit_id if g.front else None


def forget_front() -> None:
    """End what the kiosk holds of the person who stood there."""
    secret = session.pop(FRONT_KEY, None)
    found = accounts.signed_in(secret, clock.utcnow()) if secret else None
    if found is not None:
        accounts_services.sign_out(by=found.actor(ip=request.remote_addr))
    g.pop("front", None)
    g.pop("actor", None)


def remember_front(secret: str) -> None:
    """Keep the short session of the person in front of a kiosk, beside the kiosk's own."""
    session[FRONT_KEY] = secret
    g.pop("front", None)
    g.pop("actor", None)


def enter(secret: str) -> None:
    """Put a new session into the cookie; everything the old one held is dropped (no fixation)."""
    session.clear()
    session[SESSION_KEY] = secret
    session["_fresh"] = True
    g.pop("actor", None)
    g.pop("signed_in", None)
    g.pop("_login_user", None)


def leave() -> None:
    """Take the session out of the cookie; the row is ended by the service."""
    session.clear()
    g.pop("actor", None)


def client_id() -> UUID:
    """Return this browser's lasting, meaningless name: limits of tries are counted by it.

    It is signed, so that a guesser cannot have a fresh name for every try without a fresh page for each.
    """
    if "client_id" not in g:
        try:
            g.client_id = UUID(_signer().unsign(request.cookies.get(cookie_name("device"), "")).decode())
        except (BadSignature, ValueError):
            g.client_id = uuid4()
            g.client_is_new = True
    found: UUID = g.client_id
    return found


def _signer() -> Signer:
    now = settings.current()
    keys = [key.get_secret_value() for key in (*reversed(now.secret_key_fallbacks), now.secret_key)]
    return Signer(keys, salt="annae-device")


def cookie_name(what: str) -> str:
    """Return a cookie's name; over https the browser itself keeps it to this host."""
    return f"__Host-annae-{what}" if settings.current().is_https else f"annae-{what}"


def keep_client(response: Response) -> Response:
    """Give a new browser its name."""
    if g.get("client_is_new"):
        response.set_cookie(
            cookie_name("device"),
            _signer().sign(str(g.client_id)).decode(),
            max_age=CLIENT_COOKIE_DAYS * 86400,
            secure=settings.current().is_https,
            httponly=True,
            samesite="Lax",
        )
    return response


def touch(response: Response) -> Response:
    """Keep the session of somebody who does something alive; polling pages and sockets do not count."""
    if request.path.startswith(BY_THEMSELVES) or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return response
    found = signed_in()
    if found is not None:
        accounts_services.touch_session(found)
    return response


def new_key() -> str:
    """Return a fresh idempotency key for a form rendered without script."""
    return secrets.token_hex(16)


def init_app(app: Flask) -> None:
    """Install the log-in loaders."""
    login_manager.init_app(app)
