"""Whatever goes wrong on the way: nothing is lost, nothing has its effect twice, nobody waits for another's fault."""

import email.utils
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask

from app.core import clock, relay
from app.core.relay import finishing
from app.core.relay.breaker import state_of
from app.core.words import parted
from app.emr.models import Patient
from app.fhir.client import FhirClient
from app.fhir.client.client import LIMITS
from app.fhir.relay import answers, sending
from app.fhir.relay.answers import SENTENCES, Verdict
from app.fhir.relay.bundles import source_version
from app.fhir.rules import Kind
from app.journey.models import Visit
from tests.cast import Cast
from tests.hospital import Hospital
from tests.integration.fhir.deliveries import (
    Emr,
    conflicts,
    emr_at,
    later,
    link,
    links,
    opened,
    patient_of,
    people,
    replay,
    row_of,
    rows,
    seq_of,
    touch,
)
from tests.services.fhir import FhirServer
from tests.together import together

BUNDLE = "POST /fhir"
IMPATIENT = replace(LIMITS, seconds=0.5, read_seconds=0.5)


def sentence(kind: Kind, one: UUID) -> str:
    """Return what an administrator reads."""
    return parted(row_of(kind, one).last_error or "")[0]


def all_stand_there_once(emr: Emr, ours: list[UUID]) -> None:
    """I1, I2, I4: each stands there at its seq, no version was written twice, nothing is open."""
    assert emr.server.control()["resources"]["Patient"] == len(ours)
    each_stands_there(emr, ours)


def each_stands_there(emr: Emr, ours: list[UUID]) -> None:
    """I1, I3, I4 for these, whoever else is there."""
    assert opened() == []
    for one in ours:
        seqs = [seq or 0 for seq in emr.versions(Kind.PATIENT, one)]
        assert seqs == sorted(set(seqs))
        assert seqs[-1] == seq_of(Patient, one)


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [
        ({"mode": "503"}, False),
        ({"mode": "500"}, False),
        ({"mode": "502"}, False),
        ({"mode": "429"}, False),
        ({"mode": "408"}, False),
        ({"mode": "drop"}, False),
        ({"mode": "garbage"}, False),
        ({"mode": "empty"}, False),
        ({"mode": "cut"}, False),
        ({"mode": "500", "after": True}, True),
        ({"mode": "503", "after": True}, True),
        ({"mode": "drop", "after": True}, True),
        ({"mode": "garbage", "after": True}, True),
        ({"mode": "cut", "after": True}, True),
        ({"mode": "short"}, True),
        ({"mode": "long"}, True),
        ({"mode": "swap"}, True),
    ],
    ids=str,
)
def test_a_request_that_fails_as_such_costs_nobody_a_life_and_is_looked_for_first(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer, fault: dict[str, Any], *, is_done: bool
) -> None:
    emr = emr_at(fhir_server)
    first = warm(emr, hospital)
    ours = people(hospital, 3)
    fhir_server.control(**fault, match=BUNDLE)
    assert emr.deliver() == 0
    assert {(row.status, row.attempts) for row in opened()} == {("pending", 0)}
    assert state_of(emr.consumer.name).recent.endswith("x")
    before = len(fhir_server.journal())
    relay.hurry(emr.consumer.name)
    emr.deliver()
    assert len(fhir_server.journal()) - before == (0 if is_done else 3)
    all_stand_there_once(emr, [*ours, *first])


def test_a_server_that_never_answers_is_not_waited_for(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "FhirClient", partial(FhirClient, limits=IMPATIENT))
    emr = emr_at(fhir_server)
    first = warm(emr, hospital)
    ours = people(hospital, 2)
    for after in (False, True):
        fhir_server.control(mode="hang", after=after, ms=60_000, match=BUNDLE)
        assert emr.deliver() == 0
        relay.hurry(emr.consumer.name)
    emr.deliver()
    all_stand_there_once(emr, [*ours, *first])


def test_a_slow_answer_is_an_answer(sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer) -> None:
    emr = emr_at(fhir_server)
    ours = people(hospital, 2)
    fhir_server.control(mode="slow", ms=300, n=2)
    assert emr.deliver() == 2
    all_stand_there_once(emr, ours)


def test_a_failed_look_is_no_licence_to_write(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    first = warm(emr, hospital)
    ours = people(hospital, 2)
    fhir_server.control(mode="drop", after=True, match=BUNDLE)
    emr.deliver()
    written = len(fhir_server.journal())
    fhir_server.control(mode="503", match=BUNDLE, n=2)
    for _ in range(2):
        relay.hurry(emr.consumer.name)
        assert emr.deliver() == 0
    assert len(fhir_server.journal()) == written
    relay.hurry(emr.consumer.name)
    emr.deliver()
    all_stand_there_once(emr, [*ours, *first])


def test_who_had_an_answer_keeps_it_though_the_next_request_fails(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    warm(emr, hospital)
    visit = hospital.waiting()
    fhir_server.control(
        mode="slow", ms=0, n=2, match=BUNDLE
    )  # two generations get through, the third does not
    fhir_server.control(mode="503", n=1, match=BUNDLE)
    emr.deliver()
    assert {(row.kind, row.status) for row in rows() if row.outcome != "superseded"} == {
        ("patient", "completed"),
        ("appointment", "completed"),
        ("visit", "pending"),
        ("step", "pending"),
        ("entry", "pending"),
    }
    assert link(Kind.PATIENT, patient_of(visit)).delivered_seq == seq_of(Patient, patient_of(visit))
    assert state_of(emr.consumer.name).recent.endswith("x")
    relay.hurry(emr.consumer.name)
    emr.drain()
    assert link(Kind.VISIT, visit).delivered_seq == seq_of(Visit, visit)
    assert {row.attempts for row in rows()} == {0}


@pytest.mark.parametrize("as_date", [False, True])
def test_a_server_that_asks_for_a_pause_gets_it(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer, *, as_date: bool
) -> None:
    emr = emr_at(fhir_server)
    warm(emr, hospital)
    people(hospital, 1)
    until = clock.utcnow() + timedelta(seconds=600)
    wish = email.utils.format_datetime(until, usegmt=True) if as_date else 600
    fhir_server.control(mode="429", retryAfter=wish, match=BUNDLE)
    emr.deliver()
    row = opened()[0]
    assert (row.status, row.attempts) == ("pending", 0)
    assert 590 <= (row.next_attempt_at - clock.utcnow()).total_seconds() <= 601


def test_an_outage_buries_nobody_and_ends_by_one_probe(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    first = warm(emr, hospital)
    ours = people(hospital, 5)
    fhir_server.control(mode="503", n=1_000_000)
    start = clock.utcnow()
    for minute in range(0, 121, 2):
        with time_machine.travel(start.replace(microsecond=0)) as traveller:
            traveller.shift(minute * 60)
            emr.deliver()
    assert {(row.status, row.attempts) for row in opened()} == {("pending", 0)}
    assert len(opened()) == 5
    fhir_server.reset()
    with later(3 * 3600):
        emr.drain()
        all_stand_there_once(emr, [*ours, *first])


@pytest.mark.mariadb
def test_after_an_outage_one_of_many_workers_asks_once(
    mariadb_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    first = warm(emr, hospital)
    people(hospital, 30)
    fhir_server.control(mode="503", n=1_000_000)
    while state_of(emr.consumer.name).open_until is None:
        relay.hurry(emr.consumer.name)
        emr.deliver()
    with later(400):
        before = emr.requests()
        answers_ = together(mariadb_app, [emr.deliver for _ in range(8)])
        assert answers_ == [0] * 8
        assert emr.requests() - before == 1
        assert fhir_server.control()["resources"]["Patient"] == len(first)


def test_a_child_that_only_waits_is_no_sign_of_life(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    visit = hospital.waiting()
    fhir_server.control(reject=f"Patient/{patient_of(visit)}", status=422)
    emr.deliver()  # the patient dies, and all the others wait
    stranger = people(hospital, 1)[0]
    fhir_server.control(mode="503", n=1_000_000)
    while state_of(emr.consumer.name).open_until is None:
        relay.hurry(emr.consumer.name)
        emr.deliver()
    with later(400):
        before = emr.requests()
        assert emr.deliver() > 0  # those who wait, one after another; then the stranger tries
        assert emr.requests() - before == 1
        assert state_of(emr.consumer.name).name(clock.utcnow()) == "open"
    fhir_server.control(reset=True)
    with later(800):
        emr.deliver()
        assert state_of(emr.consumer.name).open_until is None
        assert source_version(emr.holds(Kind.PATIENT, stranger)) == seq_of(Patient, stranger)


def test_the_wrong_key_opens_the_breaker_at_once_and_buries_nobody(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server, auth="bearer", secret="wrong")
    fhir_server.control(auth={"kind": "bearer", "token": "right"})
    ours = people(hospital, 2)
    emr.deliver()
    assert state_of(emr.consumer.name).open_until is not None
    assert {(row.status, row.attempts) for row in opened()} == {("pending", 0)}
    right = emr_at(fhir_server, auth="bearer", secret="right")
    with later(400):
        right.drain()
        fhir_server.reset()  # so that the test is let in, too
        all_stand_there_once(right, ours)


def test_what_our_account_may_not_write_waits_until_it_may(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    ours = people(hospital, 3)
    fhir_server.control(reject=f"Patient/{ours[0]}", status=403)
    emr.deliver()
    row = row_of(Kind.PATIENT, ours[0])
    assert (row.status, row.attempts, sentence(Kind.PATIENT, ours[0])) == ("pending", 0, answers.CLOSED)
    assert len(links()) == 2
    fhir_server.reset()
    emr.drain()
    all_stand_there_once(emr, ours)


@pytest.mark.parametrize("status", [400, 415, 422])
def test_one_that_is_refused_dies_alone_and_the_others_of_its_bundle_arrive(
    app: Flask, hospital: Hospital, cast: Cast, fhir_server: FhirServer, status: int
) -> None:
    emr = emr_at(fhir_server)
    ours = people(hospital, 50)
    fhir_server.control(reject=f"Patient/{ours[17]}", status=status, code="business-rule")
    assert emr.deliver() == 50
    assert len(links()) == 49
    row = row_of(Kind.PATIENT, ours[17])
    assert (row.status, row.attempts, sentence(Kind.PATIENT, ours[17])) == (
        "dead_letter",
        0,
        SENTENCES[Verdict.PERMANENT],
    )
    assert f"HTTP {status}" in (row.last_error or "")
    assert fhir_server.control()["stats"]["200"] == 2  # what it takes, and one bundle
    fhir_server.reset()
    replay(cast.chris)
    emr.drain()
    all_stand_there_once(emr, ours)


def test_a_dead_letter_closes_when_a_newer_state_arrives(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    one = people(hospital, 1)[0]
    fhir_server.control(reject=f"Patient/{one}", status=422, n=1)
    emr.deliver()
    assert rows()[0].status == "dead_letter"
    touch(Patient, one)
    emr.deliver()
    assert [row.outcome for row in rows()] == ["superseded", "delivered"]
    all_stand_there_once(emr, [one])


@pytest.mark.parametrize(("refused", "arrive", "die"), [(1, 50, 0), (3, 50, 0), (6, 49, 1)])
def test_a_bundle_that_cannot_be_read_is_halved_until_the_poison_is_alone(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer, refused: int, arrive: int, die: int
) -> None:
    emr = emr_at(fhir_server)
    first = warm(emr, hospital)
    people(hospital, 50)
    # 50 -> 25 -> 12 -> 6 -> 3 -> 1: the sixth refusal is one entry's alone.
    fhir_server.control(mode="413", n=refused, match=BUNDLE)
    emr.deliver()
    assert len(links()) - len(first) == arrive
    dead = [row for row in rows() if row.status == "dead_letter"]
    assert len(dead) == die
    assert {parted(row.last_error or "")[0] for row in dead} <= {SENTENCES[Verdict.PERMANENT]}
    assert opened() == []


def test_a_server_that_takes_no_bundle_at_all_is_a_matter_of_settings(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    warm(emr, hospital)
    people(hospital, 8)
    fhir_server.control(mode="400", n=1_000_000, match=BUNDLE)
    emr.deliver()
    assert {(row.status, row.attempts) for row in opened()} == {("pending", 0)}
    assert len(opened()) == 8
    assert state_of(emr.consumer.name).open_until is not None


def test_a_failing_one_has_five_lives_at_one_two_four_and_eight_minutes(
    app: Flask, hospital: Hospital, fhir_server: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    emr = emr_at(fhir_server)
    poison, *others = people(hospital, 3)
    fhir_server.control(reject=f"Patient/{poison}", status=500)
    monkeypatch.setattr(finishing, "JITTER", 0.0)
    with time_machine.travel(clock.utcnow(), tick=False) as traveller:
        for lives, pause in enumerate((60, 120, 240, 480), 1):
            emr.deliver()
            row = row_of(Kind.PATIENT, poison)
            assert (row.status, row.attempts) == ("failed", lives)
            assert (row.next_attempt_at - clock.utcnow()).total_seconds() == pause
            traveller.shift(pause - 1)
            assert emr.deliver() == 0
            traveller.shift(1)
        emr.deliver()
        row = row_of(Kind.PATIENT, poison)
        assert (row.status, row.attempts, sentence(Kind.PATIENT, poison)) == (
            "dead_letter",
            5,
            SENTENCES[Verdict.TRANSIENT],
        )
    assert len(links()) == len(others)


def test_the_pause_is_never_shorter_than_said_and_a_fifth_longer_at_most(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    ours = people(hospital, 20)
    for one in ours[:10]:
        fhir_server.control(reject=f"Patient/{one}", status=500)
    with time_machine.travel(clock.utcnow(), tick=False):
        emr.deliver()
        pauses = {(row.next_attempt_at - clock.utcnow()).total_seconds() for row in opened()}
    assert len(pauses) == 10
    assert min(pauses) >= 60
    assert max(pauses) <= 72


def test_each_of_several_failing_alike_is_the_targets_fault(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    ours = people(hospital, 4)
    fhir_server.control(reject="Patient/", status=503)
    emr.deliver()
    assert {(row.status, row.attempts) for row in opened()} == {("pending", 0)}
    fhir_server.reset()
    emr.drain()
    all_stand_there_once(emr, ours)


def test_what_somebody_changed_there_meanwhile_is_overwritten_and_kept_for_people(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    ours = people(hospital, 3)
    emr.deliver()
    held = fhir_server.get(f"Patient/{ours[1]}")
    fhir_server.put({**held, "gender": "other"})
    for one in ours:
        touch(Patient, one)
    emr.deliver()
    found = conflicts()
    assert [(row.aggregate_id, row.outcome, row.seq) for row in found] == [
        (str(ours[1]), "ours_written", seq_of(Patient, ours[1]))
    ]
    assert '"gender": "other"' in found[0].theirs
    assert found[0].their_version
    after = fhir_server.get(f"Patient/{ours[1]}")
    assert after.get("gender") != "other"
    assert source_version(after) == seq_of(Patient, ours[1])
    each_stands_there(emr, [ours[0], ours[2]])


def test_a_foreign_change_before_a_repeated_try_is_kept_too(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    one = people(hospital, 1)[0]
    emr.deliver()
    touch(Patient, one)
    fhir_server.control(mode="503", match=BUNDLE)
    emr.deliver()
    fhir_server.put({**fhir_server.get(f"Patient/{one}"), "gender": "other"})
    relay.hurry(emr.consumer.name)
    emr.deliver()
    assert [row.outcome for row in conflicts()] == ["ours_written"]
    assert source_version(fhir_server.get(f"Patient/{one}")) == seq_of(Patient, one)


@pytest.mark.parametrize("status", [409, 412])
def test_whoever_loses_three_times_tries_again_later(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer, status: int
) -> None:
    emr = emr_at(fhir_server)
    one = people(hospital, 1)[0]
    emr.deliver()
    touch(Patient, one)
    fhir_server.control(reject=f"Patient/{one}", status=status, code="conflict", n=3)
    emr.deliver()  # lost three times, won the fourth
    assert opened() == []
    touch(Patient, one)
    fhir_server.control(reject=f"Patient/{one}", status=status, code="conflict", n=4)
    emr.deliver()
    row = row_of(Kind.PATIENT, one)
    assert (row.status, row.attempts, sentence(Kind.PATIENT, one)) == (
        "failed",
        1,
        SENTENCES[Verdict.CONFLICT],
    )
    emr.drain()
    all_stand_there_once(emr, [one])


def test_two_records_with_one_identifier_are_for_people_to_merge(
    sqlite_app: Flask, hospital: Hospital, cast: Cast, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server, pulls=True)
    one = people(hospital, 1)[0]
    wanted = relay.Wanted("patient", one)
    rendered = emr.consumer.render([wanted])[wanted]
    assert isinstance(rendered, relay.Rendered)
    identifiers = json.loads(rendered.payload)["identifier"][:1]
    for key in ("a", "b"):
        fhir_server.put(
            {"resourceType": "Patient", "id": key, "identifier": identifiers, "name": [{"text": "김안나"}]}
        )
    emr.deliver()
    assert (row_of(Kind.PATIENT, one).status, sentence(Kind.PATIENT, one)) == (
        "dead_letter",
        SENTENCES[Verdict.DUPLICATE],
    )
    fhir_server.request("DELETE", "Patient/b")
    replay(cast.chris)
    emr.drain()
    assert link(Kind.PATIENT, one).remote_id == "a"


def test_a_refused_parent_holds_up_its_children_and_nobody_else(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    fhir_server.control(config={"REF_INTEGRITY": True})
    bad, good = hospital.waiting(), hospital.waiting()
    fhir_server.control(reject=f"Patient/{patient_of(bad)}", status=422)
    emr.deliver()
    assert link(Kind.VISIT, good).delivered_seq == seq_of(Visit, good)
    assert {row.kind for row in opened()} == {"appointment", "visit", "step", "entry"}
    assert {row.attempts for row in opened()} == {0}


def test_a_parent_that_is_gone_there_is_told_from_a_bad_child(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    fhir_server.control(config={"REF_INTEGRITY": True})
    visit = hospital.waiting()
    emr.drain()
    patient = patient_of(visit)
    for one in ("Task", "ServiceRequest", "Encounter", "Appointment"):
        for held in fhir_server.search(one):
            fhir_server.request("DELETE", f"{one}/{held['id']}")
    fhir_server.request("DELETE", f"Patient/{patient}")
    touch(Visit, visit)
    emr.deliver()
    row = row_of(Kind.VISIT, visit)
    assert (row.status, sentence(Kind.VISIT, visit)) == ("failed", SENTENCES[Verdict.DEPENDENCY])
    touch(Patient, patient)
    emr.drain()
    assert fhir_server.get(f"Patient/{patient}")["id"] == str(patient)


def warm(emr: Emr, hospital: Hospital) -> list[UUID]:
    """Let the target say what it takes, by one patient who arrives there; return that one."""
    first = people(hospital, 1)
    assert emr.deliver() == 1
    return first
