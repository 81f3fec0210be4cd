"""What happens to alerts, told after the commit; ids only."""

from dataclasses import dataclass
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised(Event):
    """Somebody has something to do; a cause that is told again raises nothing new."""

    alert_id: UUID
    kind: str
