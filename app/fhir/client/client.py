"""Asking a FHIR server: batch, read, search, and what it can do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

import orjson

from app.core import clock, http
from app.core.http import Answer, HttpDownError, HttpForbiddenError, Limits, Method
from app.core.observability import metrics
from app.core.relay import TargetDownError
from app.core.words import N_
from app.fhir import auth
from app.fhir.client import reading
from app.fhir.client.reading import NotFhirError
from app.fhir.client.shapes import (
    Asked,
    Capability,
    EntryAnswer,
    Page,
    RequestRefusedError,
    Resource,
    UnknownOutcomeError,
)
from app.fhir.rules import SEPARATOR, Target

# Ten seconds of silence are the end of a request, two of them for the connection.
REQUEST_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 2.0
# A bundle goes out with 1 MB at most, and a server may hold more of each resource than we sent.
LARGEST_ANSWER_BYTES: Final = 8 * 1024 * 1024
LIMITS: Final = Limits(
    seconds=REQUEST_SECONDS,
    connect_seconds=CONNECT_SECONDS,
    read_seconds=REQUEST_SECONDS - CONNECT_SECONDS,
    answer_bytes=LARGEST_ANSWER_BYTES,
)
JSON: Final = "application/fhir+json"

REDIRECTED: Final = N_("The EMR sends us to another address. Set FHIR_BASE_URL to its final address.")
NO_SERVER: Final = N_("No FHIR server answers at this address. Check FHIR_BASE_URL.")
NOT_TAKEN: Final = N_("The server at this address does not take our requests. Check FHIR_BASE_URL.")
NOT_REACHED: Final = N_("The EMR cannot be reached. It will be tried again.")
FAILS: Final = N_("The EMR could not take it just now. It will be tried again.")
NOT_UNDERSTOOD: Final = N_("The EMR's answer could not be understood. It will be tried again.")

OK, TOO_LARGE = 200, 413
NO_ENTRY: Final = frozenset({401, 403, 407})
ABSENT: Final = frozenset({404, 410})
# A bundle that cannot be read, where a FHIR server says so: halves of it may be.
REFUSED: Final = frozenset({400, 422})
BUSY: Final = frozenset({408, 425, 429})
# Answers that only somebody who mends the settings can change.
CLOSED: Final = {
    frozenset(range(300, 400)): REDIRECTED,
    ABSENT: NO_SERVER,
    frozenset({402, 405, 406, 411, 414, 415, 426, 431, 451, 501, 505}): NOT_TAKEN,
}
OF_ONE_RESOURCE: Final = frozenset(range(400, 500)) - BUSY - NO_ENTRY


class FhirClient:
    """One target's client. Cheap to make; connections and tokens are shared by the whole process."""

    def __init__(self, target: Target, *, limits: Limits = LIMITS) -> None:
        self.target = target
        self._limits = limits
        self._base = target.base_url.rstrip("/")
        self._hosts = frozenset({http.host_of(self._base)})

    def batch(self, entries: Sequence[Asked], *, request_id: str = "") -> list[EntryAnswer]:
        """Send one batch and return one answer for each entry, in order; 1 request.

        Raise RequestRefusedError where the whole bundle was refused, UnknownOutcomeError where it may have been done
        (also for an answer that is no FHIR, or answers other requests than these), else TargetDownError.
        """
        if not entries:
            return []
        content = bundle(entries)
        metrics.FHIR_BUNDLE_ENTRIES.labels(self.target.name).observe(len(entries))
        metrics.FHIR_BUNDLE_BYTES.labels(self.target.name).observe(len(content))
        answer = self._send("POST", self._base, content=content, request_id=request_id)
        if answer.status != OK:
            raise self._down(answer)
        try:
            return reading.answers_of(reading.resource_of(answer.body), entries)
        except NotFhirError as error:
            raise UnknownOutcomeError(f"{NOT_UNDERSTOOD}{SEPARATOR}{error}") from error

    def read(self, resource_type: str, resource_id: str, *, request_id: str = "") -> EntryAnswer:
        """Return a resource as the server holds it; 1 request. 404 and 410 are answers.

        Raise TargetDownError (or its child UnknownOutcomeError, which means the same for a question).
        """
        url = f"{self._base}/{quote(resource_type, safe='')}/{quote(resource_id, safe='')}"
        answer = self._send("GET", url, request_id=request_id)
        if answer.status in ABSENT and not answer.body:
            return EntryAnswer(status=answer.status)
        resource = _resource(answer) or {}
        kind = resource.get("resourceType")
        if answer.status != OK and (kind != "OperationOutcome" or answer.status not in OF_ONE_RESOURCE):
            raise self._down(answer)
        if answer.status == OK and (kind != resource_type or resource.get("id") != resource_id):
            raise TargetDownError(f"{NOT_UNDERSTOOD}{SEPARATOR}another resource than was asked for")
        return reading.answer_of(answer.status, answer.headers, resource, answer.retry_after_seconds)

    def search(self, resource_type: str, params: Mapping[str, str | Sequence[str]]) -> Iterator[Page]:
        """Yield the pages of a search, one request each; ask with `_count` and `_sort`.

        The next page is asked of the target's own address whatever host its link names: servers behind a proxy name
        themselves by what they are called inside. Raise TargetDownError, or RequestRefusedError for a search that
        the server does not understand.
        """
        url = f"{self._base}/{quote(resource_type, safe='')}?{urlencode(params, doseq=True)}"
        asked: set[str] = set()
        while url:
            if url in asked:
                raise TargetDownError(f"{NOT_UNDERSTOOD}{SEPARATOR}pages without end")
            asked.add(url)
            answer = self._send("GET", url)
            if answer.status != OK:
                raise self._down(answer)
            try:
                found = reading.resource_of(answer.body)
                matches = reading.matches_of(found)
            except NotFhirError as error:
                raise TargetDownError(f"{NOT_UNDERSTOOD}{SEPARATOR}{error}") from error
            url = self._at_home(reading.next_of(found))
            yield Page(resources=matches, total=reading.total_of(found), is_last=not url)

    def capability(self) -> Capability:
        """Return what the server says of itself; 1 request. Raise TargetDownError."""
        answer = self._send("GET", f"{self._base}/metadata")
        if answer.status != OK:
            raise self._down(answer)
        try:
            return reading.capability_of(reading.resource_of(answer.body))
        except NotFhirError as error:
            raise TargetDownError(f"{NOT_UNDERSTOOD}{SEPARATOR}{error}") from error

    def _send(self, method: Method, url: str, *, content: bytes = b"", request_id: str = "") -> Answer:
        """Ask, signed in; a token that was refused is replaced once. Raise TargetDownError."""
        request_id = request_id or str(uuid4())
        ticket = auth.ticket(self.target)
        answer = self._ask(method, url, content, ticket, request_id)
        if answer.status == auth.WHO_ARE_YOU and ticket.is_renewable:
            ticket = auth.renewed(self.target, ticket)
            answer = self._ask(method, url, content, ticket, request_id)
        if answer.status in NO_ENTRY:
            raise TargetDownError(auth.refusal(self.target, answer.status), opens=True)
        return answer

    def _ask(self, method: Method, url: str, content: bytes, ticket: auth.Ticket, request_id: str) -> Answer:
        headers = {"Accept": JSON, "X-Request-Id": request_id, **ticket.headers}
        headers |= {"Cache-Control": "no-cache"} if method == "GET" else {"Content-Type": JSON}
        began = clock.monotonic()
        try:
            answer = http.ask(
                method, url, content=content, headers=headers, limits=self._limits, hosts=self._hosts
            )
        except HttpForbiddenError as error:
            raise TargetDownError(NO_SERVER, opens=True) from error
        except HttpDownError as error:
            is_harmless = error.is_unsent or method == "GET"
            raise (TargetDownError if is_harmless else UnknownOutcomeError)(
                f"{NOT_REACHED}{SEPARATOR}{error}"
            ) from error
        finally:
            metrics.FHIR_REQUEST_SECONDS.labels(self.target.name).observe(clock.monotonic() - began)
        return answer

    def _down(self, answer: Answer) -> Exception:
        """Return what an answer to a whole request means, where it is not what was hoped for."""
        status, wait = answer.status, answer.retry_after_seconds
        resource = _resource(answer)
        if status == TOO_LARGE or (status in REFUSED and resource is not None):
            return RequestRefusedError(status, reading.outcome_of(resource))
        if sentence := next((says for statuses, says in CLOSED.items() if status in statuses), None):
            return TargetDownError(f"{sentence}{SEPARATOR}HTTP {status}", opens=True)
        if status in BUSY:
            return TargetDownError(f"{FAILS}{SEPARATOR}HTTP {status}", retry_after_seconds=wait)
        return UnknownOutcomeError(f"{FAILS}{SEPARATOR}HTTP {status}", retry_after_seconds=wait)

    def _at_home(self, link: str) -> str:
        """Return the next page's address at the target itself. Raise TargetDownError for one outside of it."""
        if not link:
            return ""
        here = urlsplit(self._base)
        try:
            there = urlsplit(link)
        except ValueError as error:
            raise TargetDownError(
                f"{NOT_UNDERSTOOD}{SEPARATOR}the next page lies outside of the server"
            ) from error
        path = there.path if there.path.startswith("/") else f"{here.path}/{there.path}"
        if not f"{path}/".startswith(f"{here.path}/") or ".." in path:
            raise TargetDownError(f"{NOT_UNDERSTOOD}{SEPARATOR}the next page lies outside of the server")
        return here._replace(path=path, query=there.query).geturl()


def bundle(entries: Sequence[Asked]) -> bytes:
    """Return a batch as it is sent."""
    return orjson.dumps(
        {"resourceType": "Bundle", "type": "batch", "entry": [_entry(entry) for entry in entries]}
    )


def _entry(entry: Asked) -> dict[str, object]:
    request = {"method": entry.method, "url": entry.url}
    if entry.if_match:
        request["ifMatch"] = entry.if_match
    return (
        {"request": request} if entry.resource is None else {"resource": entry.resource, "request": request}
    )


def _resource(answer: Answer) -> Resource | None:
    try:
        return reading.resource_of(answer.body)
    except NotFhirError:
        return None
