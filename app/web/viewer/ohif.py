"""OHIF: its page is ours, its program lies where `flask vendor fetch` puts it, its pictures come through the gate."""

import re
from pathlib import Path
from typing import Final

from flask import Response, make_response, request, send_from_directory, url_for

from app import settings
from app.accounts.roles import Permission
from app.boards.queries.pictures import seen_study
from app.core.errors import NotFoundError
from app.door import actor, back_to, requires, show
from app.imaging.rules import is_uid
from app.web.viewer.surface import blueprint

# Decoders are compiled in the browser from strings (embind): here alone a page may do so. Styles are set by scripts.
CSP: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' blob: data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}
BUNDLE: Final = "app.bundle.*.js"
# The name changes with the content; the edits of our lock change with a release.
HASHED: Final = re.compile(r"(?:.*\.)?[0-9a-f]{16}\.(?:js|wasm|woff2)")
KEPT_SECONDS: Final = 86_400


@blueprint.get("/")
@requires(Permission.SEE_IMAGES)
def study() -> Response:
    """Open one study: in OHIF, or in the quick look where OHIF was not fetched."""
    uid = request.args.get("StudyInstanceUIDs", "")
    if not is_uid(uid):
        raise NotFoundError(kind="study")
    seen = seen_study(uid=uid, by=actor())
    bundle = next(_folder().glob(BUNDLE), None)
    if bundle is None:
        return back_to("viewer.quick", study_id=seen.study_id)
    script = url_for("viewer.part", name=bundle.name)
    return _isolated(make_response(show("viewer/ohif.html", study=seen, script=script)))


@blueprint.get("/<path:name>")
@requires(Permission.SEE_IMAGES)
def part(name: str) -> Response:
    """Hand out a file of OHIF, packed where the browser unpacks it."""
    media_type = TYPES.get(Path(name).suffix)
    if media_type is None:
        raise NotFoundError(kind="page")
    if settings.current().dicom_delivery == "x-accel":
        response = make_response("")
        response.headers["X-Accel-Redirect"] = f"/_viewer/{name}"
    else:
        is_packed = request.accept_encodings["gzip"] > 0 and (_folder() / f"{name}.gz").is_file()
        response = send_from_directory(_folder(), f"{name}.gz" if is_packed else name)
        if is_packed:
            response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    response.content_type = media_type
    is_lasting = HASHED.fullmatch(name)
    response.headers["Cache-Control"] = (
        f"private, max-age={KEPT_SECONDS}" if is_lasting else "private, no-cache"
    )
    return _isolated(response)


def is_here() -> bool:
    """Whether OHIF was fetched."""
    return any(_folder().glob(BUNDLE))


def _folder() -> Path:
    return settings.current().var_dir / "viewer"


def _isolated(response: Response) -> Response:
    """Let it run as OHIF must, and keep every other origin out of its memory."""
    response.headers["Content-Security-Policy"] = CSP
    response.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    return response
