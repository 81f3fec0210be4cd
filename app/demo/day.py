"""The simulated day: people of the town come, wait, are called and go home, by the services alone."""

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

import structlog

from app import settings
from app.core import clock, transaction
from app.core.actor import Actor
from app.core.errors import RefusedError
from app.demo import booking, building, deeds, errands, hospital, leaflet, loading, pace, rates, staff
from app.demo.catalogue import DAY_DESK, DRIVERS, QUEUES
from app.demo.guard import refuse_outside_demo
from app.demo.people import TOWNSPEOPLE, Kind, Person, person
from app.demo.scene import Deed, Line, Move, Room, Scene
from app.journey import queries
from app.journey import services as journey
from app.journey.queries import UnderWay
from app.journey.services import Outcome
from app.journey.states import State
from app.queues import queries as queues_queries
from app.queues.states import PointStatus

log = structlog.get_logger(__name__)

BEAT_SECONDS = (0.7, 1.1)
LONGEST_BEAT_SECONDS = 5.0
MOVES_PER_BEAT = 6
# Sleeping in naps: TERM is noticed at once, and no lock is shared with a signal handler.
NAP_SECONDS = 0.1
ROOMS_EVERY = timedelta(seconds=30)
AFTER_A_REFUSAL, AFTER_A_FAULT = timedelta(seconds=2), timedelta(seconds=30)
WITHOUT_DATABASE_SECONDS = 3.0
# A house that was switched off for a fortnight still sends yesterday's waiting people home.
LOOK_BACK_DAYS = 14
APPOINTMENT_MINUTES = (-10, 20)
ROUND_MINUTES = 5
# What staff notice at once when it was the wrong button.
MISTAKABLE = frozenset({Deed.CALL, Deed.START, Deed.COMPLETE, Deed.MISS, Deed.SKIP_ONCE, Deed.PRIORITISE})


class Mistake(NamedTuple):
    """A command that somebody will take back."""

    at: datetime
    outcome: Outcome
    by: Actor


class Day:
    """One process's view of the play; all that matters stands in the database, so it may fall at any time."""

    def __init__(self, luck: Random) -> None:
        self.luck = luck
        self.cast = staff.cast()
        self.now = clock.utcnow()
        self.today = clock.today()
        self.days: set[date] = {self.today - timedelta(days=back) for back in range(LOOK_BACK_DAYS)}
        self.coming: dict[UUID, str] = {}
        self.resting: dict[UUID, datetime] = {}
        self.breaks: dict[UUID, datetime] = {}
        self.mistakes: list[Mistake] = []
        self.lines: tuple[Line, ...] = ()
        self.lines_until = self.now
        self.counter_at = self.filled_at = self.now

    def beat(self, now: datetime, seconds: float) -> int:
        """Let `seconds` pass; return how many moves were made. Two statements beside the moves' own."""
        self.now = now
        if (today := clock.today()) != self.today:
            loading.begin_day()
            self.today = today
            self.days.add(today)
        if now >= self.lines_until:
            self.lines, self.lines_until = lines(), now + ROOMS_EVERY
        visits = queries.visits_under_way(self.days)
        open_steps = queries.open_steps(self.days)
        transaction.release()
        self._remember(visits, now)
        scene = Scene(
            now=now,
            seconds=seconds,
            today=self.today,
            visits=visits,
            open_steps=open_steps,
            lines=self.lines,
            coming=self.coming,
            breaks=self.breaks,
        )
        self._take_back()
        self._run_errands()
        due = self._not_resting(pace.moves(scene, self.luck))
        known = {visit.mrn for visit in visits}
        return sum(self._make(move, known) for move in due[:MOVES_PER_BEAT])

    def _remember(self, visits: Collection[UnderWay], now: datetime) -> None:
        # Whoever was expected yesterday comes no more, and keeps no old day in view.
        here = {one.business_date for one in visits if one.state is not State.UNREGISTERED}
        self.days = {self.today, self.today - timedelta(days=1)} | here
        on_the_way = {one.visit_id for one in visits if one.state in {State.UNREGISTERED, State.ARRIVED}}
        self.coming = {visit: service for visit, service in self.coming.items() if visit in on_the_way}
        self.resting = {visit: until for visit, until in self.resting.items() if until > now}

    def _not_resting(self, due: Collection[Move]) -> list[Move]:
        """Leave out who rests, and who would be called before somebody who rests."""
        held_up = {
            one.line
            for one in due
            if one.deed is Deed.CALL and one.visit and one.visit.visit_id in self.resting
        }
        return [
            one
            for one in due
            if not (one.visit and one.visit.visit_id in self.resting)
            and not (one.deed is Deed.CALL and one.line in held_up)
        ]

    def _make(self, move: Move, known: Collection[str]) -> bool:
        """Make one move; whoever was refused rests a while, so that nobody holds up the others."""
        try:
            if move.services and move.visit is None:
                self._let_come(move, known)
            else:
                self._remember_done(move, deeds.make(move, self.cast, self.luck))
        except RefusedError as refused:
            log.debug("demo_move_refused", deed=move.deed.name, code=refused.code)
            rest = AFTER_A_REFUSAL
        except Exception:
            log.exception("demo_move_failed", deed=move.deed.name)
            rest = AFTER_A_FAULT
        else:
            return True
        finally:
            transaction.release()
        if move.visit is not None:
            self.resting[move.visit.visit_id] = self.now + rest
        return False

    def _remember_done(self, move: Move, outcome: Outcome | None) -> None:
        """Keep what one process alone knows: rooms it has left, and what it will take back."""
        if move.room is not None and move.visit is None:
            self.lines_until = self.now
            self.breaks.pop(move.room.id, None)
            if move.until is not None and self.luck.random() < rates.BACK_EARLY_SHARE:
                early = timedelta(seconds=self.luck.uniform(*rates.BACK_EARLY_SECONDS))
                self.breaks[move.room.id] = move.until - early
        if outcome and move.deed in MISTAKABLE and self.luck.random() < rates.MISTAKE_SHARE:
            noticed = self.now + timedelta(seconds=self.luck.uniform(*rates.MISTAKE_SECONDS))
            self.mistakes.append(Mistake(noticed, outcome, deeds.staff_of(move, self.cast)))
            self.resting[outcome.visit_id] = noticed

    def _take_back(self) -> None:
        """Undo what was noticed by now; where things have moved on, they stay."""
        due = [one for one in self.mistakes if one.at <= self.now]
        self.mistakes = [one for one in self.mistakes if one.at > self.now]
        for one in due:
            try:
                deeds.take_back(one.outcome, by=one.by)
            except RefusedError as refused:
                log.debug("demo_undo_refused", code=refused.code)
            except Exception:
                log.exception("demo_undo_failed")
            finally:
                transaction.release()

    def _run_errands(self) -> None:
        """Let the pharmacy hand out what has waited, and fill its shelves; a statement in ten seconds."""
        if self.now < self.counter_at:
            return
        self.counter_at = self.now + timedelta(seconds=self.luck.uniform(*rates.HAND_OUT_EVERY_SECONDS))
        try:
            if self.now >= self.filled_at:
                self.filled_at = self.now + rates.FILL_EVERY
                errands.fill_shelves(self.cast)
            errands.hand_out(self.now, rates.HAND_OUT_AFTER, self.cast)
        except RefusedError as refused:
            log.debug("demo_errand_refused", code=refused.code)
        except Exception:
            log.exception("demo_errand_failed")
        finally:
            transaction.release()

    def _let_come(self, move: Move, known: Collection[str]) -> None:
        """Let somebody of the town who is not in the house come: booked for a time around now, or without a time."""
        somebody = self._somebody()
        while somebody.mrn in known:
            somebody = self._somebody()
        if move.deed is Deed.WALK_IN:
            visit_id = booking.walk_in(somebody, move.services, by=self.cast[DAY_DESK])
            journey.arrive(visit_id, place=hospital.RECEPTION, by=self.cast[DAY_DESK])
        else:
            at = booking.around_now(self.luck.uniform(*APPOINTMENT_MINUTES), every=ROUND_MINUTES)
            visit_id = booking.expect(somebody, move.services, at)
        self.coming[visit_id] = move.services[0]

    def _somebody(self) -> Person:
        return person(Kind.TOWN, self.luck.randrange(TOWNSPEOPLE), settings.current().demo_seed)


def run(is_over: Callable[[], bool]) -> None:
    """Play until it is over; a database that is away ends nothing, the play goes on when it is back."""
    refuse_outside_demo()
    luck = Random()  # noqa: S311 - a play
    day: Day | None = None
    last = clock.monotonic()
    while not is_over():
        seconds = luck.uniform(*BEAT_SECONDS)
        # What has really passed: on a busy machine the beats come slower, and the play shall not.
        passed, last = clock.monotonic() - last, clock.monotonic()
        try:
            day = day or begin(luck)
            day.beat(clock.utcnow(), min(max(passed, seconds), LONGEST_BEAT_SECONDS))
        except Exception:
            log.exception("demo_day_faltered")
            transaction.release()
            seconds, day = WITHOUT_DATABASE_SECONDS, None
        end = clock.monotonic() + seconds
        while not is_over() and clock.monotonic() < end:
            clock.pause(NAP_SECONDS)


def begin(luck: Random) -> Day:
    """Open what the play needs and look around; the hospital is loaded where it is missing."""
    if len(building.open_queues()) < len(QUEUES):
        loading.load()
    elif leaflet.read().get("business_date") != clock.today().isoformat():
        loading.begin_day()  # the day turned while nobody played
    staff.open_day_staff()
    return Day(luck)


def lines() -> tuple[Line, ...]:
    """Return the queues of the play with their rooms; one statement a queue, and one."""
    heads = building.open_queues()
    return tuple(
        Line(
            id=heads[code].id,
            code=code,
            service=heads[code].service,
            rooms=tuple(
                Room(point.id, point.version, point.status == PointStatus.OPEN)
                for point in queues_queries.points(heads[code].id)
            ),
        )
        for code in DRIVERS
        if heads[code].is_open
    )
