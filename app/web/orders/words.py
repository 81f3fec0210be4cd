"""What the codes of an order are called, where no template says it."""

from typing import Any

from flask_babel import lazy_gettext as _l

PRIORITIES: dict[str, Any] = {
    "routine": _l("Routine"),
    "urgent": _l("Urgently"),
    "asap": _l("As soon as possible"),
    "stat": _l("Immediately (stat)"),
}
LINES: dict[str, Any] = {
    "active": _l("To be done"),
    "completed": _l("Done"),
    "revoked": _l("Taken back"),
}
