"""Alerts of a month: which kinds were acted on, and which are noise. No names."""

from flask import render_template, request

from app.accounts.roles import Permission, may
from app.alerts import queries, rules
from app.door import actor, requires
from app.web.admin.surface import blueprint


@blueprint.get("/alerts")
@requires(Permission.SEE_STATISTICS)
def alerts() -> str:
    """Show what came of a month's alerts, by kind and unit."""
    month = request.args.get("month") or None
    return render_template(
        "admin/alerts.html",
        rows=queries.report(month),
        says={kind: way.says for kind, way in rules.WAYS.items()},
        month=queries.month_bounds(month)[0].strftime("%Y-%m"),
        least=rules.LEAST_ACTED_SHARE,
        is_admin=may(actor(), Permission.MANAGE_USERS),
    )
