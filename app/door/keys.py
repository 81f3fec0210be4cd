"""Idempotency keys at the door: read once per request, handed to the one command that follows."""

import hashlib
import json
import unicodedata

from flask import Response, request
from werkzeug.datastructures import FileStorage

from app.core import idempotency
from app.core.errors import MalformedError
from app.core.idempotency import Presented, digest
from app.door.identity import actor

LONGEST_KEY = 255
PIECE_BYTES = 1024 * 1024
# Their answers carry secrets that must never be stored, or are harmless to repeat.
WITHOUT_KEY = ("/api/v1/auth/", "/live/", "/login", "/language")
NOT_CONTENT = frozenset({"csrf_token", "idempotency_key"})


def read_key() -> None:
    """Let the command of this request carry its key. Raise MalformedError for one that is too long."""
    idempotency.present(None)
    if request.method in {"GET", "HEAD", "OPTIONS"} or request.path.startswith(WITHOUT_KEY):
        return
    key = request.headers.get("Idempotency-Key") or (
        request.form.get("idempotency_key") if request.mimetype != "application/json" else None
    )
    if not key:
        return
    if len(key) > LONGEST_KEY or not key.isascii():
        raise MalformedError(field="Idempotency-Key")
    by = actor()
    who = str(by.id or by.device_id or by.ip)
    scope = digest(by.kind, by.role, who, str(by.visit_id), request.method, request.path.rstrip("/"))
    idempotency.present(Presented(scope=scope, key=key, fingerprint=digest(_content())))


def tell_replay(response: Response) -> Response:
    """Say where the answer is an earlier one's."""
    if idempotency.was_replayed():
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _content() -> str:
    """Return the request's canonical content: sorted names, NFC text, files by their hash, no tokens of the page."""
    if request.mimetype == "application/json":
        try:
            body = json.dumps(request.get_json(silent=True), sort_keys=True, ensure_ascii=False)
            return unicodedata.normalize("NFC", body.encode().decode())
        except (RecursionError, UnicodeEncodeError) as error:  # nested too deeply; half a surrogate pair
            raise MalformedError from error
    pairs = sorted(
        (name, value) for name, values in request.form.lists() if name not in NOT_CONTENT for value in values
    )
    files = sorted((name, _digest(file)) for name, several in request.files.lists() for file in several)
    return unicodedata.normalize("NFC", json.dumps([*pairs, *files], ensure_ascii=False))


def _digest(file: FileStorage) -> str:
    found = hashlib.sha256()
    while piece := file.stream.read(PIECE_BYTES):
        found.update(piece)
    file.stream.seek(0)
    return found.hexdigest()
