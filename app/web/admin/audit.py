"""Audit: the auditor's reading room. Reading is written down, too."""

from typing import Any

from flask import render_template, request

from app.accounts import queries as accounts
from app.accounts.roles import Permission
from app.core import sealing
from app.core.disclosure import disclose
from app.door import actor, requires
from app.web.admin.forms import TrailForm
from app.web.admin.surface import blueprint
from app.web.admin.words import DEEDS
from app.web.forms import page_number


@blueprint.get("/audit")
@requires(Permission.SEE_AUDIT)
def audit() -> str:
    """List who did or saw what."""
    return _page(chain=None)


@blueprint.post("/audit/verify")
@requires(Permission.SEE_AUDIT)
def verify_chain() -> str:
    """Walk the sealed chain and say whether it is whole; read-only, asked for by hand because it reads all rows."""
    disclose("audit:chain:verify", patients=(), by=actor())
    return _page(chain=sealing.verify())


def _page(*, chain: sealing.Verified | None) -> str:
    form = TrailForm()
    form.process(request.args)
    form.validate()
    asked: dict[str, Any] = {
        name: value for name, value in form.data.items() if value and not form[name].errors
    }
    trail = accounts.audit_trail(
        since=asked.get("since"),
        until=asked.get("until"),
        who=asked.get("who", "").strip().lower(),
        action=asked.get("action", "").strip(),
        number=page_number(),
        by=actor(),
    )
    disclose("audit:log:read", patients=(), by=actor(), object_=f"page:{trail.number}")
    return render_template(
        "admin/audit.html", form=form, trail=trail, chain=chain, deeds=DEEDS, query=_query(asked)
    )


def _query(asked: dict[str, Any]) -> dict[str, str]:
    """Return the filters for the addresses of the neighbouring pages."""
    return {name: str(value) for name, value in asked.items()}
