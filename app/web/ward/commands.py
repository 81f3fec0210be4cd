"""The ward's verbs for patients: called, called again, started, completed, taken back."""

from uuid import UUID

from flask import Blueprint, Response
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.door import actor, field, requires, uuid_field, version_field, words_field
from app.journey import services as journey
from app.web.ward import my_room
from app.web.ward.answers import answered

LONGEST_REASON = 120


def register(blueprint: Blueprint) -> None:
    """Add the commands; each is a POST."""
    queue, entry = "/ward/<uuid:queue_id>", "/ward/<uuid:queue_id>/entries/<uuid:entry_id>"
    blueprint.post(f"{queue}/call-next")(call_next)
    blueprint.post(f"{entry}/call")(call)
    blueprint.post(f"{entry}/recall")(recall)
    blueprint.post(f"{entry}/start")(start)
    blueprint.post(f"{entry}/complete")(complete)
    blueprint.post(f"{queue}/visits/<uuid:visit_id>/undo")(undo)


@requires(Permission.DRIVE_QUEUE)
def call_next(queue_id: UUID) -> Response:
    """Call the first in line into a room."""
    called = journey.call_next(queue_id, uuid_field("service_point_id"), by=actor())
    return answered(queue_id, _("Called."), undoable=called)


@requires(Permission.DRIVE_QUEUE)
def call(queue_id: UUID, entry_id: UUID) -> Response:
    """Call this patient into my room; who overtakes others says why."""
    called = journey.call_patient(
        entry_id,
        my_room.of_call(queue_id),
        version=version_field(),
        confirm=words_field(),
        reason=field("reason", longest=LONGEST_REASON) or None,
        by=actor(),
    )
    return answered(queue_id, _("Called."), undoable=called)


@requires(Permission.DRIVE_QUEUE)
def recall(queue_id: UUID, entry_id: UUID) -> Response:
    """Call the same patient once more."""
    called = journey.recall(entry_id, version=version_field(), by=actor())
    return answered(queue_id, _("Called again."), undoable=called)


@requires(Permission.DRIVE_QUEUE)
def start(queue_id: UUID, entry_id: UUID) -> Response:
    """Begin, once name and year of birth were checked with the patient."""
    started = journey.start(entry_id, version=version_field(), confirm=words_field(), by=actor())
    return answered(queue_id, _("Started."), undoable=started)


@requires(Permission.DRIVE_QUEUE)
def complete(queue_id: UUID, entry_id: UUID) -> Response:
    """End the examination; the patient goes on to the next step."""
    completed = journey.complete(entry_id, version=version_field(), confirm=words_field(), by=actor())
    return answered(queue_id, _("Completed."), undoable=completed)


@requires(Permission.UNDO)
def undo(queue_id: UUID, visit_id: UUID) -> Response:
    """Take the visit's last command back."""
    journey.undo(visit_id, version=version_field(), by=actor())
    return answered(queue_id, _("Taken back."))
