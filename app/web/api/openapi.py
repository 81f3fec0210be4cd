"""The API describes itself: every route by its shapes, every refusal as a Problem."""

from collections.abc import Callable
from copy import deepcopy
from enum import Enum
from functools import cache, wraps
from inspect import unwrap
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel
from spectree import Response as Responses
from spectree import SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from app.core.errors import MalformedError
from app.door import public
from app.web.api.asked.visits import Order
from app.web.api.shapes.base import Problem
from app.web.api.shapes.visits import Answer

F = TypeVar("F", bound=Callable[..., Any])
PROBLEM_JSON = "application/problem+json"
# What any call may answer; the others are named per call.
ALWAYS = (400, 401, 403, 404, 413, 415, 422, 429, 503)
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat with the same key gives the first answer and changes nothing; kept 24 h.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that was read; instead of `version`.",
    "schema": {"type": "string"},
}


class Key(Enum):
    """Whether a POST takes an Idempotency-Key."""

    NONE = 0
    TAKEN = 1
    NEEDED = 2


_keys: dict[str, Key] = {}  # by the name of the view

_descriptions: dict[Callable[..., Any], Callable[[Any], Any]] = {}  # by view


class Described(SpecTree):
    """Reads shapes when the document is asked for: a thousand schemas are half of the house's start."""

    def get_function_metadata(self, func: Callable[..., Any]) -> Any:
        """Return what was said of a view, where anything was."""
        view = unwrap(func)
        described = _descriptions.get(view)
        return super().get_function_metadata(described(view)) if described else None


spec = Described(
    "flask",
    title="Annae",
    version="1",
    description="Guidance for a patient from the hospital's door to the way home. Ids are opaque; times are UTC.",
    mode="strict",
    annotations=False,
    page_templates={},
    security_schemes=[
        SecurityScheme(name="bearer", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))
    ],
    security={"bearer": []},
    validation_error_model=Problem,
    naming_strategy=lambda shape: shape.__name__,
    nested_naming_strategy=lambda _parent, child: child,
)


def register(blueprint: Blueprint) -> None:
    """Add the document's route."""
    blueprint.add_url_rule("/openapi.json", view_func=document, methods=["GET"])


def described(
    tag: str,
    *,
    told: type[BaseModel] | None,
    body: type[BaseModel] | None = None,
    form: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    statuses: tuple[int, ...] = (200,),
    refusals: tuple[int, ...] = (),
    is_open: bool = False,
    key: Key = Key.TAKEN,
) -> Callable[[F], F]:
    """Describe a view; bodies are checked by `bodies.read`, for spectree's own refusal is no Problem of ours."""
    answers = {f"HTTP_{status}": told for status in statuses}
    problems = {f"HTTP_{status}": Problem for status in (*ALWAYS, *refusals)}

    def describe(view: F) -> F:
        _keys[view.__name__] = key
        _descriptions[unwrap(view)] = cache(
            spec.validate(
                json=body,
                form=form,
                query=query,
                resp=Responses(**answers, **problems),
                tags=[tag],
                security=[] if is_open else None,
                skip_validation=True,
                operation_id=view.__name__,
            )
        )
        return _with_key(view) if key is Key.NEEDED else view

    return describe


def moving(tag: str, body: type[BaseModel] = Order, *, key: Key = Key.TAKEN) -> Callable[[F], F]:
    """Describe a command that names the version it saw."""
    return described(tag, body=body, told=Answer, refusals=(409, 428), key=key)


def _with_key(view: F) -> F:
    """Refuse what carries no key. Raise MalformedError."""

    @wraps(view)
    def keyed(*args: Any, **kwargs: Any) -> Any:
        if not request.headers.get("Idempotency-Key"):
            raise MalformedError(field="Idempotency-Key", why="key_missing")
        return view(*args, **kwargs)

    return cast("F", keyed)


@public
@described("meta", told=None, is_open=True)
def document() -> Response:
    """Return this document."""
    return jsonify(_document())


@cache
def _document() -> dict[str, Any]:
    """Mend what spectree cannot say: the media type of problems, headers, bodies that may be left out."""
    found: dict[str, Any] = deepcopy(spec.spec)
    for methods in found["paths"].values():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if status >= "400" and "content" in answer:
                    answer["content"] = {PROBLEM_JSON: answer["content"].pop("application/json")}
            key = _keys[operation["operationId"]]
            if method == "post" and key is not Key.NONE:
                operation["parameters"].append({**KEY, "required": key is Key.NEEDED})
            if method == "patch":
                operation["parameters"].append(IF_MATCH)
    return found
