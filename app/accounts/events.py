"""What happened in accounts, told after the commit."""

from dataclasses import dataclass
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Event):
    """These sessions are over: sockets close at once, the next request is answered with 401."""

    session_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreensCovered(Event):
    """These sessions' screens were covered: their sockets stop naming anybody."""

    session_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreensOpened(Event):
    """These sessions' screens are open again: their sockets send what they lack."""

    session_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentificationPaused(Event):
    """So many people failed to identify themselves that only staff may do it for a while."""

    seconds: int
