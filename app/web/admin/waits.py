"""Waiting times: how good the forecasts of each queue have been."""

from flask import render_template

from app.accounts.roles import Permission
from app.door import requires
from app.waits import queries
from app.web.admin.surface import blueprint


@blueprint.get("/waits")
@requires(Permission.MANAGE_QUEUES)
def waits() -> str:
    """Show errors and coverage of the last fortnight, and which queues nobody has planned."""
    return render_template(
        "admin/waits.html",
        rows=queries.report(),
        unplanned=queries.unplanned(),
        days=queries.REPORT_DAYS,
    )
