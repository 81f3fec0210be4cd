"""The pharmacy's own corner of the house's addresses, and the ways inside it that somebody may go."""

from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission, may
from app.core.words import N_
from app.door import actor

TABS = (
    ("pharmacy.waiting", N_("Hand out"), Permission.FULFIL_ORDER),
    ("pharmacy.shelves", N_("Shelves"), Permission.MANAGE_STOCK),
    ("pharmacy.to_order", N_("To order"), Permission.MANAGE_STOCK),
)
AT_THE_COUNTER = frozenset({"pharmacy.order", "pharmacy.hand_out"})

blueprint = Blueprint("pharmacy", __name__, url_prefix="/pharmacy")


@blueprint.context_processor
def _tabs() -> dict[str, Any]:
    by, here = actor(), request.endpoint or ""
    here = "pharmacy.waiting" if here in AT_THE_COUNTER else here
    return {
        "tabs": [
            {"label": _(label), "url": url_for(endpoint), "current": endpoint == here}
            for endpoint, label, right in TABS
            if may(by, right)
        ]
    }
