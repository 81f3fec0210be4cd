"""The hospital's EMR for tests: a real FHIR R4 engine (tests/servers/fhir) that fails on demand."""

from collections.abc import Sequence
from typing import Any

import httpx

SECONDS = 30.0


class FhirServer:
    """One test process's FHIR server, seen from the tests' side.

    Tests speak FHIR to it by `request`, so that no client of ours judges itself.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.base_url = f"{address}/fhir"
        self._client = httpx.Client(base_url=address, timeout=SECONDS, trust_env=False)

    def control(self, **wish: Any) -> dict[str, Any]:
        """Ask for faults, refusals, another kind of server or another log-in (tests/servers/fhir/README.md)."""
        counters: dict[str, Any] = self._plain("/_control", wish)
        return counters

    def journal(self) -> list[dict[str, Any]]:
        """Return every committed write in order: seq, op, ref, versionId, at, reqId."""
        entries: list[dict[str, Any]] = self._client.get("/_journal").raise_for_status().json()
        return entries

    def reset(self) -> None:
        """Take faults, refusals, log-in and kind of server back to the beginning; what is stored stays."""
        self.control(reset=True)

    def wipe(self) -> None:
        """Take everything back to the beginning."""
        self.control(wipe=True)

    def validate(self, resources: Sequence[Any]) -> list[list[dict[str, Any]]]:
        """Return for each resource what the independent validator finds wrong: [{where, type, issue}]."""
        found: list[list[dict[str, Any]]] = self._plain("/_validate", list(resources))
        return found

    def judged(self) -> dict[str, Any]:
        """Return how many different resources were sent in this run, and which of them are invalid."""
        found: dict[str, Any] = self._client.get("/_judged", timeout=120).raise_for_status().json()
        return found

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Speak FHIR: `request("GET", "Patient/1")`."""
        return self._client.request(
            method, f"/fhir/{path}", json=body, headers={"Content-Type": "application/fhir+json", **headers}
        )

    def put(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Store a resource as somebody at the EMR would, and return it as stored."""
        answer = self.request("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
        stored: dict[str, Any] = answer.raise_for_status().json()
        return stored

    def get(self, reference: str) -> dict[str, Any]:
        """Return a stored resource: `get("Patient/1")`."""
        stored: dict[str, Any] = self.request("GET", reference).raise_for_status().json()
        return stored

    def search(self, query: str) -> list[dict[str, Any]]:
        """Return the resources of one page: `search("Patient?identifier=…")`."""
        bundle = self.request("GET", query).raise_for_status().json()
        return [entry["resource"] for entry in bundle.get("entry", ())]

    def versions(self, reference: str) -> list[dict[str, Any]]:
        """Return all versions of a resource, the oldest first."""
        bundle = self.request("GET", f"{reference}/_history").raise_for_status().json()
        return [entry["resource"] for entry in reversed(bundle["entry"])]

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _plain(self, path: str, body: Any) -> Any:
        return self._client.post(path, json=body).raise_for_status().json()
