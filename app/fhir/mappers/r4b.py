"""The classes of `fhir.resources` for what we write, imported only when the first resource is checked.

The sub-package, never the root: that is R5, which refuses valid R4. For our types R4B is R4.
"""

from collections.abc import Mapping
from typing import Final

from fhir.resources.R4B.appointment import Appointment
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from fhir.resources.R4B.encounter import Encounter
from fhir.resources.R4B.imagingstudy import ImagingStudy
from fhir.resources.R4B.location import Location
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.servicerequest import ServiceRequest
from fhir.resources.R4B.task import Task
from pydantic import BaseModel

CLASSES: Final[Mapping[str, type[BaseModel]]] = {
    "Location": Location,
    "Patient": Patient,
    "Appointment": Appointment,
    "Encounter": Encounter,
    "ServiceRequest": ServiceRequest,
    "Task": Task,
    "ImagingStudy": ImagingStudy,
    "Observation": Observation,
    "DiagnosticReport": DiagnosticReport,
}
