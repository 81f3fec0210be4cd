"""Administration: accounts, devices, tags, queues, maps; and the auditor's reading room. No patient data."""

from app.web.admin import (
    alerts,
    audit,
    devices,
    emr,
    home,
    letters,
    maps,
    outbox,
    queues,
    rooms,
    services,
    shifts,
    tags,
    users,
    waits,
)
from app.web.admin.surface import blueprint

__all__ = [
    "alerts",
    "audit",
    "blueprint",
    "devices",
    "emr",
    "home",
    "letters",
    "maps",
    "outbox",
    "queues",
    "rooms",
    "services",
    "shifts",
    "tags",
    "users",
    "waits",
]
