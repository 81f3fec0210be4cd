"""The FHIR server of the tests is a server, fails as asked, and its validator sees what is wrong."""

from typing import Any

from tests.services.fhir import FhirServer

MRN = "urn:hospital:mrn"


def patient(key: str, **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": key,
        "identifier": [{"system": MRN, "value": key}],
        "name": [{"text": "김"}],
        **fields,
    }


def test_it_stores_finds_and_remembers(fhir_server: FhirServer) -> None:
    fhir_server.put(patient("p1"))
    fhir_server.put(patient("p1", gender="female"))
    assert fhir_server.search(f"Patient?identifier={MRN}|p1")[0]["gender"] == "female"
    assert [one.get("gender") for one in fhir_server.versions("Patient/p1")] == [None, "female"]
    assert [entry["op"] for entry in fhir_server.journal()] == ["create", "update"]
