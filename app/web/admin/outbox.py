"""The outbox: what waits to leave the house, and whether the ways out are open."""

from flask import render_template

from app.accounts.roles import Permission
from app.core import relay
from app.door import requires
from app.web.admin.charts import paired
from app.web.admin.surface import blueprint


@blueprint.get("/outbox")
@requires(Permission.MANAGE_OUTBOX)
def outbox() -> str:
    """Show how each consumer stands, and the last day."""
    return render_template("admin/outbox.html", consumers=relay.status(is_exact=False), chart=_chart())


@blueprint.get("/outbox/now")
@requires(Permission.MANAGE_OUTBOX)
def outbox_now() -> str:
    """Give the page its table and chart anew."""
    return render_template("admin/_outbox.html", consumers=relay.status(is_exact=False), chart=_chart())


def _chart() -> object:
    return paired([(one.at, one.promised, one.kept) for one in relay.throughput()])
