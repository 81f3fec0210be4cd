"""What follows a command: the repainted queue, one sentence, and where it can be taken back, an undo."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from flask import Response, flash, get_flashed_messages, request

from app.boards import queries as boards
from app.door import actor, back_to, refresh
from app.journey.services import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the page says after a command, and what an undo would name."""

    text: str
    entry_id: UUID | None = None
    visit_id: UUID | None = None
    version: int | None = None


def answered(queue_id: UUID, text: str, *, undoable: Outcome | None = None) -> Response:
    """Repaint the queue for htmx; without script go back to the page, which then says the same."""
    said = Said(text=text) if undoable is None else _undoable(text, undoable)
    if not request.headers.get("HX-Request"):
        # The session keeps it as tagged JSON, ids and all; it need not be a text.
        flash(asdict(said))  # type: ignore[arg-type]
        return back_to("ward.page", queue_id=queue_id)
    board = boards.ward_board(queue_id, by=actor())
    return refresh("ward/_answer.html", endpoint="ward.page", endpoint_values={}, board=board, said=said)


def kept() -> Said | None:
    """Return what the command before this page had to say."""
    # What another surface said (an alert's answer) carries a kind, and the frame of the page shows it.
    messages: list[Any] = [one for one in get_flashed_messages() if "kind" not in one]
    return Said(**messages[-1]) if messages else None


def _undoable(text: str, outcome: Outcome) -> Said:
    return Said(
        text=text, entry_id=outcome.entry_id, visit_id=outcome.visit_id, version=outcome.visit_version
    )
