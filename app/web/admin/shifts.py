"""The plan of staff of a queue: its week, and the dates that differ."""

from datetime import date
from uuid import UUID

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.core.errors import InvalidError
from app.door import actor, back_to, field, requires, version_field
from app.waits import queries
from app.waits import services as waits
from app.waits.plans import over_the_day
from app.waits.queries import Plan
from app.web.admin.shift_forms import WEEKDAY_WORDS, DateForm, WeekForm
from app.web.admin.surface import blueprint
from app.web.forms import say


@blueprint.get("/queues/<uuid:queue_id>/shifts")
@requires(Permission.MANAGE_QUEUES)
def shifts(queue_id: UUID) -> str:
    """Show who is planned to be at work, day by day."""
    plan = queries.plan(queue_id)
    return _page(plan, WeekForm(plan.week), DateForm())


@blueprint.post("/queues/<uuid:queue_id>/shifts")
@requires(Permission.MANAGE_QUEUES)
def set_week(queue_id: UUID) -> Response:
    """Change the week; who was overtaken by a colleague keeps the own rows and sees the present ones beside."""
    plan = queries.plan(queue_id)
    form = WeekForm(plan.week)
    if not form.submit(lambda: waits.set_week(queue_id, form.shifts(), version=version_field(), by=actor())):
        return make_response(_page(queries.plan(queue_id), form, DateForm()), form.status)
    say(_("Saved. Waiting times follow the new plan from now on."))
    return back_to("admin.shifts", queue_id=queue_id)


@blueprint.post("/queues/<uuid:queue_id>/shifts/dates")
@requires(Permission.MANAGE_QUEUES)
def set_date(queue_id: UUID) -> Response:
    """Let one date differ from its weekday."""
    form = DateForm()
    if not form.submit(
        lambda: waits.set_date(
            queue_id, form.day, form.shifts_of_date(), version=version_field(), by=actor()
        ),
        at="on_date",
    ):
        plan = queries.plan(queue_id)
        return make_response(_page(plan, WeekForm(plan.week), form), form.status)
    say(_("The date is planned."))
    return back_to("admin.shifts", queue_id=queue_id)


@blueprint.post("/queues/<uuid:queue_id>/shifts/dates/remove")
@requires(Permission.MANAGE_QUEUES)
def remove_date(queue_id: UUID) -> Response:
    """Let a date be as its weekday again."""
    try:
        day = date.fromisoformat(field("on_date"))
    except ValueError as error:
        raise InvalidError(field="on_date", why="missing") from error
    waits.set_date(queue_id, day, (), version=version_field(), by=actor())
    say(_("The date is as its weekday again."))
    return back_to("admin.shifts", queue_id=queue_id)


def _page(plan: Plan, week: WeekForm, day: DateForm) -> str:
    drawn = [over_the_day(plan.week[weekday - 1], plan.week[weekday]) for weekday in range(len(plan.week))]
    return render_template(
        "admin/shifts.html",
        plan=plan,
        week=week,
        day=day,
        weekdays=WEEKDAY_WORDS,
        drawn=drawn,
        most=max((one.staff for steps in drawn for one in steps), default=1),
    )
