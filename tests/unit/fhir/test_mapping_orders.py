"""An order says what was ordered, how soon and how it stands, line by line; and who is responsible for a stay."""

import pytest

from app.fhir.mappers.order import LINE_STATUS, QUANTITY, order
from app.fhir.mappers.service_request import service_request
from app.fhir.mappers.task import task
from app.journey.states import Disposition
from app.orders.states import LineStatus, OrderStatus
from app.queues.states import EntryStatus
from tests.unit.fhir.given import DOCTOR, NAMING, PATIENT, VISIT, a_line, a_step, an_entry, an_order, number


def test_each_line_says_how_many_and_how_it_stands() -> None:
    lines = (a_line(status=LineStatus.COMPLETED), a_line(item_code="gauze", category="supply", quantity=3))
    said = order(an_order(lines=lines), NAMING)
    assert [
        (one["coding"][0]["code"], one["extension"][0]["valueInteger"], one["extension"][1]["valueCode"])
        for one in said["orderDetail"]
    ] == [("cbc", 1, "completed"), ("gauze", 3, "active")]
    assert [one["url"] for one in said["orderDetail"][0]["extension"]] == [QUANTITY, LINE_STATUS]
    assert [one["coding"][0]["code"] for one in said["category"]] == ["lab", "supply"]
    assert said["category"][0]["coding"][1] == {"system": "http://snomed.info/sct", "code": "108252007"}


def test_one_item_is_coded_and_several_are_named() -> None:
    assert order(an_order(lines=(a_line(),)), NAMING)["code"]["coding"][0]["code"] == "cbc"
    assert order(an_order(), NAMING)["code"] == {"text": "일반혈액검사, 아목시실린"}


@pytest.mark.parametrize("status", OrderStatus)
def test_our_words_for_its_status_are_the_fields_own(status: OrderStatus) -> None:
    assert order(an_order(status=status), NAMING)["status"] == status


def test_an_order_of_a_visit_that_never_was_is_none() -> None:
    for status in (OrderStatus.COMPLETED, OrderStatus.REVOKED):
        never = an_order(status=status, visit_disposition=Disposition.ENTERED_IN_ERROR)
        assert order(never, NAMING)["status"] == "entered-in-error"


def test_who_asks_and_for_whom() -> None:
    said = order(an_order(), NAMING)
    assert said["subject"]["reference"] == f"Patient/{PATIENT}"
    assert said["encounter"]["reference"] == f"Encounter/{VISIT}"
    assert said["requester"]["reference"] == "Practitioner/d-1"
    assert "requester" not in order(an_order(ordered_by=number(99)), NAMING)  # whom the target does not know
    draft = order(an_order(visit_id=None, ordered_by=None), NAMING)
    assert not {"encounter", "requester"} & draft.keys()


def test_the_steps_of_an_order_are_found_by_its_number_and_never_mistaken_for_it() -> None:
    said = order(an_order(), NAMING)
    step = service_request(a_step(order_ref=number(9)), NAMING)
    number_of_it = (said["requisition"]["system"], said["requisition"]["value"])
    assert number_of_it in [(one["system"], one["value"]) for one in step["identifier"]]
    own = {(one["system"], one["value"]) for one in said["identifier"]}
    assert not own & {(one["system"], one["value"]) for one in step["identifier"]}


@pytest.mark.parametrize("status", EntryStatus)
def test_whoever_called_is_responsible_until_the_patient_waits_again(status: EntryStatus) -> None:
    said = task(an_entry(status=status, served_by=DOCTOR), NAMING)
    is_served = status in {EntryStatus.CALLED, EntryStatus.IN_SERVICE, EntryStatus.DONE}
    assert said.get("owner") == ({"reference": "Practitioner/d-1"} if is_served else None)
