"""Sending: requests in bundles over one target's line; a bundle that is refused as such is halved."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from app.core import clock
from app.core.observability import metrics
from app.core.relay import TargetDownError
from app.fhir.client import Capability, EntryAnswer, FhirClient, RequestRefusedError
from app.fhir.relay.answers import (
    SENTENCES,
    Phase,
    Scope,
    Verdict,
    because,
    verdict_of,
)
from app.fhir.relay.bundles import Request, pieces
from app.fhir.rules import SEPARATOR, Target

REQUEST_SECONDS: Final = 10.0
TOO_LARGE: Final = 413


@dataclass(slots=True)
class Line:
    """The line to one target, for as long as one delivery may take: `until` on the monotonic clock, in seconds."""

    target: Target
    until: float
    client: FhirClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = FhirClient(self.target)

    @property
    def has_time(self) -> bool:
        """Whether one more request would end in time, even the slowest."""
        return self.until - clock.monotonic() >= REQUEST_SECONDS

    def exchange(self, requests: Sequence[Request]) -> list[EntryAnswer | None]:
        """Send requests, return what was said to each; None where the time was up before.

        Raise TargetDownError where a request failed as such (what it carried may have arrived or not), and where
        every single one is refused as a bundle: then it is not the resources that are wrong.
        """
        said = [one for piece in pieces(requests) for one in self._bundle([requests[at] for at in piece])]
        if len(said) > 1 and all(isinstance(one, RequestRefusedError) for one in said):
            raise _down(Verdict.CONFIG, str(said[0]), opens=True)
        answers = [
            EntryAnswer(status=one.status, issues=one.issues) if isinstance(one, RequestRefusedError) else one
            for one in said
        ]
        counted = Counter(
            (request.resource_type, str(answer.status))
            for request, answer in zip(requests, answers, strict=True)
            if answer is not None
        )
        for (resource_type, status), count in counted.items():
            self._count(resource_type, status, count)
        return answers

    def capability(self) -> Capability:
        """Return what the target says of itself. Raise TargetDownError, RequestRefusedError."""
        return self.client.capability()

    def _bundle(self, requests: Sequence[Request]) -> list[EntryAnswer | RequestRefusedError | None]:
        if not self.has_time:
            return [None] * len(requests)
        try:
            return list(self.client.batch(requests))
        except TargetDownError:
            self._count("Bundle", "none")
            raise
        except RequestRefusedError as refused:
            if refused.status != TOO_LARGE and not refused.issues:
                # Whoever stands before the server refuses us in words of its own: no judgement of what we sent.
                raise _down(Verdict.MISMATCH, refused.reason) from refused
            if len(requests) == 1:
                return [refused]
            middle = len(requests) // 2
            return [*self._bundle(requests[:middle]), *self._bundle(requests[middle:])]

    def _count(self, resource_type: str, status: str, count: int = 1) -> None:
        metrics.FHIR_RESPONSES.labels(self.target.name, resource_type, status).inc(count)


def verdict(answer: EntryAnswer, phase: Phase) -> Verdict:
    """Return the class of what was said to one entry."""
    return verdict_of(answer.status, answer.issues, phase, Scope.ENTRY)


def all_failed(answers: Sequence[EntryAnswer], kind: Verdict) -> TargetDownError:
    """Return what it means that each of several entries failed alike: it is the target, not they."""
    first = answers[0]
    return TargetDownError(
        because(SENTENCES[kind], first.status, first.issues),
        retry_after_seconds=max(one.retry_after_seconds for one in answers),
        opens=kind is Verdict.CONFIG,
    )


def _down(kind: Verdict, detail: str, *, opens: bool = False) -> TargetDownError:
    return TargetDownError(f"{SENTENCES[kind]}{SEPARATOR}{detail}", opens=opens)
