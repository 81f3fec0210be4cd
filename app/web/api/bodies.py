"""Bodies and answers: JSON in as a checked shape, a shape out with its look written to the audit first."""

from collections.abc import Collection
from typing import TypeVar
from uuid import UUID

from flask import Response, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from app.core.disclosure import disclose
from app.core.errors import InvalidError, MalformedError, PreconditionFailedError
from app.door import actor
from app.web.api.shapes.base import Versioned

T = TypeVar("T", bound=BaseModel)
JSON = "application/json"
# What pydantic calls a text that is no JSON at all.
UNREADABLE = "json_invalid"


def read(shape: type[T]) -> T:
    """Return the request's body. Raise MalformedError for no JSON, InvalidError naming each wrong field.

    An empty body is an empty object, so that a command without version is told about the version.
    """
    if request.mimetype not in {JSON, ""}:
        raise UnsupportedMediaType
    text = request.get_data()
    if text and not request.mimetype:
        raise UnsupportedMediaType
    return parsed(shape, text)


def parsed(shape: type[T], text: bytes) -> T:
    """Return a shape from JSON, an empty text being an empty object. Raise as `read`."""
    try:
        return shape.model_validate_json(text or b"{}")
    except ValidationError as error:
        raise _refusal(error) from error


def asked(shape: type[T]) -> T:
    """Return the query of the address. Raise InvalidError."""
    try:
        return shape.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise _refusal(error) from error


def tell(shape: BaseModel, *, patients: Collection[UUID] = (), status: int = 200) -> Response:
    """Answer with a shape, after the patients that it shows were written to the audit."""
    if patients:
        disclose(request.endpoint or "api", patients=patients, by=actor())
    return Response(shape.model_dump_json(by_alias=True), status=status, mimetype=JSON)


def tell_version(shape: Versioned, *, patients: Collection[UUID] = (), status: int = 200) -> Response:
    """Answer with a shape that somebody may change, and its version as an ETag."""
    response = tell(shape, patients=patients, status=status)
    response.set_etag(str(shape.version), weak=True)
    return response


def matches_etag() -> bool:
    """Whether the caller names the version that it saw by an ETag."""
    return bool(request.if_match)


def seen(version: int | None, found: int) -> int | None:
    """Return the version that a change names, by its body or by its If-Match; it is compared under the lock.

    Raise PreconditionFailedError for an ETag that is gone.
    """
    if not request.if_match:
        return version
    if not request.if_match.contains_weak(str(found)):
        raise PreconditionFailedError(version=found)
    return found if version is None and not request.if_match.star_tag else version


def _refusal(error: ValidationError) -> InvalidError | MalformedError:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if any(fault["type"] == UNREADABLE for fault in faults):
        return MalformedError(why="json")
    return InvalidError(
        fields={".".join(map(str, fault["loc"])) or "body": fault["type"] for fault in faults}
    )
