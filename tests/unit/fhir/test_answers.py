"""What the EMR answers, and what becomes of a promise: the design's table, line by line."""

import pytest

from app.core.relay import Delivered, Failed, Outcome, Refused, Skipped, Waits
from app.core.words import parted
from app.fhir.client import Issue
from app.fhir.relay import answers
from app.fhir.relay.answers import (
    NO_ANSWER,
    Phase,
    Scope,
    Verdict,
    because,
    outcome_of,
    verdict_of,
)

MEDPLUM = "Resource Patient/7 not found, specified in Encounter"
HAPI = "HAPI-1094: Resource Patient/7 not found, specified in path: Encounter.subject"
GOOGLE = "reference_not_found: the reference target(s) do not exist"
WRITES = (Phase.CREATE, Phase.UPDATE, Phase.UPSERT)


def entry(status: int, phase: Phase = Phase.UPDATE, code: str = "processing", text: str = "") -> Verdict:
    return verdict_of(status, [Issue(code=code, text=text)], phase, Scope.ENTRY)


def whole(status: int) -> Verdict:
    return verdict_of(status, [], Phase.UPDATE, Scope.WHOLE)


@pytest.mark.parametrize("status", [200, 201, 204, 304])
@pytest.mark.parametrize("phase", Phase)
def test_what_was_taken_is_ok(status: int, phase: Phase) -> None:
    assert entry(status, phase) is Verdict.OK
    assert whole(status) is Verdict.OK


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_passes_is_transient_for_one_and_for_all(status: int) -> None:
    assert entry(status) is whole(status) is Verdict.TRANSIENT
    assert isinstance(outcome_of(Verdict.TRANSIENT, status), Failed)


def test_a_longer_pause_is_kept_where_it_was_asked_for() -> None:
    assert outcome_of(Verdict.TRANSIENT, 429, retry_after_seconds=90.0) == Failed(
        f"{answers.SENTENCES[Verdict.TRANSIENT]} | HTTP 429", 90.0
    )


@pytest.mark.parametrize("status", [401, 403])
def test_a_closed_door_is_a_matter_of_settings(status: int) -> None:
    assert entry(status) is whole(status) is Verdict.CONFIG
    assert isinstance(outcome_of(Verdict.CONFIG, status), Waits)


@pytest.mark.parametrize("status", [301, 302, 307, 404, 405, 410, 415, 501])
def test_an_address_that_takes_no_bundles_is_a_matter_of_settings(status: int) -> None:
    assert whole(status) is Verdict.CONFIG


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_bundle_that_cannot_be_read_is_halved(status: int) -> None:
    assert whole(status) is Verdict.TOO_BIG


@pytest.mark.parametrize("status", [409, 412])
@pytest.mark.parametrize("phase", [Phase.CREATE, Phase.UPDATE])
def test_somebody_was_faster(status: int, phase: Phase) -> None:
    assert entry(status, phase, "conflict") is Verdict.CONFLICT


def test_several_records_with_one_identifier_are_a_persons_matter() -> None:
    assert entry(412, Phase.UPSERT) is Verdict.DUPLICATE
    assert entry(412, Phase.UPDATE, "multiple-matches") is Verdict.DUPLICATE
    assert entry(409, Phase.UPSERT, "conflict") is Verdict.CONFLICT
    assert isinstance(outcome_of(Verdict.DUPLICATE, 412), Refused)


@pytest.mark.parametrize("text", [MEDPLUM, HAPI, GOOGLE, "Unresolved reference: Patient/7"])
@pytest.mark.parametrize("status", [400, 404, 409, 422])
@pytest.mark.parametrize("phase", WRITES)
def test_a_missing_parent_is_waited_for(text: str, status: int, phase: Phase) -> None:
    assert entry(status, phase, "invalid", text) is Verdict.DEPENDENCY
    assert isinstance(outcome_of(Verdict.DEPENDENCY, status), Failed)


@pytest.mark.parametrize(
    ("status", "phase", "verdict"),
    [
        (404, Phase.CREATE, Verdict.NO_IDS),
        (405, Phase.CREATE, Verdict.NO_IDS),
        (404, Phase.UPDATE, Verdict.GONE),
        (404, Phase.LOOK, Verdict.GONE),
        (404, Phase.UPSERT, Verdict.UNSUPPORTED),
        (405, Phase.UPDATE, Verdict.UNSUPPORTED),
        (405, Phase.UPSERT, Verdict.UNSUPPORTED),
        (501, Phase.CREATE, Verdict.UNSUPPORTED),
        (410, Phase.UPDATE, Verdict.GONE),
        (410, Phase.LOOK, Verdict.GONE),
        (405, Phase.LOOK, Verdict.TRANSIENT),
        (400, Phase.LOOK, Verdict.TRANSIENT),
        (501, Phase.LOOK, Verdict.TRANSIENT),
    ],
)
def test_what_is_not_there_depends_on_what_was_asked(status: int, phase: Phase, verdict: Verdict) -> None:
    assert entry(status, phase, "not-found", "Not found") is verdict


@pytest.mark.parametrize(
    "text", ["HAPI-0960: no client assigned ID", "Server does not allow client-defined ids"]
)
def test_a_server_that_assigns_ids_itself_may_say_so_in_words(text: str) -> None:
    assert entry(400, Phase.CREATE, "processing", text) is Verdict.NO_IDS
    assert entry(400, Phase.UPDATE, "processing", text) is Verdict.PERMANENT


@pytest.mark.parametrize("status", [400, 413, 415, 418, 422])
@pytest.mark.parametrize("phase", WRITES)
def test_what_is_wrong_stays_wrong(status: int, phase: Phase) -> None:
    assert entry(status, phase, "invalid", "Invalid birthDate") is Verdict.PERMANENT
    assert isinstance(outcome_of(Verdict.PERMANENT, status), Refused)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("status", [NO_ANSWER, 100, 600])
def test_what_is_no_answer_is_an_unknown_one(scope: Scope, status: int) -> None:
    assert verdict_of(status, [], Phase.UPDATE, scope) is Verdict.MISMATCH


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.OK, Delivered),
        (Verdict.UNSUPPORTED, Skipped),
        (Verdict.CONFIG, Waits),
        (Verdict.NO_IDS, Refused),
        (Verdict.TOO_BIG, Refused),
        (Verdict.CONFLICT, Failed),
        (Verdict.GONE, Failed),
        (Verdict.MISMATCH, Failed),
    ],
)
def test_each_verdict_ends_in_one_way(verdict: Verdict, kind: type[Outcome]) -> None:
    assert isinstance(outcome_of(verdict, 0), kind)


def test_every_verdict_but_the_good_one_has_its_sentence() -> None:
    assert set(Verdict) - set(answers.SENTENCES) == {Verdict.OK}


def test_a_reason_is_a_sentence_and_what_a_technician_needs() -> None:
    issue = Issue(code="value", text="Invalid date", expression=("Patient.birthDate",))
    reason = because(answers.SENTENCES[Verdict.PERMANENT], 422, [issue])
    assert parted(reason) == (
        answers.SENTENCES[Verdict.PERMANENT],
        "HTTP 422; value Patient.birthDate Invalid date",
    )
    assert parted("anything else") == ("anything else", "")
