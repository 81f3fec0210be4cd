"""What the takers share: the resource in hand, and what must come before it."""

from dataclasses import dataclass
from uuid import UUID

from app.core.transaction import heard_from
from app.fhir.inbound import links
from app.fhir.inbound.reading import Stamp
from app.fhir.models import Link
from app.fhir.rules import Kind, Target


class NeedError(Exception):
    """Another resource of theirs must be taken over first."""

    def __init__(self, resource_type: str, remote_id: str) -> None:
        super().__init__(resource_type)
        self.resource_type, self.remote_id = resource_type, remote_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The resource in hand, and where it comes from."""

    target: Target
    stamp: Stamp
    site: str
    system_base: str

    @property
    def service_systems(self) -> frozenset[str]:
        """Return the systems under which the EMR may name our services."""
        return frozenset({f"{self.system_base}/sid/service", f"{self.system_base}/CodeSystem/service"})

    @property
    def number_systems(self) -> frozenset[str]:
        """Return the systems of the numbers of our orders, and of the steps that serve them."""
        return frozenset(
            f"{self.system_base}/sid/{name}" for name in ("service-order", "placer-order", "order")
        )

    def remember(self, kind: str, aggregate_id: UUID) -> Link:
        """Link the resource in hand with one of ours."""
        return links.remember(self.target, kind, aggregate_id, self.stamp)

    def hear(self, kind: Kind, link: Link) -> None:
        """Let this unit's change of the aggregate not be told back to whom it came from."""

        def note(seq: int) -> None:
            link.delivered_seq = seq

        heard_from(self.target.consumer, kind, UUID(link.aggregate_id), note)

    def patient(self, remote_id: str) -> UUID:
        """Return the patient that a reference means. Raise NeedError for one who is not here yet."""
        found = links.ours(self.target, "Patient", remote_id)
        if found is None:
            raise NeedError("Patient", remote_id)
        return found
