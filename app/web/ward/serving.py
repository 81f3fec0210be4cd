"""The ward's verbs from the room's door on: started, interrupted, completed, ended early, taken back."""

from uuid import UUID

from flask import Blueprint, Response
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.door import actor, field, requires, uuid_field, version_field, words_field
from app.journey import services as journey
from app.web.ward import my_room
from app.web.ward.answers import answered
from app.web.ward.fields import reason_field, until_field
from app.web.ward.refusals import again
from app.web.ward.sheets import patient_sheet


def register(blueprint: Blueprint) -> None:
    """Add the commands; each is a POST. Those that end a visit carry its id and version beside the entry's."""
    queue, entry = "/ward/<uuid:queue_id>", "/ward/<uuid:queue_id>/entries/<uuid:entry_id>"
    for name, view in (
        ("start", start),
        ("start-direct", start_direct),
        ("pause", pause),
        ("complete", complete),
        ("add-step", add_step),
        ("waive", waive),
        ("leave", leave),
        ("cancel", cancel),
        ("transfer-out", transfer_out),
        ("void", void),
    ):
        blueprint.post(f"{entry}/{name}")(view)
    blueprint.post(f"{queue}/visits/<uuid:visit_id>/undo")(undo)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def start(queue_id: UUID, entry_id: UUID) -> Response:
    """Begin, once name and year of birth were checked with the patient."""
    started = journey.start(entry_id, version=version_field(), confirm=words_field(), by=actor())
    return answered(queue_id, _("Started."), undoable=started)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def start_direct(queue_id: UUID, entry_id: UUID) -> Response:
    """Begin with a patient who was not called, and say why."""
    started = journey.start_direct(
        entry_id,
        my_room.of_call(queue_id),
        version=version_field(),
        reason=reason_field(),
        confirm=words_field(),
        by=actor(),
    )
    return answered(queue_id, _("Started."), undoable=started)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def pause(queue_id: UUID, entry_id: UUID) -> Response:
    """Let the patient wait outside while the examination goes on."""
    paused = journey.pause(
        entry_id, version=version_field(), reason=reason_field(), until=until_field(), by=actor()
    )
    return answered(queue_id, _("Interrupted; the patient waits outside."), undoable=paused)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def complete(queue_id: UUID, entry_id: UUID) -> Response:
    """End the examination; the patient goes on to the next step."""
    completed = journey.complete(
        entry_id,
        version=version_field(),
        next_queue_id=uuid_field("next_queue_id") if field("next_queue_id") else None,
        confirm=words_field(),
        by=actor(),
    )
    return answered(queue_id, _("Completed."), undoable=completed)


@requires(Permission.ADD_STEP)
@again(patient_sheet)
def add_step(queue_id: UUID, entry_id: UUID) -> Response:  # noqa: ARG001 - the sheet of a refusal is the entry's
    """Add an examination to the patient's day."""
    added = journey.add_step(
        uuid_field("visit_id"),
        service=field("service"),
        version=version_field("visit_version"),
        is_mandatory=bool(field("mandatory")),
        by=actor(),
    )
    return answered(queue_id, _("The examination was added."), undoable=added)


@requires(Permission.ADD_STEP)
@again(patient_sheet)
def waive(queue_id: UUID, entry_id: UUID) -> Response:  # noqa: ARG001 - see add_step
    """Drop the examination for which the patient waits."""
    dropped = journey.waive(
        uuid_field("visit_id"), version=version_field("visit_version"), reason=reason_field(), by=actor()
    )
    return answered(queue_id, _("This examination was dropped."), undoable=dropped)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def leave(queue_id: UUID, entry_id: UUID) -> Response:  # noqa: ARG001 - see add_step
    """Note that the patient has gone."""
    left = journey.leave(
        uuid_field("visit_id"), version=version_field("visit_version"), reason=reason_field(), by=actor()
    )
    return answered(queue_id, _("Noted as left."), undoable=left)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def cancel(queue_id: UUID, entry_id: UUID) -> Response:  # noqa: ARG001 - see add_step
    """Call the visit off, and say why."""
    ended = journey.cancel(
        uuid_field("visit_id"), version=version_field("visit_version"), reason=reason_field(), by=actor()
    )
    return answered(queue_id, _("The visit was cancelled."), undoable=ended)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def transfer_out(queue_id: UUID, entry_id: UUID) -> Response:  # noqa: ARG001 - see add_step
    """Hand the patient over to the emergency room or a ward."""
    ended = journey.transfer_out(
        uuid_field("visit_id"), version=version_field("visit_version"), reason=reason_field(), by=actor()
    )
    return answered(queue_id, _("Handed over; all calls have stopped."), undoable=ended)


@requires(Permission.VOID_VISIT)
@again(patient_sheet)
def void(queue_id: UUID, entry_id: UUID) -> Response:  # noqa: ARG001 - see add_step
    """Mark the visit as entered in error."""
    ended = journey.void(
        uuid_field("visit_id"), version=version_field("visit_version"), reason=reason_field(), by=actor()
    )
    return answered(queue_id, _("Marked as entered in error."), undoable=ended)


@requires(Permission.UNDO)
def undo(queue_id: UUID, visit_id: UUID) -> Response:
    """Take the visit's last command back."""
    journey.undo(visit_id, version=version_field(), by=actor())
    return answered(queue_id, _("Taken back."))
