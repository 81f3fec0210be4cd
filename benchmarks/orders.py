"""Orders from one shelf: what it costs that no box is sold twice, beside bare inserts and beside look-then-write."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import OperationalError

from app.core import events
from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditRow
from app.core.clock import monotonic
from app.core.db import db
from app.core.errors import BusyError, InsufficientStockError
from app.core.transaction import release
from app.orders import services as orders
from app.orders.models import BillEntry, OrderCounter, OrderLine, ServiceOrder, Stock, StockMovement
from app.orders.services import ItemWords, Wanted
from benchmarks import databases, house
from benchmarks.report import Section

ITEM, SHELF = "amoxicillin", "pharmacy-1"
RACERS, BOXES = 40, 10
PATIENCE_SECONDS = 60
OURS, NAIVE, BARE = "Annae", "look, then write", "bare inserts"
# Naive holds the shelf's row for its inserts and the commit; ours also asks for item, shelf and number, in savepoints.
AT_LEAST = 0.5


@dataclass(frozen=True, slots=True)
class Rows:
    """What one order leaves written, as it stands in the tables."""

    order: dict[str, Any]
    line: dict[str, Any]
    movement: dict[str, Any]
    bill: dict[str, Any]
    audit: dict[str, Any]


Work = Callable[[], bool]


def place(folder: Path, *, mariadb_url: str, threads: int, count: int, repetitions: int) -> Section:
    """Place so many orders of one box from one shelf by so many threads, on MariaDB."""
    section = Section(
        "orders",
        f"{count:,} orders of one box from one shelf, {threads} threads, MariaDB; then {RACERS} for {BOXES} boxes",
    )
    with databases.mariadb(mariadb_url, folder, section.notes) as server:
        for turn in range(repetitions if server else 0):
            databases.empty(server)
            measured = house.elsewhere(_measure, databases.address(server), folder, threads, count, turn)
            for case, figures in measured.items():
                section.add(case, **figures)
            if (sold := measured[OURS]["sold"]) != BOXES or measured[OURS]["oversold"]:
                section.faults.append(f"{sold:.0f} of {BOXES} boxes were sold")
    section.compare(f"orders/s: {OURS} / {NAIVE}", OURS, NAIVE, "per_second", at_least=AT_LEAST)
    section.compare(f"orders/s: {OURS} / {BARE}", OURS, BARE, "per_second")
    section.notes.append(
        f"The same rows everywhere: number, order, line, movement, bill entry, audit. `{NAIVE}` reads the shelf, then "
        f"writes what it has reckoned (READ COMMITTED, as ours); `oversold` is what it promised beyond {BOXES} boxes. "
        f"`{BARE}` touches no shelf, so its threads meet nowhere."
    )
    return section


def _measure(url: str, folder: Path, threads: int, count: int, turn: int) -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = {}
    with house.opened(url, folder) as app:
        events.react({})  # the others tell nobody either
        stock_id, doctor, unit = _prepare(count)
        rows = _rows_of_one(doctor, unit)

        cases: list[tuple[str, Work]] = [
            (OURS, partial(_ours, doctor, unit)),
            (NAIVE, partial(_naive, rows)),
            (BARE, partial(_bare, rows)),
        ]
        for case, work in cases[turn % 3 :] + cases[: turn % 3]:  # whoever is first finds the tables small
            _fill(stock_id, count * 2)
            _together(app, work, threads, threads)  # opens the connections
            seconds, sold = _together(app, work, threads, count)
            if sold != count:
                raise RuntimeError(f"{case}: {sold} of {count} orders")
            figures[case] = {"per_second": count / seconds}
        for case, work in cases[:2]:
            _fill(stock_id, BOXES)
            _, sold = _together(app, work, RACERS, RACERS)
            figures[case] |= {"sold": float(sold), "oversold": float(sold - BOXES)}
    return figures


def _ours(doctor: Actor, unit: UUID) -> bool:
    while True:
        try:
            _order(doctor, unit)
        except InsufficientStockError:
            return False
        except BusyError:  # as a client does that is told to come again
            continue
        return True


def _naive(rows: Rows) -> bool:
    while True:
        try:
            with db.engine.begin() as connection:
                return _look_then_write(connection, rows)
        except OperationalError:  # a wait for the row that was too long, or in a circle
            continue


def _bare(rows: Rows) -> bool:
    while True:
        try:
            with db.engine.begin() as connection:
                _insert(connection, rows)
        except OperationalError:
            continue
        return True


def _prepare(count: int) -> tuple[UUID, Actor, UUID]:
    """Build the hospital and one shelf."""
    hospital = house.built()
    words = ItemWords(category="medication", name_ko="아목시실린", name_en="Amoxicillin", price_won=300)
    orders.add_item(ITEM, words, by=SYSTEM)
    shelf = orders.receive(ITEM, location=SHELF, quantity=count, by=SYSTEM)
    return shelf.stock_id, hospital.cast.grace, hospital.ward


def _order(doctor: Actor, unit: UUID) -> UUID:
    visit = uuid4()
    placed = orders.place(patient_id=visit, visit_id=visit, unit=unit, items=[Wanted(ITEM)], by=doctor)
    return placed.order_id


def _rows_of_one(doctor: Actor, unit: UUID) -> Rows:
    """Place an order and return the rows that it left, without their ids."""
    order_id = _order(doctor, unit)

    def row(table: type[Any], *wanted: Any) -> dict[str, Any]:
        found = db.session.execute(select(table.__table__).where(*wanted)).mappings().one()
        return {name: value for name, value in found.items() if name not in {"id", "public_id"}}

    order = db.session.execute(select(ServiceOrder.id).where(ServiceOrder.public_id == order_id)).scalar_one()
    line = db.session.execute(select(OrderLine.id).where(OrderLine.order_id == order)).scalar_one()
    found = Rows(
        order=row(ServiceOrder, ServiceOrder.id == order),
        line=row(OrderLine, OrderLine.id == line),
        movement=row(StockMovement, StockMovement.line_id == line),
        bill=row(BillEntry, BillEntry.line_id == line),
        audit=row(AuditRow, AuditRow.object == f"order:{order_id}"),
    )
    release()
    return found


def _insert(connection: Connection, rows: Rows) -> None:
    """Write the rows of one order, with ids and a patient of its own."""
    visit, order_id = uuid4(), uuid4()

    def add(table: type[Any], row: dict[str, Any], **own: Any) -> int:
        made = connection.execute(insert(table).values({**row, **own})).inserted_primary_key
        return int(made[0]) if made and table is not OrderCounter else 0

    add(OrderCounter, {}, owner=visit, last=1)
    order = add(ServiceOrder, rows.order, public_id=order_id, visit_id=visit, patient_id=visit)
    line = add(OrderLine, rows.line, public_id=uuid4(), order_id=order)
    add(StockMovement, rows.movement, line_id=line)
    add(BillEntry, rows.bill, line_id=line, visit_id=visit)
    add(AuditRow, rows.audit, patient=visit, object=f"order:{order_id}")


def _look_then_write(connection: Connection, rows: Rows) -> bool:
    """Do what looks right and is not: between the look and the write somebody else has sold the box."""
    shelf = connection.execute(select(Stock.on_hand, Stock.reserved)).one()
    if shelf.on_hand - shelf.reserved < 1:
        return False
    connection.execute(update(Stock).values(reserved=shelf.reserved + 1))
    _insert(connection, rows)
    return True


def _fill(stock_id: UUID, boxes: int) -> None:
    """Let so many boxes lie there, none of them promised."""
    with db.engine.begin() as connection:
        connection.execute(update(Stock).where(Stock.public_id == stock_id).values(on_hand=boxes, reserved=0))


def _together(app: Flask, work: Work, threads: int, count: int) -> tuple[float, int]:
    """Do so much work by so many threads that begin at one moment; return the seconds and how often it was done."""
    release()
    shares = [len(range(number, count, threads)) for number in range(threads)]
    begun: list[float] = []
    here = threading.Barrier(threads, action=lambda: begun.append(monotonic()))

    def one(share: int) -> tuple[float, int]:
        with app.app_context():
            here.wait(PATIENCE_SECONDS)
            done = sum(work() for _ in range(share))
            release()
            return monotonic(), done

    with ThreadPoolExecutor(threads) as doctors:
        ends, done = zip(*doctors.map(one, shares), strict=True)
    return max(ends) - begun[0], sum(done)
