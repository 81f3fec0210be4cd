"""Floor plans: the drawings under the ways, the same for everybody."""

import gzip
from functools import lru_cache
from uuid import UUID

from flask import Blueprint, Response, request

from app.door import public
from app.wayfinding import queries as wayfinding

blueprint = Blueprint("maps", __name__)
# A drawing is an uploaded file: shown inside our pages, it may do nothing by itself.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
KEPT_SECONDS = 600


@blueprint.get("/map/floor/<uuid:floor_id>.svg")
@public
def floor(floor_id: UUID) -> Response:
    """Show a floor's drawing, an eighth of its size where the browser unpacks it (phones pay by the byte)."""
    drawing = wayfinding.floor_svg(floor_id)
    is_packed = request.accept_encodings["gzip"] > 0
    response = Response(_packed(drawing) if is_packed else drawing, mimetype="image/svg+xml")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return response


@lru_cache(maxsize=32)
def _packed(drawing: str) -> bytes:
    return gzip.compress(drawing.encode(), mtime=0)
