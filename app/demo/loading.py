"""The demo hospital made ready: built where it is missing, today's people expected, all written down."""

from typing import Any

from app import settings
from app.core import clock, transaction
from app.demo import building, leaflet, reserved, staff, supplies
from app.demo.catalogue import DEMO_QUEUES, DEMO_UNIT, RESERVED_STAFF
from app.demo.guard import refuse_outside_demo

ADMIN = "demo-admin"


def load() -> dict[str, Any]:
    """Make the demo ready and write `demo.json`; what is there stays, so it may run at every start."""
    refuse_outside_demo()
    kept = {one["username"]: one["password"] for one in leaflet.read().get("staff", [])}
    passwords = staff.open_reserved(kept)
    building.build(by=staff.cast()[ADMIN])
    supplies.build()
    reserved.top_up()
    return _write(passwords, building.listed_devices())


def begin_day() -> dict[str, Any]:
    """Expect the reserved people of a new business day; devices keep their pairing."""
    refuse_outside_demo()
    last = leaflet.read()
    passwords = {one["username"]: one["password"] for one in last.get("staff", [])}
    reserved.top_up()
    return _write(passwords, last.get("devices", []))


def _write(passwords: dict[str, str], devices: list[dict[str, str]]) -> dict[str, Any]:
    now = settings.current()
    queues = {code: str(head.id) for code, head in building.open_queues().items()}
    content = {
        "base_url": now.public_url,
        "generated_at": clock.local(clock.utcnow()).isoformat(timespec="seconds"),
        "business_date": clock.today().isoformat(),
        "tags": building.listed_tags(),
        "patients": [
            {
                "name": one.name,
                "phone_last4": one.phone_last4,
                "birth_date": one.birth_date.isoformat(),
                "appointment_at": clock.local(one.appointment_at).isoformat(timespec="minutes"),
                # Where the patient waits first; the services' codes are the queues'.
                "queue": queues[one.services[0]],
                "visit_id": str(one.visit_id),
            }
            for one in reserved.expected()[: now.demo_reserved]
        ],
        "staff": [
            {
                "username": plan.username,
                "password": passwords[plan.username],
                "role": str(plan.role),
                "queues": [queues[code] for code in DEMO_QUEUES] if DEMO_UNIT in plan.units else [],
            }
            for plan in RESERVED_STAFF
            if plan.username in passwords
        ],
        "queues": building.listed_queues(),
        "devices": devices,
    }
    transaction.release()
    leaflet.write(content)
    return content
