"""The API describes itself: every route by its shapes, every refusal as a Problem."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any, TypeVar

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel
from spectree import Response as Responses
from spectree import SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from app.door import public
from app.web.api.asked import Order
from app.web.api.shapes import Answer, Problem

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

spec = SpecTree(
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
    query: type[BaseModel] | None = None,
    statuses: tuple[int, ...] = (200,),
    refusals: tuple[int, ...] = (),
    is_open: bool = False,
) -> Callable[[F], F]:
    """Describe a view; bodies are checked by `bodies.read`, for spectree's own refusal is no Problem of ours."""
    answers = {f"HTTP_{status}": told for status in statuses}
    problems = {f"HTTP_{status}": Problem for status in (*ALWAYS, *refusals)}

    def describe(view: F) -> F:
        validated: F = spec.validate(
            json=body,
            query=query,
            resp=Responses(**answers, **problems),
            tags=[tag],
            security=[] if is_open else None,
            skip_validation=True,
            operation_id=view.__name__,
        )(view)
        return validated

    return describe


def moving(tag: str, body: type[BaseModel] = Order) -> Callable[[F], F]:
    """Describe a command that names the version it saw."""
    return described(tag, body=body, told=Answer, refusals=(409, 428))


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
            if method == "post" and operation["tags"] != ["auth"]:
                operation["parameters"].append(KEY)
            if method == "patch":
                operation["parameters"].append(IF_MATCH)
    return found
