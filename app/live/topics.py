"""Topics: who may follow what, as which audience, and how each is rendered for it.

`queue:<id>` ward page · `board:<id>` waiting room (redacted) · `visit:<id>` one patient · `line:<queue>` the
places of waiting phones · `alerts:<post>` what staff are to do at a unit's ward, at the reception, as charge
nurses · `orders:<visit>` what was ordered for one patient · `study:<id>` what is measured on one study. Queue, board
and line move with the queue's row, a visit and a study with their own, a visit's orders with the visit's and theirs.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import g, render_template, session
from flask_babel import force_locale

from app.accounts import queries as accounts
from app.accounts import services as accounts_services
from app.accounts.roles import Facts, Permission, Role, require
from app.boards import queries as boards
from app.boards.queries import LinePlace
from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.disclosure import disclose_each
from app.core.errors import NotAllowedError, NotFoundError
from app.core.transaction import release
from app.live import messages
from app.live.source import Rendered
from app.queues import queries as queues
from app.wayfinding.rules import Profile

JSON_AUDIENCE = "json"
COVERED = "covered:"  # before the audience of a reader whose screen is locked
OF_QUEUE = frozenset({"queue", "board", "line"})
OF_A_PATIENT = frozenset({"visit", "orders", "study"})
MOST_TOPICS = 4
PROFILE = "profile"  # how somebody moves, as chosen on the phone's page; kept in its session


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's name in parts."""

    kind: str
    id: UUID

    @classmethod
    def parse(cls, name: str) -> "Topic":
        """Read `kind:uuid`. Raise NotFoundError."""
        kind, _, text = name.partition(":")
        try:
            return cls(kind, UUID(text))
        except ValueError as error:
            raise NotFoundError(kind="topic") from error

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def grant(names: Collection[str], *, by: Actor, locale: str) -> dict[str, str]:
    """Return the audience under which each topic is followed. Raise NotAllowedError or NotFoundError."""
    if not 0 < len(names) <= MOST_TOPICS:
        raise NotFoundError(kind="topic")
    return {str(topic): _audience(topic, by, locale) for topic in map(Topic.parse, names)}


def covered(granted: Mapping[str, str]) -> dict[str, str]:
    """Return the audiences of the same topics behind a locked screen; what a wall shows stays as it is."""
    return {
        topic: audience if audience.startswith("board:") else f"{COVERED}{audience}"
        for topic, audience in granted.items()
    }


def aliases(moved: str) -> tuple[str, ...]:
    """Return the topics that follow a row's move."""
    kind, _, id_ = moved.partition(":")
    return tuple(f"{one}:{id_}" for one in ("queue", "board", "line")) if kind == "queue" else (moved,)


def _audience(topic: Topic, by: Actor, locale: str) -> str:
    if topic.kind == "queue":
        require(by, Permission.SEE_QUEUE, Facts(unit=queues.head(topic.id).unit))
        return f"ward:{locale}"
    if topic.kind == "board":
        if by.role == Role.ANONYMOUS:
            raise NotAllowedError(permission=str(Permission.SEE_BOARD))
        queues.head(topic.id)
        return f"board:{locale}"
    if topic.kind in OF_A_PATIENT:
        return _patients_audience(topic, by, locale)
    if topic.kind == "alerts":
        boards.check_alert_post(topic.id, by=by)
        return f"alerts:{locale}:{by.role}"
    if topic.kind == "line" and by.visit_id is not None:
        entry = boards.my_visit(by.visit_id, by=by).entry
        if entry is not None and entry.queue_id == topic.id:
            return f"place:{locale}:{entry.id}"
    raise NotFoundError(kind="topic")


def _patients_audience(topic: Topic, by: Actor, locale: str) -> str:
    if topic.kind == "orders":
        boards.visit_orders(topic.id, by=by)
        return f"orders:{locale}:{by.role}:{','.join(sorted(map(str, by.units)))}"
    if topic.kind == "study":
        boards.seen_study(study_id=topic.id, by=by)
        return f"study:{locale}"
    boards.my_visit(topic.id, by=by)
    return f"phone:{locale}:{session.get(PROFILE, Profile.WALKING)}"


class Hospital:
    """What the hub asks: fragments from the boards, seqs from the rows, sessions from the accounts."""

    def __init__(self) -> None:
        self._lines: dict[UUID, LinePlace] = {}
        self._shown: dict[str, frozenset[UUID]] = {}

    def seqs(self, topics: Collection[str]) -> Mapping[str, int]:
        """Return the committed seq of each topic; 1 statement, 2 where orders are followed."""
        parsed = [Topic.parse(name) for name in topics]
        ordered = [one.id for one in parsed if one.kind == "orders"]
        moved = boards.order_seqs(ordered) if ordered else {}
        found = boards.seqs_of(
            [one.id for one in parsed if one.kind in OF_QUEUE],
            [one.id for one in parsed if one.kind == "visit"],
            [one.id for one in parsed if one.kind == "alerts"],
            [one.id for one in parsed if one.kind == "study"],
        )
        return {
            **{str(one): found[one.id] for one in parsed if one.kind != "orders" and one.id in found},
            **{f"orders:{visit}": seq for visit, seq in moved.items()},
        }

    def alive(self, session_keys: Collection[str]) -> Mapping[str, bool]:
        """Return the sessions that still hold, each with whether its screen is covered; 1 statement."""
        ids = [UUID(key) for key in session_keys]
        held = accounts.alive(ids, clock.utcnow(), idle=accounts_services.idle_time())
        return {str(one): is_covered for one, is_covered in held.items()}

    def render(self, topic: str, audience: str) -> Rendered:
        """Render a topic for an audience, in its language."""
        one = Topic.parse(topic)
        if audience.startswith(COVERED):
            return self._covered(one, audience.removeprefix(COVERED))
        if audience == JSON_AUDIENCE:
            seq, entries = boards.queue_snapshot(one.id)
            return Rendered(seq, frame(seq, "snapshot", {"queue_id": str(one.id), "entries": entries}))
        kind, _, rest = audience.partition(":")
        locale, _, detail = rest.partition(":")
        with force_locale(locale):
            g.locale = locale
            return self._fragment(one, kind, detail)

    def events(self, topic: str, after_seq: int) -> Sequence[tuple[int, str]] | None:
        """Return a queue's moves for JSON readers."""
        one = Topic.parse(topic)
        moves = boards.queue_moves(one.id, after_seq)
        if moves is None:
            return None
        return [
            (
                move.seq,
                frame(move.seq, move.kind, {"queue_id": str(one.id), "events": list(move.entries)}, move.at),
            )
            for move in moves
        ]

    def release(self) -> None:
        """Give the database session back, and forget what was read with it."""
        self._lines.clear()
        release()

    def _covered(self, topic: Topic, audience: str) -> Rendered:
        """Render what a locked screen may show: a ward's counts; of everything else only that it is locked."""
        kind, _, rest = audience.partition(":")
        locale, _, detail = rest.partition(":")
        if kind == "alerts":
            with force_locale(locale):
                g.locale = locale
                strip = boards.alert_strip(topic.id, role=detail)
                return Rendered(strip.seq, render_template("alerts/_covered.html", strip=strip, is_push=True))
        if kind != "ward":
            return Rendered(self.seqs([str(topic)]).get(str(topic), 0), messages.locked(str(topic)))
        with force_locale(locale):
            g.locale = locale
            ward = boards.covered_ward(topic.id)
            return Rendered(ward.seq, render_template("ward/_covered.html", ward=ward, is_push=True))

    def _fragment(self, topic: Topic, kind: str, detail: str) -> Rendered:
        if kind == "ward":
            board = boards.ward_board(topic.id, by=None)
            self._tell_audit(topic, frozenset(board.discloses))
            return Rendered(board.seq, render_template("ward/_queue.html", board=board, is_push=True))
        if kind == "board":
            wall = boards.public_board(topic.id)
            return Rendered(wall.seq, render_template("board/_board.html", board=wall, is_push=True))
        if kind == "alerts":
            strip = boards.alert_strip(topic.id, role=detail)
            return Rendered(strip.seq, render_template("alerts/_strip.html", strip=strip, is_push=True))
        if kind == "place":
            line = self._line(topic.id)
            told = line.of(UUID(detail))
            return Rendered(
                line.seq, render_template("phone/_line.html", line=line, forecast=told, is_push=True)
            )
        return self._of_patient(topic, kind, detail)

    def _of_patient(self, topic: Topic, kind: str, detail: str) -> Rendered:
        if kind == "study":
            measured = boards.measured_study(topic.id, by=None)
            return Rendered(
                measured.seq, render_template("imaging/_state.html", measured=measured, is_push=True)
            )
        if kind == "orders":
            role, _, units = detail.partition(":")
            reader = Actor(
                kind="staff", role=role, units=frozenset(map(UUID, filter(None, units.split(","))))
            )
            orders = boards.visit_orders(topic.id, by=reader, is_granted=True)
            page = render_template("orders/_list.html", board=orders, is_push=True)
            return Rendered(orders.seq, page)
        visit = boards.my_visit(topic.id, by=None)
        guidance = boards.guidance(visit, Profile(detail))
        return Rendered(
            visit.seq, render_template("phone/_visit.html", visit=visit, guidance=guidance, is_push=True)
        )

    def _tell_audit(self, topic: Topic, patients: frozenset[UUID]) -> None:
        """Write each patient who is first shown on a topic; who followed it then, its grants say."""
        new = patients - self._shown.get(str(topic), frozenset())
        if new:
            disclose_each("live:topic:show", patients=new, by=SYSTEM, object_=str(topic))
        self._shown[str(topic)] = patients

    def _line(self, queue_id: UUID) -> LinePlace:
        """Return a queue's order and forecasts, read once per round for all its phones."""
        if queue_id not in self._lines:
            self._lines[queue_id] = boards.line_order(queue_id)
        return self._lines[queue_id]


def frame(seq: int, kind: str, data: dict[str, Any], at: datetime | None = None) -> str:
    """Return a JSON socket's frame."""
    return json.dumps(
        {"seq": seq, "type": kind, "data": data, "timestamp": (at or clock.utcnow()).isoformat()},
        ensure_ascii=False,
        separators=(",", ":"),
    )
