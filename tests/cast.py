"""Who plays: every permission test is a truth table over these people."""

from dataclasses import dataclass
from uuid import UUID

from app.core.actor import Actor

PASSWORD = "a quiet ward at night"


@dataclass(frozen=True, slots=True)
class Cast:
    """Anne nurses this ward, Ben another one, Chris administers, Dana stands at the kiosk, Eve is nobody."""

    anne: Actor  # nurse of this ward
    ben: Actor  # nurse of another ward
    chris: Actor  # administrator
    dana: Actor  # a patient at the kiosk (kiosk device; `.for_visit()` puts a visit in front)
    eve: Actor  # nobody
    flora: Actor  # charge nurse of this ward
    grace: Actor  # doctor of this ward
    henry: Actor  # reception desk
    iris: Actor  # cashier
    jonas: Actor  # auditor
    kate: Actor  # pharmacist

    def staff(self) -> dict[str, Actor]:
        """Return the members of staff by their user names."""
        return {name: getattr(self, name) for name in STAFF}

    def patient(self, visit_id: UUID) -> Actor:
        """Return the patient of a visit, on a phone."""
        return Actor(kind="patient", role="patient", id=visit_id, visit_id=visit_id)


STAFF = {
    "anne": ("nurse", "ward"),
    "ben": ("nurse", "other"),
    "chris": ("admin", None),
    "flora": ("charge_nurse", "ward"),
    "grace": ("doctor", "ward"),
    "henry": ("desk", None),
    "iris": ("cashier", None),
    "jonas": ("auditor", None),
    "kate": ("pharmacy", None),
}
