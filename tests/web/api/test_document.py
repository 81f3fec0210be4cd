"""The document describes every route, and no described call ever breaks the house."""

import re
from contextvars import Context
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.hospital import Hospital
from tests.web.api.partner import ROOT, Partners

FUZZ = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


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


@pytest.mark.parametrize(
    "name",
    [
        "eve",
        "anne",
        "patient",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("henry", "iris", "chris")),
    ],
)
def test_no_described_call_breaks_the_house(name: str, partners: Partners, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    who = partners.patient(visit) if name == "patient" else partners.staff(name)
    headers = {"Authorization": f"Bearer {who.token}"} if who.token else {}
    known = {
        "visit_id": str(visit),
        "queue_id": str(hospital.consult),
        "entry_id": partners.staff("anne").get(f"/visits/{visit}").json["entry"]["id"],
    }
    schema: Any = Context().run(schemathesis.openapi.from_wsgi, f"{ROOT}/openapi.json", partners.app)
    for found in schema.exclude(path_regex=r"/auth/(logout|token)").get_all_operations():
        operation = found.ok()

        def call(case: Any) -> None:
            case.path_parameters = {
                name: known.get(name, given) for name, given in case.path_parameters.items()
            }
            answer = Context().run(case.call, headers=headers)
            assert answer.status_code < 500, answer.text  # nor 503: that is how a broken statement ends

        cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
        given(cases)(FUZZ(call))()
