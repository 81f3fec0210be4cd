"""Push: after a commit, tell this process's sockets and, through Redis, everybody else's."""

from typing import cast

from flask import current_app

from app.boards import queries as boards
from app.core.events import Event, Moved
from app.core.redis import MOVES, publish
from app.live.engine import Live
from app.live.messages import SESSION, Notice
from app.live.topics import aliases
from app.orders.events import OrderMoved, OrderPlaced

EXTENSION = "annae-live"


def moved(event: Event) -> None:
    """Repaint whoever follows the row that moved."""
    if not isinstance(event, Moved):
        return
    for topic in aliases(event.topic):
        notice = Notice(topic, event.seq, event.kind, tuple(map(str, event.ids)))
        _live().notify(topic, event.seq)
        publish(MOVES, notice.wire())


def orders_moved(event: Event) -> None:
    """Repaint whoever follows the orders of the visit whose order was placed or has moved; 2 statements."""
    if not isinstance(event, OrderPlaced | OrderMoved):
        return
    moved = boards.visit_of_order(event.order_id)
    if moved is None:
        return
    visit_id, seq = moved
    _live().notify(f"orders:{visit_id}", seq)
    publish(MOVES, Notice(f"orders:{visit_id}", seq).wire())


def sessions_changed(_event: Event) -> None:
    """Close the sockets of ended sessions and cover those of locked screens, here and in all processes."""
    _live().check_sessions()
    publish(MOVES, Notice(SESSION, 0).wire())


def _live() -> Live:
    return cast("Live", current_app.extensions[EXTENSION])
