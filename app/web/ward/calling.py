"""The ward's verbs for who waits and is called: called, called again, missed, aside, before others, moved."""

from uuid import UUID

from flask import Blueprint, Response
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.door import actor, field, requires, uuid_field, version_field, words_field
from app.journey import services as journey
from app.web.ward import my_room
from app.web.ward.answers import answered
from app.web.ward.fields import number_field, reason_field, until_field
from app.web.ward.refusals import again
from app.web.ward.sheets import patient_sheet


def register(blueprint: Blueprint) -> None:
    """Add the commands; each is a POST."""
    queue, entry = "/ward/<uuid:queue_id>", "/ward/<uuid:queue_id>/entries/<uuid:entry_id>"
    blueprint.post(f"{queue}/call-next")(call_next)
    for name, view in (
        ("call", call),
        ("recall", recall),
        ("miss", miss),
        ("uncall", uncall),
        ("hold", hold),
        ("resume", resume),
        ("re-enter", re_enter),
        ("priority", prioritise),
        ("skip-once", skip_once),
        ("transfer", transfer),
    ):
        blueprint.post(f"{entry}/{name}")(view)


@requires(Permission.DRIVE_QUEUE)
def call_next(queue_id: UUID) -> Response:
    """Call the first in line into a room."""
    called = journey.call_next(queue_id, uuid_field("service_point_id"), by=actor())
    return answered(queue_id, _("Called."), undoable=called)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def call(queue_id: UUID, entry_id: UUID) -> Response:
    """Call this patient into my room; who overtakes others says why."""
    called = journey.call_patient(
        entry_id,
        my_room.of_call(queue_id),
        version=version_field(),
        confirm=words_field(),
        reason=reason_field(),
        by=actor(),
    )
    return answered(queue_id, _("Called."), undoable=called)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def recall(queue_id: UUID, entry_id: UUID) -> Response:
    """Call the same patient once more."""
    called = journey.recall(entry_id, version=version_field(), by=actor())
    return answered(queue_id, _("Called again."), undoable=called)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def miss(queue_id: UUID, entry_id: UUID) -> Response:
    """Note that a called patient did not come."""
    missed = journey.miss(entry_id, version=version_field(), by=actor())
    return answered(queue_id, _("Noted as not present."), undoable=missed)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def uncall(queue_id: UUID, entry_id: UUID) -> Response:
    """Take a call back that was a mistake; the patient waits at the old place."""
    back = journey.uncall(entry_id, version=version_field(), by=actor())
    return answered(queue_id, _("The call was withdrawn."), undoable=back)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def hold(queue_id: UUID, entry_id: UUID) -> Response:
    """Put a waiting patient aside, and say why."""
    held = journey.hold(
        entry_id, version=version_field(), reason=reason_field(), until=until_field(), by=actor()
    )
    return answered(queue_id, _("On hold; the place is kept."), undoable=held)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def resume(queue_id: UUID, entry_id: UUID) -> Response:
    """Let a patient who was put aside wait again."""
    back = journey.resume(entry_id, version=version_field(), by=actor())
    return answered(queue_id, _("Waiting again."), undoable=back)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def re_enter(queue_id: UUID, entry_id: UUID) -> Response:
    """Let a patient who missed the calls wait again."""
    back = journey.re_enter(entry_id, version=version_field(), by=actor())
    return answered(queue_id, _("Waiting again."), undoable=back)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def prioritise(queue_id: UUID, entry_id: UUID) -> Response:
    """Give a waiting patient another class, and say why."""
    moved = journey.prioritise(
        entry_id,
        priority=number_field("priority"),
        version=version_field(),
        reason=reason_field(),
        by=actor(),
    )
    return answered(queue_id, _("The priority was changed."), undoable=moved)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def skip_once(queue_id: UUID, entry_id: UUID) -> Response:
    """Let the next patient go first, once, and say why."""
    moved = journey.skip_once(entry_id, version=version_field(), reason=reason_field(), by=actor())
    return answered(queue_id, _("The next patient goes first."), undoable=moved)


@requires(Permission.DRIVE_QUEUE)
@again(patient_sheet)
def transfer(queue_id: UUID, entry_id: UUID) -> Response:
    """Send a patient to another queue, or to wait for one room."""
    sent = journey.transfer(
        entry_id,
        version=version_field(),
        queue_id=uuid_field("queue_id") if field("queue_id") else None,
        service_point_id=uuid_field("service_point_id") if field("service_point_id") else None,
        reason=reason_field(),
        by=actor(),
    )
    return answered(queue_id, _("Moved; number and place are kept."), undoable=sent)
