"""What people decide about the connection: which types a target takes, what a new one is told, what is opened."""

from app.fhir.services.again import begin_again, is_begun, promise_everything_again
from app.fhir.services.deciding import Decided, open_conflict, take_type
from app.fhir.services.snapshots import DEFAULT_DAYS, promise_everything

__all__ = [
    "DEFAULT_DAYS",
    "Decided",
    "begin_again",
    "is_begun",
    "open_conflict",
    "promise_everything",
    "promise_everything_again",
    "take_type",
]
