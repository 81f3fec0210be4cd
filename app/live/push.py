"""Push: after a commit, tell this process's sockets and, through Redis, everybody else's."""

from typing import cast

from flask import current_app

from app.core.events import Event, Moved
from app.core.redis import MOVES, publish
from app.live.engine import Live
from app.live.messages import SESSION, Notice
from app.live.topics import aliases

EXTENSION = "annae-live"


def moved(event: Event) -> None:
    """Repaint whoever follows the row that moved."""
    if not isinstance(event, Moved):
        return
    for topic in aliases(event.topic):
        notice = Notice(topic, event.seq, event.kind, tuple(map(str, event.ids)))
        _live().notify(topic, event.seq)
        publish(MOVES, notice.wire())


def sessions_changed(_event: Event) -> None:
    """Close the sockets of ended sessions and cover those of locked screens, here and in all processes."""
    _live().check_sessions()
    publish(MOVES, Notice(SESSION, 0).wire())


def _live() -> Live:
    return cast("Live", current_app.extensions[EXTENSION])
