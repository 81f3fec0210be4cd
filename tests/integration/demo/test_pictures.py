"""The demo's pictures: taken in once, whose they are known, and nothing of it in a hospital's own archive."""

from itertools import count
from typing import Any

import pytest
from flask import Flask

from app import settings
from app.boards.queries.study_lists import seen_studies
from app.boards.queries.ward import ward_board
from app.boards.queries.worklist import worklist
from app.core import clock
from app.demo import building, catalogue, loading, pictures, staff
from app.demo.catalogue import DOCTORS, DRIVERS
from app.demo.orderable import HEAD_CT, ITEMS
from app.demo.people import Kind, person
from app.imaging import queries
from app.imaging.rules import accession_number
from app.imaging.services import Taken, take
from app.journey import queries as journey
from app.orders import queries as orders
from app.orders.queries import Order
from app.orders.states import Priority
from tests.integration.demo.counting import statements


def orders_for(item: str) -> list[Order]:
    """Return today's orders for an item."""
    by = staff.cast()[DOCTORS[pictures.CLINIC]]
    visits = [one.visit_id for one in journey.visits_under_way({clock.today()})]
    found = [order for visit in visits for order in orders.orders_of_visit(visit, by=by).orders]
    return [order for order in found if item in {line.code for line in order.lines}]


def held() -> list[tuple[int, str]]:
    """Return how many pictures each study has, and whose it is."""
    by = staff.cast()[pictures.RADIOLOGIST]
    found = seen_studies(limit=10, by=by).studies
    return sorted((one.instances, one.patient_number) for one in found)


def test_one_head_is_ordered_one_was_brought_along_and_a_second_start_takes_nothing(app: Flask) -> None:
    loading.load()
    pictures.take_in()
    seed = settings.current().demo_seed
    mrns = {person(Kind.RESERVED, 1, seed).mrn, person(Kind.TOWN, 0, seed).mrn}
    assert held() == [(20, mrn) for mrn in sorted(mrns)]
    with statements() as counted:
        pictures.take_in()
    assert counted.number < 20
    assert queries.status().quarantined == 0
    assert len(orders_for(HEAD_CT)) == 1


def test_the_ordered_one_is_its_orders_and_its_visits(app: Flask) -> None:
    loading.load()
    pictures.take_in()
    (order,) = orders_for(HEAD_CT)
    ordered, brought = sorted(queries.status().studies, key=lambda one: one.order_id is None)
    assert (ordered.order_id, ordered.visit_id) == (order.order_id, order.visit_id)
    assert ordered.patient_id == order.patient_id
    assert (brought.order_id, brought.visit_id) == (None, None)
    assert brought.patient_id is not None

    listed = worklist(by=staff.cast()[pictures.RADIOLOGIST]).rows
    first = next(row for row in listed if row.study_id == ordered.id)
    assert first.accession_number == accession_number(order.order_id)
    assert (first.priority, first.question) == (Priority.URGENT, pictures.QUESTION)
    assert [exam.name_en for exam in first.exams] == [ITEMS[HEAD_CT].name.en]

    line = building.open_queues()[pictures.CLINIC].id
    rows = ward_board(line, by=staff.cast()[DRIVERS[pictures.CLINIC]]).waiting
    assert [row.pictures for row in rows if row.pictures] == ["received"]


def test_what_was_stopped_goes_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    loading.load()
    taken = count()

    def stopping(*args: Any, **kwargs: Any) -> Taken:
        if next(taken) == 5:
            raise KeyboardInterrupt
        return take(*args, **kwargs)

    with monkeypatch.context() as at_the_sixth:
        at_the_sixth.setattr("app.demo.pictures.imaging.take", stopping)
        with pytest.raises(KeyboardInterrupt):
            pictures.take_in()
    assert [many for many, _ in held()] == [5]
    pictures.take_in()
    assert [many for many, _ in held()] == [20, 20]
    assert len(orders_for(HEAD_CT)) == 1
    assert queries.status().quarantined == 0


def test_a_hospitals_archive_is_left_alone(app: Flask) -> None:
    settings.use(settings.current().model_copy(update={"orthanc_url": "http://127.0.0.1:1"}))
    loading.load()
    pictures.take_in()
    assert held() == []


def test_the_radiologist_is_one_of_the_cast() -> None:
    assert pictures.RADIOLOGIST in {plan.username for plan in catalogue.RESERVED_STAFF}
