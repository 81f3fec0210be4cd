"""Static files under names that change with their content, kept for ever by browsers and packed on the way."""

import gzip
import hashlib
from functools import cache
from http import HTTPStatus

from flask import Flask, Response, request

from app.settings import ROOT

DIGEST_SIGNS = 12
PACKED_TYPES = frozenset({"text/css", "text/javascript", "application/javascript", "image/svg+xml"})


def init_app(app: Flask) -> None:
    """Let templates say `asset('css/base.css')`."""
    app.jinja_env.globals["asset"] = asset
    app.after_request(pack)


@cache
def asset(path: str) -> str:
    """Return the address of a static file, with the digest of its content; a ward page asks ninety times."""
    return f"/static/{path}?v={_digest(path)}"


def pack(response: Response) -> Response:
    """Send a style sheet or script packed: phones pay by the byte, and `make run` has no nginx before it.

    Pages are never packed here: next to a secret, their length would tell of it (BREACH).
    """
    filename = (request.view_args or {}).get("filename")
    if (
        request.endpoint != "static"
        or response.status_code != HTTPStatus.OK
        or response.mimetype not in PACKED_TYPES
        or not filename
        or not request.accept_encodings["gzip"]
    ):
        return response
    response.direct_passthrough = False
    if close := getattr(response.response, "close", None):
        close()
    response.set_data(_packed(filename))
    for name in ("ETag", "Accept-Ranges"):
        response.headers.pop(name, None)
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    return response


@cache
def _packed(path: str) -> bytes:
    return gzip.compress((ROOT / "static" / path).read_bytes(), mtime=0)


def _digest(path: str) -> str:
    return hashlib.sha256((ROOT / "static" / path).read_bytes()).hexdigest()[:DIGEST_SIGNS]
