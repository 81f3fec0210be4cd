"""Which resource, in which version, and whether it is the image of one of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.fhir.inbound.reading.elements import REMOTE_ID, Resource, moment_of, objects_in
from app.fhir.inbound.reading.refusing import CannotTakeError, Why
from app.fhir.rules import LONGEST_ETAG


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which resource, in which version, and since when."""

    resource_type: str
    remote_id: str
    version: str | None
    at: datetime | None
    source_version: int | None

    @property
    def etag(self) -> str | None:
        """Return the version as HTTP carries it."""
        return f'W/"{self.version}"' if self.version else None


def stamp_of(resource: Resource, resource_type: str) -> Stamp:
    """Return which version of what this is. Raise CannotTakeError for what is no resource of this type."""
    remote_id = resource.get("id")
    if resource.get("resourceType") != resource_type or not isinstance(remote_id, str):
        raise CannotTakeError(Why.MALFORMED, "id")
    if not REMOTE_ID.fullmatch(remote_id):
        raise CannotTakeError(Why.MALFORMED, "id")
    meta = resource.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    version = meta.get("versionId")
    return Stamp(
        resource_type=resource_type,
        remote_id=remote_id,
        version=str(version)[: LONGEST_ETAG - 4] if version else None,
        at=moment_of(meta.get("lastUpdated")),
        source_version=_source_version(resource),
    )


def _source_version(resource: Resource) -> int | None:
    for one in objects_in(resource.get("extension")):
        if str(one.get("url", "")).endswith("/StructureDefinition/source-version"):
            value = one.get("valueInteger")
            return value if isinstance(value, int) else None
    return None
