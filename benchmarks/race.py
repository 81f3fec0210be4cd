"""The race: more nurses press "call next" at once than patients wait; nobody is called twice."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from app.core.clock import monotonic
from app.core.db import db
from app.core.errors import RefusedError
from app.core.transaction import release
from app.journey import services as journey
from benchmarks import databases, house
from benchmarks.house import Prepared
from benchmarks.report import Section

PROCESSES = 4
EMPTY = "QUEUE_EMPTY"
PATIENCE_SECONDS = 60

_start: list[Barrier] = []


@dataclass(frozen=True, slots=True)
class Try:
    """What one caller did: when, and whom it called (a visit) or how it was refused (a code)."""

    begin: float
    end: float
    called: UUID | None
    refused: str = ""


def race(folder: Path, *, mariadb_url: str, callers: int, waiting: int, repetitions: int) -> Section:
    """Run the race on MariaDB and on SQLite, beside as many `SELECT 1` transactions."""
    section = Section(
        "call-next race",
        f"{callers} parallel call-next for {waiting} waiting, {PROCESSES} processes, a room each",
    )
    with databases.mariadb(mariadb_url, folder, section.notes) as server:
        for turn in range(repetitions):
            if server:
                databases.empty(server)
                _run(section, "mariadb", databases.address(server), folder, callers, waiting)
            _run(section, "sqlite", f"sqlite:///{folder / f'race-{turn}.db'}", folder, callers, waiting)
    for name in ("mariadb", "sqlite"):
        section.compare(
            f"total: {name}, call-next / SELECT 1", f"{name}, call-next", f"{name}, SELECT 1", "total_ms"
        )
    return section


def _run(section: Section, name: str, url: str, folder: Path, callers: int, waiting: int) -> None:
    prepared = house.elsewhere(house.prepare, url, folder, waiting + PROCESSES, callers + PROCESSES)
    tries: dict[str, list[Try]] = {"SELECT 1": [], "call-next": []}
    context = get_context("spawn")
    start = context.Barrier(PROCESSES)
    # The first room and patient of each process warm it up: what is measured has been running for a while.
    shares = [prepared.rooms[number : callers + PROCESSES : PROCESSES] for number in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=_meet, initargs=(start,)) as nurses:
        for done in nurses.map(
            _press, [url] * PROCESSES, [folder] * PROCESSES, [prepared] * PROCESSES, shares
        ):
            for what, some in done.items():
                tries[what] += some
    for what, all_ in tries.items():
        took = (max(one.end for one in all_) - min(one.begin for one in all_)) * 1000
        longest = max(one.end - one.begin for one in all_) * 1000
        section.add(f"{name}, {what}", total_ms=took, longest_ms=longest)
    called = Counter(one.called for one in tries["call-next"] if one.called)
    refused = Counter(one.refused for one in tries["call-next"] if one.refused)
    section.add(
        f"{name}, call-next", called=len(called), twice=called.total() - len(called), empty=refused[EMPTY]
    )
    if (len(called), called.total(), refused[EMPTY]) != (waiting, waiting, callers - waiting):
        section.faults.append(
            f"{name}: {called.total()} calls of {len(called)} patients; refused {dict(refused)}"
        )


def _meet(start: Barrier) -> None:
    """Keep the barrier that all processes share; it can only be inherited."""
    _start[:] = [start]


def _press(url: str, folder: Path, prepared: Prepared, given: Sequence[UUID]) -> dict[str, list[Try]]:
    """Be one process with its share of the nurses."""
    with house.opened(url, folder) as app:
        release()

    def select_one(_room: UUID) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("SELECT 1"))

    def call_next(room: UUID) -> UUID:
        return journey.call_next(prepared.queue, room, by=prepared.nurse).visit_id

    first, *rooms = given
    _together(app, select_one, rooms)  # opens the connections
    _together(app, call_next, [first])
    return {"SELECT 1": _together(app, select_one, rooms), "call-next": _together(app, call_next, rooms)}


def _together(app: Flask, work: Callable[[UUID], UUID | None], rooms: Sequence[UUID]) -> list[Try]:
    """Let all callers of all processes begin at one moment."""

    def meet_the_others() -> None:
        _start[0].wait(PATIENCE_SECONDS)

    here = threading.Barrier(len(rooms), action=meet_the_others)

    def one(room: UUID) -> Try:
        with app.app_context():
            here.wait(PATIENCE_SECONDS)
            begin, called, refused = monotonic(), None, ""
            try:
                called = work(room)
            except RefusedError as error:
                refused = error.code
            end = monotonic()
            release()
            return Try(begin, end, called, refused)

    with ThreadPoolExecutor(len(rooms)) as nurses:
        return list(nurses.map(one, rooms))
