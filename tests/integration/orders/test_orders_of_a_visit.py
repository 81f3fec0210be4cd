"""Orders and the visit: a step for what needs one, gone when taken back, done when it is done, paid at the end."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.db import db
from app.core.errors import (
    InsufficientStockError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    TransitionRefusedError,
)
from app.core.transaction import release
from app.journey import services as journey
from app.journey.models import VisitStep
from app.journey.states import Command, State
from app.orders import queries
from app.orders import services as orders
from app.orders.services import Wanted
from app.queues.states import EntryStatus
from tests.hospital import Hospital
from tests.integration.orders.ward import WHY, Ward

TO_ROOM = (Command.CALL, Command.START)


@pytest.fixture
def ward(app: Flask, hospital: Hospital) -> Ward:
    return Ward(hospital)


@pytest.fixture
def quiet(sqlite_app: Flask, hospital: Hospital) -> Ward:
    return Ward(hospital)


def test_who_was_about_to_pay_waits_again_for_what_was_ordered(ward: Ward) -> None:
    visit = ward.bring("paying")
    placed = ward.order(visit, "cbc", "lft", "dressing")
    assert placed.services == ("lab",)
    assert ward.where(visit) == (State.WAITING, EntryStatus.WAITING)
    assert ward.steps(visit) == [("consult", "done"), ("lab", "active")]
    assert [line.command for line in ward.lines(visit)][-2:] == [Command.ADD_STEP, Command.JOIN]
    seen = ward.see(placed.order_id)
    assert seen.unit == ward.hospital.ward
    steps = {line.code: line.step_id for line in seen.lines}
    assert steps["cbc"] == steps["lft"] is not None
    assert steps["dressing"] is None
    release()
    step = db.session.execute(select(VisitStep).where(VisitStep.public_id == steps["cbc"])).scalar_one()
    assert step.order_ref == placed.order_id
    release()
    for command in (*TO_ROOM, Command.COMPLETE):
        ward.give(command, visit)
    assert ward.status(placed.order_id) == ("active", ["completed", "completed", "active"])
    assert ward.where(visit) == (State.PAYMENT, None)


def test_a_step_that_is_done_takes_what_it_needs_from_the_shelf(ward: Ward) -> None:
    ward.fill("vaccine", 3)
    visit = ward.bring("paying")
    placed = ward.order(visit, "vaccine")
    line = ward.see(placed.order_id).lines[0].line_id
    with pytest.raises(TransitionRefusedError) as refused:
        orders.complete_line(placed.order_id, line, version=1, by=ward.pharmacist)
    assert refused.value.details["why"] == "by_step"
    for command in (*TO_ROOM, Command.COMPLETE):
        ward.give(command, visit)
    assert ward.status(placed.order_id) == ("completed", ["completed"])
    assert ward.shelf("vaccine") == (2, 0)
    ward.give(Command.UNDO, visit)
    assert ward.where(visit) == (State.ONGOING, EntryStatus.IN_SERVICE)
    assert ward.status(placed.order_id) == ("active", ["active"])
    assert ward.shelf("vaccine") == (3, 1)
    ward.give(Command.COMPLETE, visit)
    assert ward.shelf("vaccine") == (2, 0)
    assert ward.bill(visit).due_won == 40_000


def test_what_lacks_on_the_shelf_leaves_the_visit_as_it_was(ward: Ward) -> None:
    visit = ward.bring("paying")
    length = len(ward.lines(visit))
    with pytest.raises(InsufficientStockError):
        ward.order(visit, "cbc", "vaccine")
    assert ward.where(visit) == (State.PAYMENT, None)
    assert (len(ward.lines(visit)), ward.rows()) == (length, (0, 0, 0))


def test_an_order_that_is_taken_back_takes_its_step_along(quiet: Ward) -> None:
    visit = quiet.bring("paying")
    placed = quiet.order(visit, "cbc", "dressing")
    quiet.revoke(placed)
    assert quiet.where(visit) == (State.PAYMENT, None)
    assert quiet.steps(visit) == [("consult", "done")]
    assert quiet.status(placed.order_id)[0] == "revoked"
    assert quiet.bill(visit).due_won == 0


def test_who_is_called_or_inside_is_not_sent_out_of_the_room(quiet: Ward) -> None:
    visit = quiet.bring("paying")
    placed = quiet.order(visit, "cbc")
    for command in TO_ROOM:
        quiet.give(command, visit)
        with pytest.raises(TransitionRefusedError) as refused:
            quiet.revoke(placed)
        assert refused.value.details["why"] == "in_room"
        assert quiet.status(placed.order_id) == ("active", ["active"])


def test_before_the_patient_comes_only_the_plan_changes(quiet: Ward) -> None:
    for scene in ("expected", "arrived"):
        visit = quiet.bring(scene)
        before = quiet.where(visit)
        placed = quiet.order(visit, "cbc")
        assert quiet.where(visit) == before
        assert quiet.steps(visit) == [("consult", "planned"), ("lab", "planned")]
        quiet.revoke(placed)
        assert quiet.steps(visit) == [("consult", "planned")]
        assert quiet.status(placed.order_id)[0] == "revoked"


def test_a_step_that_is_waived_takes_its_line_back(quiet: Ward) -> None:
    visit = quiet.bring("paying")
    placed = quiet.order(visit, "cbc", "dressing")
    quiet.give(Command.WAIVE, visit)
    assert quiet.status(placed.order_id) == ("active", ["revoked", "active"])
    assert quiet.bill(visit).due_won == 5_000
    quiet.give(Command.UNDO, visit)
    assert quiet.status(placed.order_id) == ("active", ["active", "active"])
    assert quiet.bill(visit).due_won == 13_000


def test_undo_of_an_order_takes_all_of_it_back(ward: Ward) -> None:
    ward.fill("amoxicillin", 5)
    visit = ward.bring("paying")
    placed = ward.order(visit, "cbc", "amoxicillin")
    version = ward.visit(visit).version
    release()
    journey.undo(visit, version=version, by=ward.hospital.cast.flora)
    assert ward.where(visit) == (State.PAYMENT, None)
    assert ward.status(placed.order_id)[0] == "revoked"
    assert ward.shelf("amoxicillin") == (5, 0)
    assert ward.bill(visit).due_won == 0


def test_undo_of_a_revocation_brings_it_back_while_the_shelf_still_has_it(ward: Ward) -> None:
    ward.fill("vaccine", 1)
    visit = ward.bring("paying")
    placed = ward.order(visit, "vaccine")
    ward.revoke(placed)
    other = ward.place("vaccine")
    with pytest.raises(InsufficientStockError):
        ward.give(Command.UNDO, visit)
    assert ward.where(visit) == (State.PAYMENT, None)
    orders.revoke(other.order_id, version=1, reason=WHY, by=ward.doctor)
    ward.give(Command.UNDO, visit)
    assert ward.where(visit) == (State.WAITING, EntryStatus.WAITING)
    assert ward.status(placed.order_id) == ("active", ["active"])
    assert ward.shelf("vaccine") == (1, 1)
    assert ward.bill(visit).due_won == 40_000


@pytest.mark.parametrize("how", [Command.LEAVE, Command.CANCEL, Command.VOID, Command.CLOSE])
def test_nothing_is_kept_for_who_has_left(quiet: Ward, how: Command) -> None:
    quiet.fill("amoxicillin", 5)
    visit = quiet.bring("waiting")
    placed = quiet.order(visit, "cbc", Wanted("amoxicillin", 2))
    quiet.give(how, visit)
    assert quiet.status(placed.order_id) == ("revoked", ["revoked", "revoked"])
    assert quiet.shelf("amoxicillin") == (5, 0)
    assert quiet.bill(visit).due_won == 0
    quiet.give(Command.UNDO, visit)
    assert quiet.where(visit) == (State.WAITING, EntryStatus.WAITING)
    assert quiet.status(placed.order_id) == ("active", ["active", "active"])
    assert quiet.shelf("amoxicillin") == (5, 2)
    assert quiet.bill(visit).due_won == 8_600


def test_the_cashier_settles_what_is_due_and_the_medicine_is_still_owed(quiet: Ward) -> None:
    quiet.fill("amoxicillin", 5)
    visit = quiet.bring("paying")
    placed = quiet.order(visit, "dressing", Wanted("amoxicillin", 2))
    for wrong in ({"method": "card", "amount": 1}, {"method": "none"}, {"method": "gold"}):
        with pytest.raises(InvalidError):
            quiet.pay(visit, **wrong)
    quiet.pay(visit, method="card")
    assert quiet.lines(visit)[-1].reason == "card 5600"
    bill = quiet.bill(visit)
    assert (bill.charged_won, bill.paid_won, bill.due_won) == (5_600, 5_600, 0)
    assert bill.lines[-1].method == "card"
    assert quiet.status(placed.order_id) == ("active", ["active", "active"])
    with pytest.raises(TransitionRefusedError):
        quiet.order(visit, "dressing")
    orders.complete(placed.order_id, version=1, by=quiet.pharmacist)
    assert quiet.shelf("amoxicillin") == (3, 0)


def test_a_payment_that_is_undone_is_given_back(quiet: Ward) -> None:
    visit = quiet.bring("paying")
    quiet.order(visit, "dressing")
    quiet.pay(visit, method="cash")
    version = quiet.visit(visit).version
    release()
    journey.undo(visit, version=version, by=quiet.hospital.cast.iris)
    bill = quiet.bill(visit)
    assert (bill.paid_won, bill.due_won) == (0, 5_000)
    assert [line.amount_won for line in bill.lines if line.kind == "payment"] == [5_000, -5_000]
    quiet.pay(visit, method="card")
    assert quiet.bill(visit).due_won == 0


def test_what_the_cashier_charges_by_hand_is_undone_too(quiet: Ward) -> None:
    visit = quiet.bring("paying")
    quiet.pay(visit, method="card", amount=12_000)
    bill = quiet.bill(visit)
    assert (bill.charged_won, bill.paid_won, bill.due_won) == (12_000, 12_000, 0)
    version = quiet.visit(visit).version
    release()
    journey.undo(visit, version=version, by=quiet.hospital.cast.iris)
    bill = quiet.bill(visit)
    assert (bill.charged_won, bill.refunded_won, bill.paid_won, bill.due_won) == (12_000, 12_000, 0, 0)


def test_what_is_free_costs_no_payment(quiet: Ward) -> None:
    quiet.fill("gauze", 1)
    visit = quiet.bring("paying")
    quiet.order(visit, "gauze")
    quiet.pay(visit, method="none")
    assert [line.kind for line in quiet.bill(visit).lines] == ["charge"]


def settle(ward: Ward, visit: UUID, **more: object) -> journey.Settled:
    version = ward.visit(visit).version
    release()
    return journey.settle_due(visit, version=version, by=ward.hospital.cast.iris, **more)  # type: ignore[arg-type]


def test_what_was_deferred_is_paid_later_once(quiet: Ward) -> None:
    visit = quiet.bring("paying")
    quiet.order(visit, "dressing")
    with pytest.raises(TransitionRefusedError):
        settle(quiet, visit, method="card")
    quiet.pay(visit, method="deferred")
    assert quiet.bill(visit).due_won == 5_000
    assert settle(quiet, visit, method="card").amount_won == 5_000
    assert quiet.bill(visit).due_won == 0
    with pytest.raises(TransitionRefusedError) as refused:
        settle(quiet, visit, method="card")
    assert refused.value.details["why"] == "nothing_due"


def test_what_is_taken_back_after_the_payment_is_paid_back_in_part(quiet: Ward) -> None:
    quiet.fill("amoxicillin", 5)
    visit = quiet.bring("paying")
    kept = quiet.order(visit, "dressing")
    back = quiet.order(visit, Wanted("amoxicillin", 2))
    quiet.pay(visit, method="card")
    quiet.revoke(back)
    assert quiet.bill(visit).due_won == -600
    assert quiet.shelf("amoxicillin") == (5, 0)
    assert settle(quiet, visit, method="cash").amount_won == -600
    bill = quiet.bill(visit)
    assert (bill.charged_won, bill.refunded_won, bill.paid_won, bill.due_won) == (5_600, 600, 5_000, 0)
    assert quiet.status(kept.order_id)[0] == "active"


def test_a_draft_takes_effect_with_its_step(quiet: Ward) -> None:
    visit = quiet.bring("paying")
    placed = quiet.order(visit, "cbc", is_draft=True)
    assert (quiet.where(visit), quiet.bill(visit).due_won) == ((State.PAYMENT, None), 0)
    release()
    done = journey.activate_order(placed.order_id, version=1, by=quiet.doctor)
    assert done.status == "active"
    assert quiet.where(visit) == (State.WAITING, EntryStatus.WAITING)
    assert quiet.bill(visit).due_won == 8_000


def test_who_may_order_for_a_visit(quiet: Ward) -> None:
    visit = quiet.bring("paying")
    cast = quiet.hospital.cast
    told: dict[str, str] = {}
    for name, by in {**cast.staff(), "kate": quiet.pharmacist, "dana": cast.dana, "eve": cast.eve}.items():
        try:
            journey.place_order(visit, items=[Wanted("dressing")], by=by)
            told[name] = "may"
        except (NotAllowedError, NotFoundError) as refused:
            told[name] = refused.code
    assert [name for name, said in told.items() if said == "may"] == ["grace"]
    away = replace(cast.grace, units=frozenset({quiet.hospital.other}))
    with pytest.raises(NotFoundError):
        journey.place_order(visit, items=[Wanted("dressing")], by=replace(away, id=uuid4()))
    assert len(queries.orders_of_visit(visit, by=quiet.doctor).orders) == 1
    journey.place_order(visit, items=[Wanted("dressing")], by=away)  # who has ordered treats, from any ward
