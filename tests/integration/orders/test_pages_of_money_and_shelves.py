"""What the pharmacy and the cashier look at, on each database: sums, marks, names, and who is owed what."""

from app.boards.queries import cashier, shelves
from app.boards.queries import pharmacy as boards
from app.core.transaction import release
from app.journey import services as journey
from app.orders import services as orders
from app.orders.services import Wanted
from tests.integration.journey.scenes import Stage
from tests.integration.orders.pharmacy import PLACE, Pharmacy


def test_what_waits_what_lies_there_and_what_is_owed(pharmacy: Pharmacy) -> None:
    hospital = pharmacy.hospital
    kate, iris = hospital.cast.kate, hospital.cast.iris
    shelf = orders.receive("amoxicillin", location=PLACE, quantity=10, by=kate).stock_id
    orders.set_reorder_point(shelf, point=4, version=2, by=kate)
    visit = Stage(hospital).bring("paying")
    kept = journey.place_order(visit, items=[Wanted("dressing")], by=pharmacy.doctor)
    release()
    empty = boards.hand_out_list(by=kate)
    assert (empty.rows, empty.low) == ((), 0)
    placed = journey.place_order(visit, items=[Wanted("amoxicillin", 6)], by=pharmacy.doctor)
    release()

    waiting = boards.hand_out_list(by=kate)
    assert [row.order.order_id for row in waiting.rows] == [placed.order_id]
    assert waiting.low == 1
    assert waiting.mark != empty.mark
    assert waiting.mark == boards.hand_out_mark(by=kate)
    card = boards.hand_out(placed.order_id, by=kate)
    assert (card.name[0], len(card.ready), card.number) == ("김", 1, waiting.rows[0].number)
    listed = shelves.shelf_list(by=kate)
    assert (listed.low, listed.mark) == (1, shelves.shelves_mark(by=kate))
    page = shelves.shelf_page(shelf, by=kate)
    assert [(str(one.movement.kind), one.by_name) for one in page.moved] == [
        ("reserve", "Grace"),
        ("receive", "Kate"),
    ]
    assert shelves.last_deed(f"stock:{shelf}").by_name == "Kate"
    release()

    assert cashier.open_bills(by=iris).rows == ()
    version = Stage(hospital).visit(visit).version
    release()
    journey.pay(visit, version=version, method="card", by=iris)
    journey.revoke_order(placed.order_id, version=1, reason="중복 처방", by=pharmacy.doctor)
    release()
    assert boards.hand_out_list(by=kate).rows == ()
    assert [(one.id, one.due_won) for one in cashier.open_bills(by=iris).rows] == [(visit, -1_800)]
    assert pharmacy.see(kept.order_id).status == "active"
