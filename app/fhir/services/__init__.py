"""What people decide about the connection: which types a target takes, what a new one is told, what is opened."""

from app.fhir.services.deciding import Decided, open_conflict, take_type
from app.fhir.services.snapshots import DEFAULT_DAYS, promise_everything

__all__ = ["DEFAULT_DAYS", "Decided", "open_conflict", "promise_everything", "take_type"]
