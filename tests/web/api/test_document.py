"""The document describes every route, each call is answered as it says, and none ever breaks the house."""

import re
from collections.abc import Sequence
from contextvars import Context
from functools import cache
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.api.calls import CALLS, House
from tests.web.api.partner import ROOT, Partner, Partners
from tests.web.api.pharmacy import ApiPharmacy

AS_DESCRIBED = (status_code_conformance, content_type_conformance, response_schema_conformance)
TAGS = (
    "alerts",
    "auth",
    "catalogue",
    "emr",
    "entries",
    "meta",
    "models",
    "nfc",
    "orders",
    "queue",
    "record",
    "stock",
    "visits",
)
FUZZ = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def house(shop: ApiPharmacy) -> House:
    return House(shop)


@pytest.fixture
def schema(sqlite_app: Flask) -> Any:
    return schema_of(sqlite_app)


@pytest.fixture
def document(partners: Partners) -> dict[str, Any]:
    found: dict[str, Any] = partners.stranger().get("/openapi.json").json
    return found


def test_every_route_stands_in_the_document(partners: Partners, document: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in partners.app.url_map.iter_rules()
        if rule.rule.startswith(ROOT)
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert described == routes
    assert document["openapi"].startswith("3.1")


def test_every_call_has_a_name_of_its_own_and_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    calls = [call for methods in document["paths"].values() for call in methods.values()]
    assert len({call["operationId"] for call in calls}) == len(calls)
    for call in calls:
        assert call["summary"].endswith(".")
        for status, answer in call["responses"].items():
            if status >= "400":
                assert answer["content"].keys() == {"application/problem+json"}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(re.findall(r"#/components/schemas/([\w.]+)", str(document)))
    assert names <= document["components"]["schemas"].keys()
    schemathesis.openapi.from_dict(document).validate()


def test_no_call_of_the_document_is_left_out(document: dict[str, Any]) -> None:
    calls = [call for methods in document["paths"].values() for call in methods.values()]
    assert CALLS.keys() == {call["operationId"] for call in calls}, "say in calls.py how it is made well"
    assert set(TAGS) == {tag for call in calls for tag in call["tags"]}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_made_well_is_answered_as_described(name: str, schema: Any, house: House) -> None:
    operation, call = schema.find_operation_by_id(name), CALLS[name](house)
    names = re.findall(r"{(\w+)}", operation.path)
    case = operation.Case(
        path_parameters={one: call.ids.get(one) or house.id(one) for one in names},
        query=call.query,
        headers={**authorization(call.who), **({"Idempotency-Key": call.key} if call.key else {})},
        **({} if call.body is None else {"body": call.body, "media_type": "application/json"}),
    )
    answer = Context().run(case.call)
    assert answer.status_code in {200, 201, 204}, answer.text
    case.validate_response(answer, checks=AS_DESCRIBED)


@pytest.mark.parametrize("tag", TAGS)
def test_no_call_breaks_the_house_whoever_makes_it_with_whatever_words(
    tag: str, schema: Any, house: House
) -> None:
    """Words are dear to draw, so all say the same ones; what must succeed is called above, by name."""
    known = house.known()
    # They end the session with which the others go on.
    schema = schema.include(tag=tag).exclude(path_regex=r"/auth/(logout|token)")
    for found in schema.get_all_operations():
        speak(found.ok(), house.callers(found.ok().definition.raw["operationId"]), known)


def speak(operation: Any, callers: Sequence[Partner], known: dict[str, Any]) -> None:
    """Draw words for a call, good and bad, and let each of the callers say them."""

    def call(case: Any) -> None:
        case.path_parameters = {name: known.get(name, given) for name, given in case.path_parameters.items()}
        case.query, case.body = with_known(case.query, known), with_known(case.body, known)
        for who in callers:
            answer = Context().run(case.call, headers=authorization(who))
            assert answer.status_code < 500, answer.text  # nor 503: that is how a broken statement ends
            case.validate_response(answer, checks=AS_DESCRIBED)

    words = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
    given(words)(FUZZ(call))()


@cache
def schema_of(app: Flask) -> Any:
    """Return the document as it is served, read once: it is long."""
    return Context().run(schemathesis.openapi.from_wsgi, f"{ROOT}/openapi.json", app)


def authorization(who: Partner) -> dict[str, str]:
    """Return the header by which somebody is known."""
    return {"Authorization": f"Bearer {who.token}"} if who.token else {}


def with_known(body: Any, known: dict[str, Any]) -> Any:
    """Return a body in which what names something names something that there is."""
    if isinstance(body, dict):
        return {
            name: known[name]
            if name in known and type(known[name]) is type(given)
            else with_known(given, known)
            for name, given in body.items()
        }
    return [with_known(one, known) for one in body] if isinstance(body, list) else body
