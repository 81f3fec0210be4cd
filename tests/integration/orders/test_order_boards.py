"""What the pages of orders read, on each database: sums, the line of the patient, who moved an order last."""

from flask import Flask

from app.boards import queries as boards
from app.core.transaction import release
from app.journey import services as journey
from app.orders import services as orders
from tests.integration.orders.pharmacy import Pharmacy


def test_the_page_of_a_visit_moves_with_the_visit_and_with_each_order(app: Flask, pharmacy: Pharmacy) -> None:
    visit = pharmacy.hospital.waiting("consult")
    pharmacy.fill("amoxicillin", 5)
    grace, anne = pharmacy.hospital.cast.grace, pharmacy.hospital.cast.anne
    seqs = [boards.order_seqs([visit])[visit]]
    release()
    placed = journey.place_order(
        visit, items=[orders.Wanted("cbc"), orders.Wanted("amoxicillin", 2)], note="식후", by=grace
    )
    for step in (
        lambda: None,
        lambda: orders.hold_order(placed.order_id, version=1, reason="잠시", by=anne),
        lambda: orders.resume(placed.order_id, version=2, by=anne),
        lambda: journey.call_next(pharmacy.hospital.consult, pharmacy.hospital.rooms[0], by=anne),
    ):
        step()
        release()
        seqs.append(boards.order_seqs([visit])[visit])
        release()
    assert seqs == sorted(set(seqs)), "every move raises it"
    shown = boards.visit_orders(visit, by=grace)
    assert (shown.seq, shown.line_ko, shown.may_order) == (seqs[-1], "내과", True)
    (card,) = shown.orders
    assert [(one.waits, one.step_ko) for one in card.lines] == [("step", "채혈"), ("shelf", "")]
    assert (card.amount_won, card.by_name) == (8_600, "Grace")
    last = boards.last_change(card.order)
    assert last.by_name == "Anne"
    assert last.at is not None
    assert boards.open_orders(visit) == 1
    assert boards.visit_of_order(placed.order_id) == (visit, seqs[-1])
    found, total = boards.patient_orders(shown.patient_id, by=grace)
    assert ([one.order.order_id for one in found], total) == ([placed.order_id], 1)
