"""Alerts over the API: what somebody of the own unit is to do now, and the four answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from flask import Blueprint, Response
from flask_babel import gettext as _
from pydantic import Field, WithJsonSchema

from app.accounts.roles import Permission
from app.alerts import services as alerts
from app.alerts.rules import Kind, Post, State
from app.alerts.services import Answered
from app.boards import queries as boards
from app.boards.queries import AlertRow, AlertStrip
from app.door import actor, requires
from app.door.language import named
from app.web.api.asked.base import Seen
from app.web.api.bodies import read, tell
from app.web.api.openapi import described
from app.web.api.shapes.base import Told

# Inline: the document has one shape called State, which is a visit's.
AlertState = Annotated[State, WithJsonSchema({"type": "string", "enum": [str(one) for one in State]})]


class AlertAnswer(Seen):
    """An answer: the version that the caller saw; `reason` to dismiss, `minutes` (5, 10 or 15) to snooze."""

    reason: Annotated[str, Field(max_length=120)] | None = None
    minutes: Annotated[int, Field(ge=1, le=15)] | None = None


class AlertShape(Told):
    """One open alert; numbers and places, no patient's name."""

    id: UUID
    version: int
    kind: Kind
    priority: int
    post: Post
    state: AlertState
    says: str
    action: str
    number: int | None
    visit_id: UUID | None
    queue_id: UUID | None
    queue: str | None
    device: str | None
    occurrences: int
    raised_at: datetime
    taken_by: str | None
    snoozed_until: datetime | None
    is_escalated: bool


class AlertsShape(Told):
    """The open alerts of the caller's posts, the most urgent first."""

    alerts: list[AlertShape]


class AnsweredShape(Told):
    """What an answer left: the version that the next one compares."""

    id: UUID
    version: int


def register(blueprint: Blueprint) -> None:
    """Add the routes of alerts."""
    blueprint.add_url_rule("/alerts", view_func=own_alerts, methods=["GET"])
    for verb, view in (
        ("take", take_alert),
        ("done", finish_alert),
        ("dismiss", dismiss_alert),
        ("snooze", snooze_alert),
    ):
        blueprint.add_url_rule(f"/alerts/<uuid:alert_id>/{verb}", view_func=view, methods=["POST"])


@requires(Permission.SEE_ALERTS)
@described("alerts", told=AlertsShape)
def own_alerts() -> Response:
    """Show what is to be done now in the caller's units, or at the reception."""
    strips = boards.own_alert_strips(by=actor())
    return tell(AlertsShape(alerts=[_shape(strip, row) for strip in strips for row in strip.alerts]))


@requires(Permission.ANSWER_ALERTS)
@described("alerts", body=AlertAnswer, told=AnsweredShape, refusals=(409, 428))
def take_alert(alert_id: UUID) -> Response:
    """Say "I am going"; of two callers one gets it, and the other is told who has it."""
    return _told(alerts.take(alert_id, version=read(AlertAnswer).version, by=actor()))


@requires(Permission.ANSWER_ALERTS)
@described("alerts", body=AlertAnswer, told=AnsweredShape, refusals=(409, 428))
def finish_alert(alert_id: UUID) -> Response:
    """Note that it was acted on."""
    return _told(alerts.finish(alert_id, version=read(AlertAnswer).version, by=actor()))


@requires(Permission.ANSWER_ALERTS)
@described("alerts", body=AlertAnswer, told=AnsweredShape, refusals=(409, 428))
def dismiss_alert(alert_id: UUID) -> Response:
    """End an alert that needs no action, with the reason."""
    body = read(AlertAnswer)
    return _told(alerts.dismiss(alert_id, version=body.version, reason=body.reason, by=actor()))


@requires(Permission.ANSWER_ALERTS)
@described("alerts", body=AlertAnswer, told=AnsweredShape, refusals=(409, 428))
def snooze_alert(alert_id: UUID) -> Response:
    """Put an alert off, for 15 minutes in all at most."""
    body = read(AlertAnswer)
    return _told(alerts.snooze(alert_id, version=body.version, minutes=body.minutes, by=actor()))


def _told(answered: Answered) -> Response:
    return tell(AnsweredShape(id=answered.alert_id, version=answered.version))


def _shape(strip: AlertStrip, row: AlertRow) -> AlertShape:
    return AlertShape(
        id=row.id,
        version=row.version,
        kind=row.kind,
        priority=row.priority,
        post=strip.post,
        state=row.state,
        says=_(row.says),
        action=_(row.action),
        number=row.number,
        visit_id=row.visit_id,
        queue_id=row.queue_id,
        queue=named(row, "queue") if row.queue_id else None,
        device=row.device,
        occurrences=row.occurrences,
        raised_at=row.raised_at,
        taken_by=row.taken_by,
        snoozed_until=row.snoozed_until,
        is_escalated=row.is_escalated,
    )
