"""Headers that every answer carries: a strict CSP, no stores for what is personal, a request id."""

import re
from uuid import uuid4

import structlog
from flask import Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from app import settings
from app.core import clock
from app.core.errors import NotAllowedError
from app.core.observability import metrics

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=63072000; includeSubDomains"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger(__name__)


def begin() -> None:
    """Name the request; refuse what another site's page sends."""
    asked = request.headers.get("X-Request-Id", "")
    g.request_id = asked if REQUEST_ID.fullmatch(asked) else str(uuid4())
    g.began = clock.monotonic()
    clear_contextvars()
    bind_contextvars(request_id=g.request_id)
    if request.method not in SAFE_METHODS and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise NotAllowedError(why="cross_site")


def finish(response: Response) -> Response:
    """Set the headers; log and count the request without anything personal."""
    # Each look into werkzeug's headers walks along them all, and one in vain makes an error page: look once.
    said = {name.lower() for name, _ in response.headers}
    for name, value in HEADERS.items():
        if name.lower() not in said:
            response.headers.add(name, value)
    if settings.current().is_https:
        response.headers["Strict-Transport-Security"] = HSTS
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    elif request.args.get("v") and response.status_code == 200:  # noqa: PLR2004 - HTTP
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Request-Id"] = g.get("request_id", "")
    seconds = clock.monotonic() - g.get("began", clock.monotonic())
    # The rule, never the path: a path may hold an id, and labels must stay few.
    route = request.url_rule.rule if request.url_rule else "unknown"
    metrics.observe_request(route, request.method, response.status_code, seconds)
    if request.endpoint not in {"static", "ops.healthz", "ops.readyz", "ops.metrics"}:
        log.info(
            "request",
            route=route,
            method=request.method,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 1),
        )
    return response
