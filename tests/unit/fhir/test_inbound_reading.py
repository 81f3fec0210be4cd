"""What the EMR says is read without trust: any JSON gives plain values or a reason, never a fault."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.fhir.inbound.reading import (
    CannotTakeError,
    Why,
    booking_of,
    order_of,
    person_of,
    referred,
    stamp_of,
)
from app.fhir.mappers.patient import NumberFacts, patient
from tests.unit.fhir.given import NAMING, a_patient

SID = "https://annae.example/fhir/sid"
MRN = f"{SID}/mrn"
SYSTEMS = frozenset({"https://annae.example/fhir/sid/service"})
PERSON: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "name": [{"text": "김민수"}],
    "birthDate": "1980-02-03",
}
BOOKING: dict[str, Any] = {
    "resourceType": "Appointment",
    "id": "1",
    "status": "booked",
    "start": "2026-11-21T10:00:00+09:00",
    "participant": [{"actor": {"reference": "Patient/7"}}],
}
MORE = "telecom identifier link meta extension serviceType code subject text family given value system coding other "
MORE += "reference url valueInteger intent use gender active status type display versionId lastUpdated"
KEYS = st.sampled_from([*PERSON, *BOOKING, *MORE.split()])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@given(st.dictionaries(KEYS, JSON, max_size=12), st.sampled_from([PERSON, BOOKING]))
def test_any_json_gives_a_value_or_a_reason(noise: dict[str, Any], whole: dict[str, Any]) -> None:
    resource = {**whole, **noise}
    for read in (
        lambda: stamp_of(resource, "Patient"),
        lambda: person_of(resource, SID),
        lambda: booking_of(resource, SYSTEMS),
        lambda: order_of({**resource, "intent": "order"}, SYSTEMS),
    ):
        try:
            read()
        except CannotTakeError as error:
            assert error.why in Why  # noqa: PT017 - raising is one of two right answers


@pytest.mark.parametrize("odd", [[], {}, 1, None, True, ["x"]])
def test_a_list_where_a_word_should_be_is_no_fault(odd: object) -> None:
    part = dict.fromkeys(MORE.split(), odd)
    person_of({**PERSON, "gender": odd, "telecom": [part], "identifier": [part], "link": [part]}, SID)
    person_of({**PERSON, "name": [part, {"text": "x"}]}, SID)
    booking_of({**BOOKING, "status": odd, "serviceType": [{"coding": [part]}]}, SYSTEMS)
    assert order_of({"intent": odd}, SYSTEMS) is None
    stamp_of({**PERSON, "meta": part, "extension": [part]}, "Patient")


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("Patient/7", "7"),
        ("https://emr.example/fhir/Patient/7", "7"),
        ("Patient/7/_history/2", "7"),
        ("urn:uuid:7", None),
        ("Practitioner/7", None),
        ("Patient/", None),
        ("Patient/a b", None),
        (7, None),
    ],
)
def test_a_reference_names_an_id_of_its_type(reference: object, found: str | None) -> None:
    assert referred({"reference": reference}, "Patient") == found


@pytest.mark.parametrize(
    ("telecom", "phone"),
    [
        (
            [
                {"system": "phone", "value": "02-123-4567"},
                {"system": "phone", "use": "mobile", "value": "01012345678"},
            ],
            "+821012345678",
        ),
        ([{"system": "phone", "value": "tel:+82-10-1234-5678"}], "+821012345678"),
        ([{"system": "email", "value": "010-1234-5678"}], None),
        (
            [{"system": "phone", "value": "없음"}, {"system": "sms", "value": "010 1234 5678"}],
            "+821012345678",
        ),
        ("010-1234-5678", None),
    ],
)
def test_the_phone_is_the_one_that_reaches_somebody(telecom: object, phone: str | None) -> None:
    assert person_of({**PERSON, "telecom": telecom}, SID).phone == phone


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ([{"use": "usual", "text": "수"}, {"use": "official", "text": " 김  민수 "}], "김 민수"),
        ([{"family": "김", "given": ["민수"]}], "김민수"),
        ([{"family": "Nguyen", "given": ["Van", "An"]}], "Van An Nguyen"),
        ([{"use": "old", "text": "x"}, {"text": "y"}], "y"),
    ],
)
def test_the_name_is_the_one_in_use(name: object, text: str) -> None:
    assert person_of({**PERSON, "name": name}, SID).name == text


def test_the_record_number_is_ours_before_any_other() -> None:
    other = {"type": {"coding": [{"code": "MR"}]}, "system": "urn:x", "value": "X1"}
    assert person_of({**PERSON, "identifier": [other, {"system": MRN, "value": "7"}]}, SID).mrn == "7"
    assert person_of({**PERSON, "identifier": [other]}, SID).mrn == "X1"
    assert person_of({**PERSON, "identifier": [{"system": "urn:x", "value": "X1"}]}, SID).mrn is None
    assert person_of({**PERSON, "identifier": [{"system": MRN, "value": "9" * 33}]}, SID).mrn is None


def test_further_numbers_come_home_as_they_were_sent_and_others_by_their_codes() -> None:
    numbers = (
        NumberFacts(kind="hospital", system="한빛병원 / 본원", value="H-77"),
        NumberFacts(kind="insurance", system="insurance", value="12345678901"),
        NumberFacts(kind="previous", system="previous", value="0001"),
        NumberFacts(kind="other", system="urn:oid:1.2.3", value="X"),
    )
    sent = patient(a_patient(numbers=numbers), NAMING)
    assert sent["identifier"][0]["value"] == "A123456"
    assert sent["identifier"][1]["assigner"] == {"display": "한빛병원 / 본원"}
    back = person_of(sent, SID)
    assert back.mrn == "A123456"
    assert [(one.kind, one.system, one.value) for one in back.numbers] == [
        (one.kind, one.system, one.value) for one in numbers
    ]
    theirs = {"type": {"coding": [{"code": "MB"}]}, "system": "urn:nhis", "value": "1"}
    over = {"system": "urn:x", "value": "2", "period": {"end": "2020-01-01"}}
    found = person_of({**PERSON, "identifier": [theirs, over, {"value": "nobody's"}]}, SID).numbers
    assert [(one.kind, one.system, one.value) for one in found] == [("insurance", "urn:nhis", "1")]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": []}, Why.NO_NAME),
        ({"birthDate": "1980"}, Why.NO_BIRTH_DATE),
        ({"birthDate": "1980-02"}, Why.NO_BIRTH_DATE),
        ({"birthDate": None}, Why.NO_BIRTH_DATE),
    ],
)
def test_a_patient_says_who_it_is_or_is_listed(change: dict[str, Any], why: Why) -> None:
    with pytest.raises(CannotTakeError) as raised:
        person_of({**PERSON, **change}, SID)
    assert raised.value.why is why


def test_a_booking_says_when_whom_and_what_for() -> None:
    code = {"coding": [{"system": next(iter(SYSTEMS)), "code": "lab", "display": "채혈"}]}
    said = booking_of({**BOOKING, "serviceType": [code], "reasonCode": [code]}, SYSTEMS)
    assert (said.patient, said.status, said.codes) == ("7", "booked", ("lab",))
    assert said.starts_at.astimezone(UTC) == datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert said.labels == ("채혈",)
    for change, why in (
        ({"start": None}, Why.NO_TIME),
        ({"start": "2026-11-21T10:00:00"}, Why.NO_TIME),
        ({"participant": []}, Why.UNKNOWN_PATIENT),
    ):
        with pytest.raises(CannotTakeError) as raised:
            booking_of({**BOOKING, **change}, SYSTEMS)
        assert raised.value.why is why


def test_a_mere_plan_is_no_order() -> None:
    plan = {
        "resourceType": "ServiceRequest",
        "id": "1",
        "intent": "plan",
        "status": "active",
        "subject": {"reference": "Patient/7"},
    }
    assert order_of(plan, SYSTEMS) is None
    order = order_of({**plan, "intent": "order", "status": "revoked"}, SYSTEMS)
    assert order is not None
    assert (order.is_open, order.is_taken_back, order.code) == (False, True, None)


def test_whole_dates_are_kept() -> None:
    assert person_of(PERSON, SID).birth_date == date(1980, 2, 3)
