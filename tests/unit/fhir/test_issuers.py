"""A number leaves with its issuer and comes back with the same one, whether the world has an address for it or not."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.fhir.inbound.reading import person_of
from app.fhir.mappers.checking import issues_of
from app.fhir.mappers.patient import NumberFacts, patient
from app.fhir.rules import BASE, is_address, issuer_of, issuer_system
from tests.examples import up_to
from tests.unit.fhir.given import NAMING, a_patient

SIDS = f"{BASE}/sid"
KINDS = ("hospital", "insurance", "previous", "other")
# As the desk keeps it: one line, single spaces, no more than the column holds.
NAMES = (
    st.text(min_size=1, max_size=60)
    .map(lambda said: " ".join(said.split()))
    .filter(lambda said: bool(said) and said.isprintable() and not is_address(said))
)


@settings(max_examples=up_to(200), deadline=None)
@given(st.sampled_from(KINDS), NAMES)
def test_a_name_is_the_same_name_on_its_way_back(kind: str, name: str) -> None:
    ours = f"{SIDS}/{kind}"
    system = issuer_system(ours, kind, name)
    assert is_address(system)
    assert system.isascii()
    assert issuer_of(ours, kind, system) == name


@pytest.mark.parametrize(
    ("system", "kind", "said", "assigner"),
    [
        ("한빛병원", "hospital", f"{SIDS}/hospital/%ED%95%9C%EB%B9%9B%EB%B3%91%EC%9B%90", "한빛병원"),
        ("insurance", "insurance", f"{SIDS}/insurance", None),
        ("urn:oid:1.2.3", "other", "urn:oid:1.2.3", None),
        ("https://hospital.example/mrn", "hospital", "https://hospital.example/mrn", None),
        ("a/b?c#d", "hospital", f"{SIDS}/hospital/a%2Fb%3Fc%23d", "a/b?c#d"),
    ],
)
def test_a_number_is_told_with_its_issuer_and_read_back_as_it_was(
    system: str, kind: str, said: str, assigner: str | None
) -> None:
    told: dict[str, Any] = patient(
        a_patient(numbers=(NumberFacts(kind=kind, system=system, value="77"),)), NAMING
    )
    number = told["identifier"][1]
    assert number["system"] == said
    assert number.get("assigner", {}).get("display") == assigner
    assert not issues_of(told)
    (back,) = person_of(told, SIDS).numbers
    assert (back.kind, back.system, back.value) == (kind, system, "77")


def test_what_stands_below_somebody_elses_address_is_no_issuer_of_ours() -> None:
    ours = f"{SIDS}/hospital"
    for other in ("https://other.example/sid/hospital/x", f"{SIDS}/hospitality", f"{SIDS}/insurance/x"):
        assert issuer_of(ours, "hospital", other) is None
