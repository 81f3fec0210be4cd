"""How an answer looks: a page or its fragment, with every patient shown written to the audit first."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Response, make_response, redirect, render_template, request, url_for

from app.core.disclosure import disclose
from app.core.errors import InvalidError, MalformedError
from app.door.identity import actor


def show(template: str, **values: Any) -> str:
    """Render, after the patients that the values disclose were written to the audit (503 where they cannot be)."""
    shown = {patient for value in values.values() for patient in getattr(value, "discloses", ())}
    if shown:
        disclose(f"web:{request.endpoint}", patients=shown, by=actor())
    return render_template(template, **values)


def refresh(fragment: str, *, endpoint: str, endpoint_values: dict[str, Any], **values: Any) -> Response:
    """Answer a command: the new fragment to htmx, a redirect to the page for everybody else."""
    if request.headers.get("HX-Request"):
        return make_response(show(fragment, **values))
    return back_to(endpoint, **endpoint_values)


def back_to(endpoint: str, **values: Any) -> Response:
    """Redirect after a POST, so that a reload repeats nothing; htmx is told where, as it would follow unseen."""
    where = url_for(endpoint, **values)
    if not request.headers.get("HX-Request"):
        return make_response(redirect(where, 303))
    response = make_response("", 204)
    response.headers["HX-Redirect"] = where
    return response


def inside(where: str) -> str:
    """Return a path of this house, or nothing: a sign-in must not send anybody elsewhere."""
    parts = urlsplit(where)
    if parts.scheme or parts.netloc or not where.startswith("/") or where.startswith(("//", "/\\")):
        return ""
    return where


def field(name: str, *, longest: int = 300) -> str:
    """Return a form field's text, without outer blanks. Raise InvalidError for one too long."""
    value = request.form.get(name, "").strip()
    if len(value) > longest:
        raise InvalidError(field=name, why="too_long")
    return value


def uuid_field(name: str) -> UUID:
    """Return a form field that names something. Raise InvalidError."""
    try:
        return UUID(request.form.get(name, ""))
    except ValueError as error:
        raise InvalidError(field=name, why="missing") from error


def version_field(name: str = "version") -> int | None:
    """Return the version that the page had seen, None where the form carried none. Raise MalformedError."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise MalformedError(field=name)
    return int(text)


def words_field(name: str = "confirm") -> frozenset[str]:
    """Return the words that a form confirms."""
    return frozenset(request.form.getlist(name))
