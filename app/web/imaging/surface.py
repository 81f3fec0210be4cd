"""The intake's own corner of the house's addresses, and the ways inside it."""

from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from app.core.words import N_

TABS = (
    ("imaging.upload", N_("Send images")),
    ("imaging.quarantine", N_("In quarantine")),
    ("imaging.unmatched", N_("Without a patient")),
)

blueprint = Blueprint("imaging", __name__, url_prefix="/imaging")


@blueprint.context_processor
def _tabs() -> dict[str, Any]:
    here = request.endpoint or ""
    here = "imaging.upload" if here == "imaging.send" else here
    return {
        "tabs": [
            {"label": _(label), "url": url_for(endpoint), "current": here.startswith(endpoint)}
            for endpoint, label in TABS
        ]
    }
