"""All nouns of `flask <noun> <verb>` but the demo's own."""

from app.cli import (
    alerts,
    audit,
    devices,
    fhir,
    imaging,
    models,
    notices,
    outbox,
    queues,
    tags,
    users,
    vendor,
    waits,
)
from app.cli import map as map_noun

GROUPS = (
    users.users,
    devices.devices,
    tags.tags,
    map_noun.group,
    queues.group,
    audit.group,
    fhir.group,
    imaging.group,
    models.group,
    outbox.group,
    notices.group,
    waits.group,
    alerts.group,
    vendor.vendor,
)
