"""An order from the doctor's word to the pharmacy's hand, alone with its shelf and its bill."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app.core.actor import Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import (
    InsufficientStockError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    TransitionRefusedError,
    VersionMissingError,
    VersionStaleError,
)
from app.core.transaction import release
from app.orders import queries
from app.orders import services as orders
from app.orders.models import BillEntry
from app.orders.services import Wanted
from tests.integration.orders.pharmacy import PLACE, Pharmacy
from tests.web.scenes import statements

WHY = "중복 처방"


def statuses(pharmacy: Pharmacy, order_id: UUID) -> tuple[str, list[str]]:
    seen = pharmacy.see(order_id)
    return str(seen.status), [str(line.status) for line in seen.lines]


def test_several_items_and_a_set_are_one_order(quick: Pharmacy) -> None:
    orders.add_set(
        "wound",
        name_ko="상처 처치",
        name_en="Wound care",
        items=[Wanted("dressing"), Wanted("gauze", 2)],
        by=quick.pharmacist,
    )
    quick.fill("gauze", 10)
    quick.fill("amoxicillin", 30)
    visit = uuid4()
    placed = quick.place(
        Wanted("amoxicillin", 21),
        Wanted("gauze"),
        visit=visit,
        sets=["wound"],
        priority="urgent",
        note=" 식후 ",
    )
    seen = quick.see(placed.order_id)
    assert (seen.order_no, seen.status, seen.priority, seen.note) == (1, "active", "urgent", "식후")
    assert [(line.code, line.quantity, line.amount_won, line.location) for line in seen.lines] == [
        ("amoxicillin", 21, 6_300, PLACE),
        ("gauze", 3, 0, PLACE),
        ("dressing", 1, 5_000, None),
    ]
    assert (quick.shelf("gauze"), quick.shelf("amoxicillin")) == ((10, 3), (30, 21))
    bill = quick.bill(visit)
    assert (bill.charged_won, bill.paid_won, bill.due_won) == (11_300, 0, 11_300)
    assert bill.discloses == (seen.patient_id,)
    assert quick.place("dressing", visit=visit).order_no == 2


def test_all_that_lacks_is_named_and_nothing_is_kept(pharmacy: Pharmacy) -> None:
    pharmacy.fill("gauze", 5)
    pharmacy.fill("syringe", 2)
    with pytest.raises(InsufficientStockError) as refused:
        pharmacy.place("gauze", Wanted("syringe", 3), "amoxicillin")
    assert [(one["code"], one["wanted"], one["available"]) for one in refused.value.details["items"]] == [  # type: ignore[attr-defined]
        ("amoxicillin", 1, 0),
        ("syringe", 3, 2),
    ]
    assert pharmacy.rows() == (0, 0, 0)
    assert (pharmacy.shelf("gauze"), pharmacy.shelf("syringe")) == ((5, 0), (2, 0))


def test_an_item_is_kept_whole_on_the_first_shelf_that_has_enough(quick: Pharmacy) -> None:
    quick.fill("gauze", 2)
    quick.fill("gauze", 10, location="pharmacy-2")
    placed = quick.place(Wanted("gauze", 3))
    assert quick.see(placed.order_id).lines[0].location == "pharmacy-2"
    assert quick.shelf("gauze", location="pharmacy-2") == (10, 3)


def test_a_draft_costs_and_keeps_nothing_until_it_takes_effect(quick: Pharmacy) -> None:
    quick.fill("amoxicillin", 5)
    visit = uuid4()
    placed = orders.place(
        patient_id=uuid4(),
        visit_id=None,
        unit=quick.hospital.ward,
        items=[Wanted("amoxicillin", 3)],
        is_draft=True,
        by=quick.doctor,
    )
    assert placed.status == "draft"
    assert quick.shelf("amoxicillin") == (5, 0)
    with pytest.raises(InvalidError):
        orders.activate(placed.order_id, version=1, by=quick.doctor)
    for refused in (orders.hold_order, orders.revoke):
        with pytest.raises((TransitionRefusedError, InvalidError)):
            refused(placed.order_id, version=1, reason=None, by=quick.doctor)
    done = orders.activate(placed.order_id, version=1, visit_id=visit, by=quick.doctor)
    assert (done.status, done.version, done.order_no) == ("active", 2, 1)
    assert quick.shelf("amoxicillin") == (5, 3)
    assert quick.bill(visit).due_won == 900


def test_what_is_handed_out_leaves_the_shelf_line_by_line(quick: Pharmacy) -> None:
    quick.fill("amoxicillin", 10)
    quick.fill("gauze", 10)
    placed = quick.place(Wanted("amoxicillin", 4), Wanted("gauze", 2))
    first, second = quick.see(placed.order_id).lines
    assert [one.order_id for one in queries.to_hand_out(by=quick.pharmacist).orders] == [placed.order_id]
    done = orders.complete_line(placed.order_id, first.line_id, version=1, by=quick.pharmacist)
    assert (done.status, done.version) == ("active", 2)
    assert quick.shelf("amoxicillin") == (6, 0)
    with pytest.raises(TransitionRefusedError):
        orders.complete_line(placed.order_id, first.line_id, version=2, by=quick.pharmacist)
    with pytest.raises(NotFoundError):
        orders.complete_line(placed.order_id, uuid4(), version=2, by=quick.pharmacist)
    done = orders.complete_line(placed.order_id, second.line_id, version=2, by=quick.pharmacist)
    assert done.status == "completed"
    assert quick.shelf("gauze") == (8, 0)
    release()
    assert queries.to_hand_out(by=quick.pharmacist).orders == ()


def test_what_is_taken_back_is_free_again_and_refunded(pharmacy: Pharmacy) -> None:
    pharmacy.fill("amoxicillin", 10)
    visit = uuid4()
    placed = pharmacy.place(Wanted("amoxicillin", 4), "dressing", visit=visit)
    with pytest.raises(InvalidError):
        orders.revoke(placed.order_id, version=1, reason=" ", by=pharmacy.doctor)
    done = orders.revoke(placed.order_id, version=1, reason=WHY, by=pharmacy.doctor)
    assert done.status == "revoked"
    assert statuses(pharmacy, placed.order_id) == ("revoked", ["revoked", "revoked"])
    assert pharmacy.see(placed.order_id).revoked_reason == WHY
    assert pharmacy.shelf("amoxicillin") == (10, 0)
    bill = pharmacy.bill(visit)
    assert (bill.charged_won, bill.refunded_won, bill.due_won) == (6_200, 6_200, 0)
    with pytest.raises(TransitionRefusedError) as refused:
        orders.revoke(placed.order_id, version=2, reason=WHY, by=pharmacy.doctor)
    assert refused.value.status == 409


def test_taking_back_keeps_what_was_handed_out(quick: Pharmacy) -> None:
    quick.fill("amoxicillin", 10)
    visit = uuid4()
    placed = quick.place(Wanted("amoxicillin", 4), "dressing", visit=visit)
    line = quick.see(placed.order_id).lines[0]
    orders.complete_line(placed.order_id, line.line_id, version=1, by=quick.pharmacist)
    orders.revoke(placed.order_id, version=2, reason=WHY, by=quick.doctor)
    assert statuses(quick, placed.order_id) == ("revoked", ["completed", "revoked"])
    assert quick.shelf("amoxicillin") == (6, 0)
    assert quick.bill(visit).due_won == 1_200


def test_a_changed_quantity_is_kept_and_billed(pharmacy: Pharmacy) -> None:
    pharmacy.fill("amoxicillin", 10)
    visit = uuid4()
    placed = pharmacy.place(Wanted("amoxicillin", 4), visit=visit)
    line = pharmacy.see(placed.order_id).lines[0].line_id
    for version, quantity in enumerate((9, 9, 2, 5), start=1):
        orders.change(
            placed.order_id,
            version=version,
            quantities={line: quantity},
            priority="stat",
            by=pharmacy.doctor,
        )
        assert pharmacy.shelf("amoxicillin") == (10, quantity)
        assert pharmacy.bill(visit).due_won == quantity * 300
    with pytest.raises(InsufficientStockError) as refused:
        orders.change(placed.order_id, version=5, quantities={line: 11}, by=pharmacy.doctor)
    assert refused.value.details["items"][0]["code"] == "amoxicillin"  # type: ignore[index]
    seen = pharmacy.see(placed.order_id)
    assert (seen.priority, seen.version, seen.lines[0].quantity) == ("stat", 5, 5)
    orders.revoke(placed.order_id, version=5, reason=WHY, by=pharmacy.doctor)
    assert pharmacy.bill(visit).due_won == 0
    assert pharmacy.shelf("amoxicillin") == (10, 0)


def test_put_aside_and_gone_on_with(quick: Pharmacy) -> None:
    quick.fill("amoxicillin", 10)
    placed = quick.place("amoxicillin")
    held = orders.hold_order(placed.order_id, version=1, reason="용량 확인", by=quick.pharmacist)
    assert held.status == "on-hold"
    with pytest.raises(TransitionRefusedError):
        orders.complete(placed.order_id, version=2, by=quick.pharmacist)
    assert quick.shelf("amoxicillin") == (10, 1)
    assert orders.resume(placed.order_id, version=2, by=quick.doctor).status == "active"
    assert orders.complete(placed.order_id, version=3, by=quick.pharmacist).status == "completed"


STALE: dict[str, Callable[[Pharmacy, UUID, int | None], object]] = {
    "change": lambda p, one, version: orders.change(one, version=version, priority="stat", by=p.doctor),
    "hold": lambda p, one, version: orders.hold_order(one, version=version, reason=WHY, by=p.doctor),
    "complete": lambda p, one, version: orders.complete(one, version=version, by=p.pharmacist),
    "revoke": lambda p, one, version: orders.revoke(one, version=version, reason=WHY, by=p.doctor),
}


@pytest.mark.parametrize("name", STALE)
def test_a_stale_form_is_refused_without_anybody_at_the_same_time(quick: Pharmacy, name: str) -> None:
    placed = quick.place("dressing")
    orders.change(placed.order_id, version=1, note="먼저", by=quick.doctor)
    with pytest.raises(VersionStaleError) as refused:
        STALE[name](quick, placed.order_id, 1)
    assert (refused.value.status, refused.value.details["version"]) == (409, 2)
    with pytest.raises(VersionMissingError):
        STALE[name](quick, placed.order_id, None)


def test_who_may(quick: Pharmacy) -> None:
    cast = quick.hospital.cast
    technician = Actor(kind="staff", role="technician", id=uuid4(), units=frozenset({quick.hospital.ward}))
    everybody = {
        **cast.staff(),
        "dana": cast.dana,
        "eve": cast.eve,
        "kate": quick.pharmacist,
        "lars": technician,
    }
    quick.fill("amoxicillin", 100)

    def may(name: str, deed: Callable[[Actor], object]) -> bool:
        try:
            deed(everybody[name])
        except (NotAllowedError, NotFoundError):
            return False
        return True

    def placed() -> UUID:
        return quick.place("amoxicillin").order_id

    one = placed()
    shelf = queries.shelves(by=quick.pharmacist)[0].stock_id
    release()
    who = {
        "place": [name for name in everybody if may(name, lambda by: quick.place("dressing", by=by))],
        "complete": [
            name for name in everybody if may(name, lambda by: orders.complete(placed(), version=1, by=by))
        ],
        "revoke": [
            name
            for name in everybody
            if may(name, lambda by: orders.revoke(placed(), version=1, reason=WHY, by=by))
        ],
        "see": [name for name in everybody if may(name, lambda by: queries.order(one, by=by))],
        "adjust": [
            name
            for name in everybody
            if may(name, lambda by: orders.adjust(shelf, difference=-1, reason=WHY, by=by))
        ],
        "catalogue": [
            name
            for name in everybody
            if may(
                name,
                lambda by: orders.add_set(
                    f"set-{by.role}", name_ko="가", name_en="a", items=[Wanted("gauze")], by=by
                ),
            )
        ],
    }
    assert who == {
        "place": ["grace"],
        "complete": ["anne", "kate", "lars"],
        "revoke": ["grace"],
        "see": ["anne", "flora", "grace", "iris", "kate", "lars"],
        "adjust": ["kate"],
        "catalogue": ["chris", "kate"],
    }


def test_another_units_staff_find_nothing(quick: Pharmacy) -> None:
    ben, placed = quick.hospital.cast.ben, quick.place("dressing")
    with pytest.raises(NotFoundError):
        orders.complete(placed.order_id, version=1, by=ben)
    with pytest.raises(NotFoundError):
        queries.order(placed.order_id, by=ben)
    release()
    assert queries.order(placed.order_id, is_near=True, by=ben).order_no == 1


def test_every_deed_stands_in_the_patients_audit(quick: Pharmacy) -> None:
    patient = uuid4()
    placed = orders.place(
        patient_id=patient,
        visit_id=uuid4(),
        unit=quick.hospital.ward,
        items=[Wanted("dressing")],
        by=quick.doctor,
    )
    orders.hold_order(placed.order_id, version=1, reason=WHY, by=quick.doctor)
    orders.resume(placed.order_id, version=2, by=quick.doctor)
    orders.revoke(placed.order_id, version=3, reason=WHY, by=quick.doctor)
    release()
    rows = db.session.execute(
        select(AuditRow).where(AuditRow.patient == patient).order_by(AuditRow.id)
    ).scalars()
    assert [(row.action, row.reason) for row in rows] == [
        ("orders:order:place", None),
        ("orders:order:hold", WHY),
        ("orders:order:resume", None),
        ("orders:order:revoke", WHY),
    ]


@pytest.mark.parametrize("table", ["bill_entry", "stock_movement"])
def test_the_database_itself_keeps_bills_and_movements(app: Flask, pharmacy: Pharmacy, table: str) -> None:
    pharmacy.fill("amoxicillin", 1)
    pharmacy.place("amoxicillin")
    release()
    for statement in (f"UPDATE {table} SET actor_role = 'x'", f"DELETE FROM {table}"):  # noqa: S608 - names of this file
        with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
            connection.execute(text(statement))


def test_a_catalogue_is_edited_by_its_version_and_orders_keep_their_price(quick: Pharmacy) -> None:
    before = next(one for one in queries.catalogue(by=quick.doctor) if one.code == "dressing")
    visit = uuid4()
    placed = quick.place("dressing", visit=visit)
    words = orders.ItemWords(category="procedure", name_ko="드레싱", name_en="Dressing", price_won=7_000)
    kept = orders.edit_item(before.public_id, words, version=1, by=quick.pharmacist)
    assert kept.version == 2
    with pytest.raises(VersionStaleError):
        orders.edit_item(before.public_id, words, version=1, by=quick.pharmacist)
    assert quick.see(placed.order_id).lines[0].unit_price_won == 5_000
    assert quick.bill(visit).due_won == 5_000
    withdrawn = orders.ItemWords(
        category="procedure", name_ko="드레싱", name_en="Dressing", price_won=7_000, is_active=False
    )
    orders.edit_item(before.public_id, withdrawn, version=2, by=quick.pharmacist)
    with pytest.raises(InvalidError) as refused:
        quick.place("dressing", "cbc", "moon")
    assert refused.value.details["items"] == ["moon"]
    with pytest.raises(InvalidError) as refused:
        quick.place("dressing", "cbc")
    assert (refused.value.details["why"], refused.value.details["items"]) == ("withdrawn", ["dressing"])
    release()
    assert "dressing" not in [one.code for one in queries.catalogue(by=quick.doctor)]
    for code in ("dressing", "A B", ""):
        with pytest.raises(InvalidError):
            orders.add_item(code, words, by=quick.pharmacist)


def test_a_set_is_edited_as_a_whole(quick: Pharmacy) -> None:
    by = quick.pharmacist
    kept = orders.add_set("basic", name_ko="기본 검사", name_en="Basics", items=[Wanted("cbc")], by=by)
    kept = orders.edit_set(
        kept.id, name_ko="기본 검사", name_en="Basics", items=[Wanted("lft"), Wanted("cbc")], version=1, by=by
    )
    with pytest.raises(VersionStaleError):
        orders.edit_set(kept.id, name_ko="가", name_en="a", items=[Wanted("cbc")], version=1, by=by)
    (one,) = queries.order_sets(by=quick.doctor)
    assert (one.version, one.items) == (2, (Wanted("cbc"), Wanted("lft")))
    with pytest.raises(InvalidError):
        quick.place(sets=["nothing"])


def test_a_bill_entry_is_made_once_for_each_change(app: Flask, pharmacy: Pharmacy) -> None:
    visit = uuid4()
    pharmacy.place("dressing", visit=visit)
    release()
    row = db.session.execute(select(BillEntry).where(BillEntry.visit_id == visit)).scalar_one()
    values = {
        column.name: getattr(row, column.name)
        for column in BillEntry.__table__.columns
        if column.name != "id"
    }
    release()
    with pytest.raises(DatabaseError), db.engine.begin() as connection:
        connection.execute(BillEntry.__table__.insert().values(**values))  # type: ignore[attr-defined]


def test_a_look_costs_what_it_says_however_much_there_is(quick: Pharmacy) -> None:
    shelf, visit = quick.fill("amoxicillin", 100), uuid4()
    one = quick.place("amoxicillin", "dressing", "cbc", visit=visit).order_id
    for _ in range(5):
        quick.place("amoxicillin", "dressing", visit=visit)
    doctor, pharmacist = quick.doctor, quick.pharmacist
    looks: list[tuple[int, Callable[[], object]]] = [
        (1, lambda: queries.order(one, by=doctor)),
        (1, lambda: queries.orders_of_visit(visit, by=doctor)),
        (1, lambda: queries.to_hand_out(by=pharmacist)),
        (1, lambda: queries.bill(visit, by=quick.hospital.cast.iris)),
        (1, lambda: queries.catalogue(search="혈액", by=doctor)),
        (1, lambda: queries.order_sets(by=doctor)),
        (1, lambda: queries.shelves(by=pharmacist)),
        (1, lambda: queries.to_reorder(by=pharmacist)),
        (2, lambda: queries.movements(shelf, by=pharmacist)),
    ]
    for cost, look in looks:
        release()
        with statements() as asked:
            look()
        assert len(asked) == cost, asked
