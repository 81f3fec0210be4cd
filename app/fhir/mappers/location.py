"""A room or desk as FHIR Location: whether it is in use, never who is inside."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.fhir.mappers.naming import TERMINOLOGY, Json, Naming, coding, concept, head, present, words
from app.queues.states import PointStatus

ROOM: Final = "ro"
BED_STATUS, CLOSED = f"{TERMINOLOGY}v2-0116", "C"
# A pause is a matter of minutes and of the line; a room that is closed will open again, so it is not `inactive`,
# which means "no longer used": a scheduler would give up its bookings every evening.
STATUS: Final = {
    PointStatus.OPEN: "active",
    PointStatus.PAUSED: "active",
    PointStatus.CLOSED: "suspended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PointFacts:
    """A room or desk; `place` is the code that signs and tags know it by, which rooms may share."""

    id: UUID
    seq: int
    name: str
    name_en: str
    place: str
    status: str


def location(facts: PointFacts, naming: Naming) -> Json:
    """Map a room. Whether somebody is inside stays here: the EMR would hear of every patient twice more."""
    status = PointStatus(facts.status)
    name, other_name = words(facts.name), words(facts.name_en)
    return {
        **head("Location", facts.id, facts.seq),
        "identifier": naming.identifiers(("location", facts.id), ("place", facts.place)),
        "status": STATUS[status],
        **present(
            {
                "operationalStatus": coding(BED_STATUS, CLOSED) if status is PointStatus.CLOSED else None,
                "name": name,
                "alias": [other_name] if other_name not in {"", name} else None,
            }
        ),
        "mode": "instance",
        "physicalType": concept(f"{TERMINOLOGY}location-physical-type", ROOM),
    }
