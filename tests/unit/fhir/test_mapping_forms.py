"""What was found good in one form is good in all: the library and our rules say the same, asked or not."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.fhir.mappers import checking
from app.fhir.mappers.forms import form_of
from app.fhir.mappers.invariants import Issue, malformed
from app.fhir.mappers.patient import patient
from tests.examples import up_to
from tests.unit.fhir.given import NAMING, a_patient, golden

Json = dict[str, Any]
# What could stand where something else should: near misses of every type that R4 gives a pattern.
VALUES = st.one_of(
    st.sampled_from([
        "1953-02-30", "1953-02-28", "1953-02", "1953", "0000-01-01", "1953-13-01", "2027-03-02T09:00:00+09:00",
        "2027-03-02T09:00:00+15:00", "2027-03-02T24:00:00Z", "2027-03-02T09:00:60Z", "2027-03-02T09:00Z",
        "2027-03-02T09", "2027-03-02T09:00:00", "2027-03-02 09:00:00+09:00", "09:00:00", "1e5", "12", "123456", "-1",
        "true", "false", "", " ", " 김", "김 환자", "김  환자", "김환자", "김_환자", "a_b", "a b", "a-b",
        "a" * 65, "a" * 300,
        "Patient/1", "urn:oid:1.2.3", "urn:uuid:", "https://annae.example/x", "https://annae.example/x y", "\t",
        "김\n환자",
        "Patient/00000000-0000-4000-8000-000000000001", "Task/00000000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000001", "booked", "finished", "official", "MR", "F",
        "00000000-0000-4000-8000-00000000000g", "½", "①", "²", "_",
        True, False, 0, 1, -1, 2**31, 2**63, 1.5, None,
    ]),
    st.text(max_size=12),
    st.dates().map(str),
    st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
)  # fmt: skip


@settings(max_examples=up_to(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(golden()), st.integers(0, 200), st.lists(VALUES, min_size=2, max_size=9))
def test_equal_forms_are_judged_alike(resource: Json, place: int, values: list[Any]) -> None:
    verdicts: dict[Any, bool] = {}
    for value in values:
        changed = _with(resource, place, value)
        is_good = not (checking._misshapen(changed) or malformed(changed))
        assert verdicts.setdefault(form_of(changed), is_good) == is_good


def test_one_form_is_shown_to_the_library_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ask, shown = checking._misshapen, []

    def counted(resource: Json) -> list[Issue]:
        shown.append(resource)
        return ask(resource)

    monkeypatch.setattr(checking, "_misshapen", counted)
    people = [
        patient(a_patient(name=name, mrn=f"{number:08}"), NAMING)
        for number, name in enumerate(["하나", "두울", "세엣"])
    ]
    assert not any(map(checking.issues_of, people))
    assert len(shown) <= 1


def test_a_bad_one_is_found_after_a_thousand_good_ones() -> None:
    good = patient(a_patient(), NAMING)
    assert not any(checking.issues_of(good) for _ in range(1000))
    for name, value in (
        ("birthDate", "1953-02-30"),
        ("gender", "F"),
        ("active", "yes"),
        ("queue", "consult"),
    ):
        assert checking.issues_of(good | {name: value})


def _with(resource: Json, place: int, value: Any) -> Json:
    """Return a copy in which one leaf is something else."""
    paths = [path for path in _leaves(resource) if path != ("resourceType",)]
    made: Json = _changed(resource, paths[place % len(paths)], value)
    return made


def _leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if not items:
        yield path
    for key, one in items:
        yield from _leaves(one, (*path, key))


def _changed(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    key, *rest = path
    made = dict(node) if isinstance(node, dict) else list(node)
    made[key] = _changed(node[key], tuple(rest), value)
    return made
