"""The FHIR client: one request, one understanding of its answer; never a half-understood one.

It raises `TargetDownError` where the server failed as a whole before anything was asked of it (not reached, no
log-in, overloaded), `UnknownOutcomeError`, its child, where the request had left, and `RequestRefusedError` where the
request as a whole was refused. All else is an answer.
"""

from app.fhir.client.client import FhirClient
from app.fhir.client.shapes import (
    Asked,
    Capability,
    Entry,
    EntryAnswer,
    Issue,
    Page,
    RequestRefusedError,
    Resource,
    TypeCapability,
    UnknownOutcomeError,
)

__all__ = [
    "Asked",
    "Capability",
    "Entry",
    "EntryAnswer",
    "FhirClient",
    "Issue",
    "Page",
    "RequestRefusedError",
    "Resource",
    "TypeCapability",
    "UnknownOutcomeError",
]
