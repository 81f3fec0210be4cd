"""Live screens: every open page shows what the database says, within two seconds, whatever breaks."""

from app.live.engine import SERVER_OPTIONS, Live, goodbye
from app.live.guard import GuardSockets

__all__ = ["SERVER_OPTIONS", "GuardSockets", "Live", "goodbye"]
