"""Kill -9 at every single write of a command: all of it or nothing, and it can be given again (P10)."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app import settings
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.idempotency import Presented, presenting, was_replayed
from app.core.transaction import release
from app.journey import services as journey
from app.journey.models import Visit
from app.journey.states import Command, State
from app.orders import queries
from app.queues.models import QueueEntry
from app.queues.states import EntryStatus
from app.settings import ROOT
from tests.conftest import SECRET
from tests.integration.journey.mortal import AFTER_COMMIT, CONFIRMED
from tests.integration.journey.scenes import Stage, fingerprint
from tests.integration.orders.pharmacy import Pharmacy

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(300),
    pytest.mark.parametrize(
        "app",
        [pytest.param("sqlite", marks=pytest.mark.slow), pytest.param("mariadb", marks=pytest.mark.mariadb)],
        indirect=True,
    ),
]
MOST_WRITES = 60


class Mortal:
    """The process that gives commands and dies at them."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def give(self, at: int, **wish: Any) -> bool:
        """Let a child give a command and die at this write; return whether it lived to the end."""
        release()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"at": at, **wish}) + "\n")
        self.process.stdin.flush()
        ended = int(self.process.stdout.readline())
        assert ended in {0, -signal.SIGKILL}, "the child neither lived nor was killed"
        return ended == 0


@pytest.fixture(scope="module")
def started() -> Iterator[dict[str, Mortal]]:
    """Keep one such process for each database."""
    found: dict[str, Mortal] = {}
    yield found
    for one in found.values():
        with one.process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)


@pytest.fixture
def mortal(app: Flask, started: dict[str, Mortal]) -> Mortal:
    url = db.engine.url.render_as_string(hide_password=False)
    asked = {
        "APP_ENV": "test",
        "SECRET_KEY": SECRET,
        "DATABASE_URL": url,
        "PUBLIC_URL": "http://localhost",
        "VAR_DIR": str(settings.current().var_dir),
    }
    if url not in started:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.journey.mortal", json.dumps(asked)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started[url] = Mortal(process)
    return started[url]


def who(actor: Actor) -> dict[str, Any]:
    return {"role": actor.role, "id": str(actor.id), "units": [str(unit) for unit in actor.units]}


def entry_of(stage: Stage, visit: UUID) -> QueueEntry:
    found = stage.entry(visit)
    assert found is not None
    return found


def die_at_every_write(mortal: Mortal, wish: dict[str, Any]) -> int:
    """Let the command die at each of its writes in turn; nothing may be left of any. Return how many there were."""
    before = fingerprint()
    for at in range(1, MOST_WRITES):
        if mortal.give(at, **wish):
            return at - 1
        assert fingerprint() == before, f"killed at write {at}, and something was left"
    raise AssertionError("it writes without end")


def test_a_transfer_killed_at_any_write_is_whole_or_nothing(stage: Stage, mortal: Mortal) -> None:
    anne, visit = stage.hospital.cast.anne, stage.bring("waiting")
    stage.bring("waiting")
    room, old = stage.new_room(stage.hospital.consult), entry_of(stage, visit)
    number, since = old.number, old.eligible_at
    wish = {"what": "transfer", "entry": str(old.public_id), "version": old.version, "room": str(room)}
    writes = die_at_every_write(mortal, {**wish, "by": who(anne)})
    assert writes >= 5
    assert stage.where(visit) == (State.WAITING, EntryStatus.WAITING)
    new = entry_of(stage, visit)
    assert (new.previous_entry_id, new.number, new.eligible_at) == (old.id, number, since)
    assert stage.lines(visit)[-1].command == Command.TRANSFER


def test_a_completion_killed_at_any_write_is_whole_or_nothing(stage: Stage, mortal: Mortal) -> None:
    anne, visit = stage.hospital.cast.anne, stage.hospital.expect("consult", "lab")
    for command in (Command.ARRIVE, Command.REGISTER, Command.CALL, Command.START):
        stage.give(command, visit)
    entry = entry_of(stage, visit)
    wish = {"what": "complete", "entry": str(entry.public_id), "version": entry.version, "by": who(anne)}
    assert die_at_every_write(mortal, wish) >= 8
    assert stage.where(visit) == (State.WAITING, EntryStatus.WAITING)
    assert stage.steps(visit) == [("consult", "done"), ("lab", "active")]
    assert [line.command for line in stage.lines(visit)][-2:] == [Command.COMPLETE, Command.JOIN]


def test_a_completion_whose_giver_dies_after_the_commit_is_answered_when_repeated(
    stage: Stage, mortal: Mortal
) -> None:
    anne, visit = stage.hospital.cast.anne, stage.bring("inside")
    entry = entry_of(stage, visit)
    wish = {"what": "complete", "entry": str(entry.public_id), "version": entry.version, "by": who(anne)}
    assert not mortal.give(AFTER_COMMIT, **wish, key="tap")
    assert stage.where(visit) == (State.PAYMENT, None)
    stood = fingerprint()
    with presenting(Presented(scope="mortal", key="tap", fingerprint="x")):
        again = journey.complete(entry.public_id, version=entry.version, confirm=CONFIRMED, by=anne)
        assert was_replayed()
    assert again.visit_id == visit
    assert fingerprint() == stood


def test_an_order_killed_at_any_write_is_whole_or_nothing(stage: Stage, mortal: Mortal) -> None:
    pharmacy, visit = Pharmacy(stage.hospital), stage.bring("paying")
    pharmacy.fill("amoxicillin", 10)
    pharmacy.fill("gauze", 10)
    by = who(pharmacy.doctor)
    items = [("cbc", 1), ("amoxicillin", 3), ("gauze", 1)]
    ordered = {"what": "place_order", "visit": str(visit), "items": items, "by": by}
    assert die_at_every_write(mortal, ordered) >= 12
    assert stage.where(visit) == (State.WAITING, EntryStatus.WAITING)
    assert (pharmacy.rows(), pharmacy.shelf("amoxicillin"), pharmacy.shelf("gauze")) == (
        (1, 3, 3),
        (10, 3),
        (10, 1),
    )
    (placed,) = queries.orders_of_visit(visit, by=pharmacy.doctor).orders
    assert placed.order_no == 1
    revoked = {"what": "revoke_order", "order": str(placed.order_id), "version": placed.version, "by": by}
    assert die_at_every_write(mortal, revoked) >= 10
    assert stage.where(visit) == (State.PAYMENT, None)
    assert (pharmacy.shelf("amoxicillin"), pharmacy.bill(visit).due_won) == ((10, 0), 0)


def test_a_day_close_killed_at_any_write_closes_visits_whole_and_the_next_run_the_rest(
    stage: Stage, mortal: Mortal
) -> None:
    scenes = ("expected", "arrived", "waiting", "called", "inside", "aside", "paying")
    visits = {stage.bring(scene): scene for scene in scenes}
    home = stage.bring("home")
    lengths = {visit: len(stage.lines(visit)) for visit in visits}
    states = {visit: stage.where(visit) for visit in visits}
    wish = {"what": "close_day", "day": clock.today().isoformat(), "by": who(stage.hospital.cast.flora)}
    counts: list[int] = []
    for at in range(1, MOST_WRITES * len(visits)):
        has_survived = mortal.give(at, **wish)
        closed = [visit for visit in visits if stage.where(visit)[0] is State.FINISHED]
        counts.append(len(closed))
        for visit in visits:
            check_whole(stage, visit, was=states[visit], length=lengths[visit])
        if has_survived:
            break
    assert counts == sorted(counts)
    assert 0 in counts
    assert counts[-1] == len(visits)
    assert len(set(counts)) > 2, "no run died between two visits"
    assert journey.close_day(clock.today()) == ()
    assert stage.visit(home).disposition == "completed"
    release()
    assert not db.session.execute(select(QueueEntry.id).where(QueueEntry.active_slot == 1)).all(), "a ghost"


def check_whole(stage: Stage, visit: UUID, *, was: tuple[State, EntryStatus | None], length: int) -> None:
    """See that a visit is closed with all that belongs to it, or as it was."""
    lines, row = stage.lines(visit), stage.visit(visit)
    if row.state == State.FINISHED:
        assert (len(lines), lines[-1].command, row.open_slot) == (length + 1, Command.CLOSE, None)
        never_came = was[0] is State.UNREGISTERED
        assert row.disposition == ("no_show_visit" if never_came else "admin_close")
        assert stage.where(visit)[1] is None
    else:
        assert (stage.where(visit), len(lines)) == (was, length)
    release()
    assert db.session.execute(select(Visit.history_length).where(Visit.public_id == visit)).scalar() == len(
        lines
    )
