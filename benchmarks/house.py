"""Annae on a database of the benchmark's own, with the hospital of the tests; used in processes of their own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, event, text

from app import settings
from app.boards import queries as boards
from app.core.actor import Actor
from app.core.audit import append_only
from app.core.db import db
from app.core.transaction import release
from app.factory import create_app
from app.queues import services as queues
from tests.hospital import Hospital, build
from tests.pages import sign_in

P = ParamSpec("P")
R = TypeVar("R")

NURSE, ROW = "anne", "data-row "
SECRET = "a key for benchmarks only, 32 signs"  # noqa: S105 - it guards a database that is thrown away


@dataclass(frozen=True, slots=True)
class Prepared:
    """A queue with people in it, ready to be measured."""

    queue: UUID
    rooms: tuple[UUID, ...]
    nurse: Actor


def environment(url: str, folder: Path) -> dict[str, str]:
    """Return the settings of a house on this database, for processes that serve it."""
    return {
        "APP_ENV": "test",
        "SECRET_KEY": SECRET,
        "DATABASE_URL": url,
        "PUBLIC_URL": "http://127.0.0.1",
        "VAR_DIR": str(folder),
        "LOG_LEVEL": "WARNING",
        "PROXIES": "1",  # the load comes from many addresses: one address is braked at 3000 a minute
    }


def elsewhere(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run in a fresh process: a house is one per process, and its memory leaves with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, *args, **kwargs).result()


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Flask]:
    """Open the house, inside its context."""
    app = create_app(settings.load(environment(url, folder)))
    with app.app_context():
        try:
            yield app
        finally:
            release()
            db.engine.dispose()


def prepare(url: str, folder: Path, waiting: int, rooms: int) -> Prepared:
    """Build an empty database's tables and hospital, and let people wait before so many rooms."""
    with opened(url, folder):
        hospital = built()
        more = tuple(_room(hospital, number) for number in range(4, rooms + 1))
        for _ in range(waiting):
            hospital.waiting("consult")
        return Prepared(hospital.consult, (*hospital.rooms, *more), hospital.cast.anne)


def statements(url: str, folder: Path, crowds: tuple[int, ...]) -> dict[int, tuple[int, int]]:
    """Count the statements of the ward page with so many waiting: its own, and all with session and audit."""
    counted: dict[int, tuple[int, int]] = {}
    with opened(url, folder) as app:
        hospital = built()
    browser = app.test_client()
    sign_in(browser, NURSE)
    here = 0
    for crowd in crowds:
        with app.app_context():
            for _ in range(crowd - here):
                hospital.waiting("consult")
            here = crowd
            with _counting() as own:
                boards.ward_board(hospital.consult, by=hospital.cast.anne)
            release()
        # Outside that context: a request inside it would share its `g`, and so not look its session up.
        browser.get(path := f"/ward/{hospital.consult}")
        with _counting() as whole:
            answer = browser.get(path)
        if answer.get_data(as_text=True).count(ROW) != crowd:
            raise RuntimeError(f"the ward page does not show {crowd} rows")
        counted[crowd] = (len(own), len(whole))
    return counted


def built() -> Hospital:
    """Build an empty database's tables and the hospital of the tests."""
    db.create_all()
    with db.engine.begin() as connection:
        for statement in append_only(db.engine.dialect.name):
            connection.execute(text(statement))
    return build()


def _room(hospital: Hospital, number: int) -> UUID:
    return queues.add_room(
        hospital.consult,
        name_ko=f"{number}번 진료실",
        name_en=f"Room {number}",
        place="2f-demo-1",
        by=hospital.cast.chris,
    )


@contextmanager
def _counting() -> Iterator[list[str]]:
    """Collect the statements sent to the database; PRAGMA and BEGIN are none."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.split(None, 1)[0].upper() in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
