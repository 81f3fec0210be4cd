"""Orders on their way: done by the nurse, changed by two doctors, put aside, taken back; and the page that follows."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.boards import queries as boards
from app.core import events
from app.core.db import db
from app.core.errors import NotFoundError
from app.core.transaction import release, transactional
from app.live import push
from app.live.topics import COVERED
from app.live.topics import Hospital as Source
from app.orders import services as orders
from app.orders.events import OrderMoved, OrderPlaced
from app.orders.models import ServiceOrder
from app.orders.services import ItemWords, Placed, Wanted
from tests.pages import send
from tests.web.orders.scenes import KEY, Ward, path, press

Browsers = Callable[[str], FlaskClient]


def ordered(ward: Ward, *, note: str = "식후 30분") -> tuple[Any, Placed]:
    """Order a blood count, a dressing and six capsules."""
    visit = ward.hospital.waiting("consult", name="박처방")
    return visit, ward.placed(visit, "cbc", "dressing", Wanted("amoxicillin", 6), note=note)


def line_of(ward: Ward, placed: Placed, code: str) -> Any:
    return next(one for one in ward.see(placed.order_id).lines if one.code == code)


def standing(ward: Ward, placed: Placed) -> tuple[str, list[str]]:
    seen = ward.see(placed.order_id)
    return str(seen.status), [str(one.status) for one in seen.lines]


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_a_nurse_does_line_by_line_what_no_examination_does(
    browser_of: Browsers, ward: Ward, *, htmx: bool
) -> None:
    visit, placed = ordered(ward)
    anne, page = browser_of("anne"), path(visit)
    dressing, blood = line_of(ward, placed, "dressing"), line_of(ward, placed, "cbc")
    shown = anne.get(page).get_data(as_text=True)
    assert f"lines/{dressing.line_id}/complete" in shown
    assert f"lines/{blood.line_id}/complete" not in shown, "its examination completes it"
    assert 'id="order-form"' not in shown
    answer = press(anne, placed.order_id, f"lines/{dressing.line_id}/complete", htmx=htmx, version=1)
    assert answer.status_code == (200 if htmx else 303)
    if htmx:
        assert answer.get_data(as_text=True).count('<section id="orders"') == 1
    assert standing(ward, placed) == ("active", ["active", "completed", "active"])
    stale = press(anne, placed.order_id, f"lines/{dressing.line_id}/complete", htmx=htmx, version=1)
    assert stale.status_code == 409
    assert 'role="alert"' in stale.get_data(as_text=True)
    by_step = press(anne, placed.order_id, f"lines/{blood.line_id}/complete", htmx=htmx, version=2)
    assert by_step.status_code == 409
    assert standing(ward, placed) == ("active", ["active", "completed", "active"])


def test_what_is_done_by_hand_alone_is_done_at_once(browser_of: Browsers, ward: Ward) -> None:
    visit = ward.hospital.waiting("consult")
    placed = ward.placed(visit, "dressing", Wanted("amoxicillin", 6))
    anne = browser_of("anne")
    assert f"/orders/{placed.order_id}/complete" in anne.get(path(visit)).get_data(as_text=True)
    assert press(anne, placed.order_id, "complete", version=1).status_code == 303
    assert standing(ward, placed) == ("completed", ["completed", "completed"])
    assert "/complete" not in anne.get(path(visit)).get_data(as_text=True)


def test_on_hold_and_back_and_taken_back_each_says_why(browser_of: Browsers, ward: Ward) -> None:
    visit, placed = ordered(ward)
    grace, anne = browser_of("grace"), browser_of("anne")
    assert press(anne, placed.order_id, "hold", version=1, reason=" ").status_code == 422
    assert press(anne, placed.order_id, "hold", version=1, reason="혈압 확인 먼저").status_code == 303
    late = press(grace, placed.order_id, "revoke", version=1, reason="중복 처방")
    assert late.status_code == 409
    assert 'value="중복 처방"' in late.get_data(as_text=True), "the reason is not typed twice"
    assert press(anne, placed.order_id, "resume", version=2).status_code == 303
    assert press(anne, placed.order_id, "revoke", version=3, reason="중복 처방").status_code == 403
    assert press(grace, placed.order_id, "revoke", version=3, reason="중복 처방").status_code == 303
    assert standing(ward, placed)[0] == "revoked"
    page = grace.get(path(visit)).get_data(as_text=True)
    assert "중복 처방" in page
    assert boards.open_orders(visit) == 0


OF_OTHERS: list[tuple[str, dict[str, Any], int, int]] = [
    ("", {"priority": "stat", "note": ""}, 403, 403),
    ("activate", {}, 403, 403),
    ("hold", {"reason": "왜냐하면"}, 404, 404),
    ("resume", {}, 404, 404),
    ("revoke", {"reason": "왜냐하면"}, 403, 403),
    ("complete", {}, 404, 403),
]


@pytest.mark.parametrize(
    ("verb", "form", "nurse", "cashier"), OF_OTHERS, ids=[one[0] or "change" for one in OF_OTHERS]
)
def test_nobody_moves_the_order_of_another_ward(
    browser_of: Browsers, ward: Ward, verb: str, form: dict[str, Any], nurse: int, cashier: int
) -> None:
    _, placed = ordered(ward)
    for name, status in (("ben", nurse), ("iris", cashier), ("henry", 403), ("chris", 403)):
        address = f"/orders/{placed.order_id}" + (f"/{verb}" if verb else "")
        answer = send(browser_of(name), "/", address, version=1, **form)
        assert answer.status_code == status, name
    assert ward.see(placed.order_id).version == 1


def changed(ward: Ward, placed: Placed, **words: Any) -> None:
    """Let a colleague change the order first."""
    seen = ward.see(placed.order_id).version
    orders.change(placed.order_id, version=seen, by=ward.hospital.cast.grace, **words)
    release()


def change(browser: FlaskClient, placed: Placed, ward: Ward, **mine: Any) -> Any:
    """Send the form as it was rendered at first, with some fields typed anew."""
    capsules = f"quantity-{line_of(ward, placed, 'amoxicillin').line_id}"
    before: dict[str, Any] = {"priority": "routine", "note": "식후 30분", capsules: "6"}
    typed = {**before, **{capsules if name == "capsules" else name: value for name, value in mine.items()}}
    was: dict[str, Any] = {f"was-{name}": value for name, value in before.items()}
    return press(browser, placed.order_id, "", version=1, **typed, **was)


def test_a_doctor_changes_quantity_priority_and_note(browser_of: Browsers, ward: Ward) -> None:
    _, placed = ordered(ward)
    grace = browser_of("grace")
    assert change(grace, placed, ward, capsules="9", priority="urgent", note="식전").status_code == 303
    seen = ward.see(placed.order_id)
    assert (seen.priority, seen.note, seen.version) == ("urgent", "식전", 2)
    assert line_of(ward, placed, "amoxicillin").quantity == 9
    form: dict[str, Any] = {"version": 2, "priority": "urgent", "note": "식전 그대로"}
    capsules = f"quantity-{line_of(ward, placed, 'amoxicillin').line_id}"
    lacks = press(grace, placed.order_id, "", **{**form, capsules: "31"})
    assert lacks.status_code == 400
    page = lacks.get_data(as_text=True)
    assert "아목시실린" in page.split('role="alert"', 1)[1].split("</section>", 1)[0]
    assert 'value="31"' in page
    assert "식전 그대로" in page
    assert press(grace, placed.order_id, "", **{**form, capsules: "some"}).status_code == 422
    assert press(grace, placed.order_id, "", priority="stat", note="").status_code == 428
    assert ward.see(placed.order_id).version == 2


def test_two_who_change_one_order_see_both_and_lose_no_word(browser_of: Browsers, ward: Ward) -> None:
    _, placed = ordered(ward)
    changed(ward, placed, note="식후 즉시")
    grace = browser_of("grace")
    stale = change(
        grace, placed, ward, capsules="9"
    )  # the colleague wrote the note, I the quantity: both stay
    page = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert "Grace" in page
    assert "식후 즉시" in page
    assert 'type="radio"' not in page
    capsules = f"quantity-{line_of(ward, placed, 'amoxicillin').line_id}"
    mine: dict[str, Any] = {capsules: "9"}
    saved = press(grace, placed.order_id, "", version=2, seen=1, **mine)
    assert saved.status_code == 303
    assert ward.see(placed.order_id).note == "식후 즉시"
    stale = change(grace, placed, ward, note="내 메모", capsules="9")  # now we meet in the note
    page = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert "내 메모" in page
    assert page.count('type="radio"') == page.count(" required>") == 3
    choice: dict[str, Any] = {"asked": "note", "note": "내 메모", "choose-note": "mine"}
    assert press(grace, placed.order_id, "", version=3, seen=1, **choice).status_code == 303
    assert ward.see(placed.order_id).note == "내 메모"


def test_what_was_done_meanwhile_stays_done_and_what_is_over_gives_the_words_back(
    browser_of: Browsers, ward: Ward
) -> None:
    visit, placed = ordered(ward)
    capsules = line_of(ward, placed, "amoxicillin")
    orders.complete_line(placed.order_id, capsules.line_id, version=1, by=ward.hospital.cast.anne)
    release()
    grace = browser_of("grace")
    late = change(grace, placed, ward, capsules="9", priority="stat")
    page = late.get_data(as_text=True)
    assert late.status_code == 409
    assert f'name="quantity-{capsules.line_id}"' not in page, "what was handed out is not counted anew"
    assert 'name="priority" hidden>stat' in page
    orders.revoke(placed.order_id, version=2, reason="중복", by=ward.hospital.cast.grace)
    release()
    gone = change(grace, placed, ward, note="내 메모")
    assert gone.status_code == 410
    page = gone.get_data(as_text=True)
    assert "내 메모" in page
    assert f'action="{path(visit)}"' in page
    anew = send(grace, path(visit), path(visit), idempotency_key="kept", note="내 메모", priority="stat")
    assert anew.status_code == 422
    assert "내 메모" in anew.get_data(as_text=True)
    assert KEY.findall(anew.get_data(as_text=True)) == ["kept"]


def test_the_record_and_the_wards_sheet_lead_to_the_orders(browser_of: Browsers, ward: Ward) -> None:
    visit, placed = ordered(ward)
    anne = browser_of("anne")
    board = boards.ward_board(ward.hospital.consult, by=None)
    entry = next(row for row in board.waiting if row.visit_id == visit).entry_id
    release()
    sheet = anne.get(f"/ward/{ward.hospital.consult}/entries/{entry}").get_data(as_text=True)
    assert f'href="{path(visit)}"' in sheet
    patient = ward.see(placed.order_id).patient_id
    record = anne.get(f"/patients/{patient}").get_data(as_text=True)
    assert f'data-order="{placed.order_id}"' in record
    assert f'href="{path(visit)}#order-{placed.order_id}"' in record
    desk = browser_of("henry").get(f"/patients/{patient}").get_data(as_text=True)
    assert "data-order=" not in desk
    assert "아목시실린" not in desk


def test_the_page_of_a_visit_follows_its_orders_as_each_role_may_see_them(
    browser_of: Browsers, ward: Ward, web: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = ward.hospital.waiting("consult")
    told: list[str] = []
    monkeypatch.setattr(push, "publish", lambda _channel, line: told.append(line))
    for event in (OrderPlaced, OrderMoved):
        monkeypatch.setitem(events._reactions, event, (push.orders_moved,))
    placed = ward.placed(visit, "dressing", Wanted("amoxicillin", 6))
    topic = f"orders:{visit}"
    seqs = Source().seqs([topic, f"visit:{visit}"])
    assert told == [f"{topic}|{seqs[topic]}||"]
    assert seqs[topic] == seqs[f"visit:{visit}"] + 1
    orders.hold_order(placed.order_id, version=1, reason="잠시", by=ward.hospital.cast.anne)
    assert told[1:] == [f"{topic}|{seqs[topic] + 1}||"]
    release()
    anne = browser_of("anne")
    piece = anne.get(f"/live/fragment?topic={topic}&since={seqs[topic]}").get_data(as_text=True)
    assert 'id="orders" class="stack goes-stale"' in piece
    assert 'hx-swap-oob="morph"' in piece
    assert "csrf_token" not in piece, "it is rendered once for many readers"
    assert f"/orders/{placed.order_id}/resume" in piece
    assert anne.get(f"/live/fragment?topic={topic}&since={seqs[topic] + 1}").status_code == 204
    assert browser_of("ben").get(f"/live/fragment?topic={topic}&since=0").status_code == 404
    assert browser_of("henry").get(f"/live/fragment?topic={topic}&since=0").status_code == 403
    with web.test_request_context():
        assert "/resume" not in Source().render(topic, "orders:ko:cashier:").text
        hidden = Source().render(topic, f"{COVERED}orders:ko:nurse:{ward.hospital.ward}").text
    assert "locked" in hidden
    assert "아목시실린" not in hidden


def test_the_patient_reads_what_to_do_before_what_was_ordered(ward: Ward) -> None:
    orders.add_item(
        "lft",
        ItemWords(
            category="lab",
            name_ko="간기능검사",
            name_en="Liver panel",
            price_won=12_000,
            service_code="lab",
            preparation_ko="전날 술을 드시지 마세요.",
            after_care_ko="5분간 눌러 주세요.",
        ),
        by=ward.hospital.cast.chris,
    )
    visit = ward.hospital.waiting("consult")
    ward.placed(visit, "cbc", "lft")
    drawn = next(one for one in boards.my_visit(visit, by=None).steps if one.service == "lab")
    # The service and the blood count say the same: it is read once.
    assert drawn.preparation_ko == "검사 전 8시간 금식해 주세요. 전날 술을 드시지 마세요."
    assert drawn.after_care_ko == "5분간 눌러 주세요."


@transactional
def _let_the_visit_vanish(order_id: UUID) -> None:
    db.session.execute(
        update(ServiceOrder).where(ServiceOrder.public_id == order_id).values(visit_id=uuid4())
    )


def test_a_draft_of_no_visit_moves_no_page_and_has_none(ward: Ward) -> None:
    visit, placed = ordered(ward)
    patient = ward.see(placed.order_id).patient_id
    draft = orders.place(
        patient_id=patient,
        visit_id=None,
        unit=ward.hospital.ward,
        items=[Wanted("cbc")],
        is_draft=True,
        by=ward.hospital.cast.grace,
    )
    release()
    assert boards.visit_of_order(draft.order_id) is None
    with pytest.raises(NotFoundError):
        boards.order_card(draft.order_id, by=ward.hospital.cast.grace)
    assert boards.patient_orders(patient, by=ward.hospital.cast.grace)[1] == 2
    assert len(boards.visit_orders(visit, by=ward.hospital.cast.grace).orders) == 1
    _let_the_visit_vanish(placed.order_id)
    assert boards.visit_of_order(placed.order_id) is None
