"""What happens here stands at the EMR: everything, once, in order, whoever gives the ids and has had it first."""

import json
from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import clock, relay
from app.core.db import Projected, Sequenced, db
from app.core.relay import Delivered, Parcel
from app.core.relay.claiming import claim
from app.core.relay.finishing import finish
from app.core.transaction import release, transactional
from app.core.words import parted
from app.emr import services as emr_services
from app.emr.models import Appointment, Patient
from app.fhir.inbound.reading import stamp_of
from app.fhir.inbound.taking import Took, take
from app.fhir.models import Capability, Link
from app.fhir.relay import answers, delivering, linking
from app.fhir.relay.bundles import source_version
from app.fhir.relay.linking import Receipt
from app.fhir.rules import TYPES, Kind
from app.journey.models import Visit, VisitStep
from app.queues.models import QueueEntry
from tests.cast import Cast
from tests.hospital import SITE, Hospital
from tests.integration.demo.counting import statements
from tests.integration.fhir.deliveries import (
    Emr,
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
    takes,
    touch,
)
from tests.services.fhir import FhirServer
from tests.together import together

MODELS: dict[Kind, type[Sequenced | Projected]] = {
    Kind.PATIENT: Patient,
    Kind.APPOINTMENT: Appointment,
    Kind.VISIT: Visit,
    Kind.STEP: VisitStep,
    Kind.ENTRY: QueueEntry,
}
MRN = "https://annae.example/fhir/sid/mrn"


def everything_stands_there(emr: Emr, *, at_least: int = 1) -> None:
    """I1, I2, I3: each of ours is there once, at the seq at which it stands here, and never fell back."""
    assert opened() == []
    found = links()
    assert len(found) >= at_least
    for one in found:
        kind, aggregate_id = Kind(one.kind), UUID(one.aggregate_id)
        held = emr.holds(kind, aggregate_id)
        assert source_version(held) == one.delivered_seq == seq_of(MODELS[kind], aggregate_id)
        first = held["identifier"][0]
        assert len(emr.server.search(f"{TYPES[kind]}?identifier={first['system']}|{first['value']}")) == 1
        seqs = [seq or 0 for seq in emr.versions(kind, aggregate_id)]
        assert seqs == sorted(set(seqs)), "written twice, or fallen back"
    counts = emr.server.control()["resources"]
    for resource_type in {one.resource_type for one in found}:
        assert counts[resource_type] == len([one for one in found if one.resource_type == resource_type])


def test_a_visit_stands_at_the_emr_with_all_that_belongs_to_it(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    fhir_server.control(config={"REF_INTEGRITY": True})
    visit = hospital.waiting("consult", "lab")
    assert emr.deliver() > 0
    everything_stands_there(emr, at_least=6)
    encounter = emr.holds(Kind.VISIT, visit)
    assert encounter["subject"]["reference"] == f"Patient/{patient_of(visit)}"
    # One request to ask what is taken, then one for each generation: nobody is refused for a missing parent.
    assert fhir_server.control()["stats"].keys() == {"200"}
    assert {row.attempts for row in rows()} == {0}


def test_each_change_is_brought_once_and_guarded_by_its_version(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    visit = hospital.waiting()
    emr.deliver()
    for _ in range(3):
        touch(Visit, visit)
        emr.deliver()
    everything_stands_there(emr)
    # Unchanged content is sent all the same: that the version stands there is the proof that nothing was lost.
    assert len(emr.versions(Kind.VISIT, visit)) == 4
    versions = fhir_server.versions(f"Encounter/{visit}")
    assert link(Kind.VISIT, visit).etag == f'W/"{versions[-1]["meta"]["versionId"]}"'
    sent = emr.requests()
    for _ in range(3):
        touch(Visit, visit)
    emr.deliver()
    assert emr.requests() - sent == 1
    assert len(emr.versions(Kind.VISIT, visit)) == 5


def test_a_child_of_nobody_lets_its_parent_be_promised(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    visit = hospital.waiting()  # before there was a target
    emr = emr_at(fhir_server)
    fhir_server.control(config={"REF_INTEGRITY": True})
    touch(Visit, visit)
    emr.drain()
    assert emr.holds(Kind.VISIT, visit)["subject"]["reference"] == f"Patient/{patient_of(visit)}"
    assert link(Kind.PATIENT, patient_of(visit)).delivered_seq == seq_of(Patient, patient_of(visit))
    everything_stands_there(emr)


def test_a_child_waits_for_its_dead_parent_and_follows_its_replay(
    sqlite_app: Flask, hospital: Hospital, cast: Cast, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    visit = hospital.waiting()
    fhir_server.control(reject=f"Patient/{patient_of(visit)}", status=422)
    emr.deliver()
    assert row_of(Kind.PATIENT, patient_of(visit)).status == "dead_letter"
    relay.hurry(emr.consumer.name)
    emr.deliver()
    waiting = row_of(Kind.VISIT, visit)
    assert (waiting.status, waiting.attempts) == ("pending", 0)
    assert parted(waiting.last_error or "")[0] == answers.PARENT_DEAD
    assert (waiting.next_attempt_at - clock.utcnow()).total_seconds() > 290
    fhir_server.reset()
    replay(cast.chris)
    emr.drain()
    everything_stands_there(emr, at_least=5)


def test_where_ids_are_theirs_the_identifier_finds_each(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    fhir_server.control(config={"UPDATE_CREATE": False, "REF_INTEGRITY": True})
    visit = hospital.waiting()
    emr.drain()
    touch(Visit, visit)
    emr.drain()
    everything_stands_there(emr, at_least=5)
    assert link(Kind.VISIT, visit).remote_id != str(visit)
    remote = link(Kind.PATIENT, patient_of(visit)).remote_id
    assert emr.holds(Kind.VISIT, visit)["subject"]["reference"] == f"Patient/{remote}"
    assert takes()["Patient"] == (True, False, "metadata")


def test_a_server_that_promised_to_take_our_ids_and_does_not_teaches_us(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    linking.learn(emr.target, dict.fromkeys(TYPES.values(), (True, True)), by=linking.METADATA, detail="")
    fhir_server.control(config={"UPDATE_CREATE": False})
    people(hospital, 3)
    emr.deliver()
    everything_stands_there(emr, at_least=3)
    assert takes()["Patient"] == (True, False, "answer")
    linking.learn(emr.target, {"Patient": (True, True)}, by=linking.METADATA, detail="")
    assert takes()["Patient"] == (True, False, "answer")  # what was seen is not unlearnt from what is said


def test_what_is_not_taken_is_skipped_and_not_even_rendered(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    fhir_server.control(config={"TYPES": ["Patient"]})
    hospital.waiting()
    emr.deliver()
    assert {(row.kind, row.outcome) for row in rows() if row.outcome != "superseded"} == {
        ("patient", "delivered"),
        ("appointment", "skipped"),
        ("visit", "skipped"),
        ("step", "skipped"),
        ("entry", "skipped"),
    }
    hospital.waiting()
    emr.deliver()
    assert opened() == []
    skipped = [row for row in rows() if row.kind == "visit" and row.outcome == "skipped"]
    assert (skipped[-1].payload, skipped[-1].last_error) == (None, answers.TYPE_OFF)


def test_a_type_that_is_refused_though_it_was_announced_is_no_longer_sent(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    linking.learn(emr.target, dict.fromkeys(TYPES.values(), (True, True)), by=linking.METADATA, detail="")
    fhir_server.control(config={"TYPES": ["Patient", "Appointment", "Location"]})
    hospital.waiting()
    emr.deliver()
    assert takes()["Encounter"] == (False, None, "answer")
    assert opened() == []
    assert not [row for row in rows() if row.status == "dead_letter"]
    # The order has to name its visit's patient, who is there; what it says of the visit is left out.
    assert {row.kind for row in rows() if row.outcome == "delivered"} == {"patient", "appointment"}


def test_an_admins_word_stands_above_what_the_server_says(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)

    @transactional
    def say(*, is_taken: bool) -> None:
        db.session.add(
            Capability(
                target="emr",
                resource_type="Appointment",
                is_taken=is_taken,
                decided_by=linking.ADMIN,
                at=clock.utcnow(),
            )
        )

    say(is_taken=False)
    visit = hospital.waiting()
    emr.deliver()
    assert takes()["Appointment"] == (False, None, "admin")
    assert takes()["Task"] == (True, True, "metadata")
    assert "Appointment" not in fhir_server.control()["resources"]
    assert "appointment" not in emr.holds(Kind.VISIT, visit)
    assert opened() == []


def test_a_server_that_cannot_say_what_it_takes_is_asked_again_and_delivered_to(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    people(hospital, 1)
    fhir_server.control(mode="503", match="metadata")
    assert emr.deliver() == 0
    assert [(row.status, row.attempts) for row in rows()] == [("pending", 0)]
    emr.drain()
    with later(2 * 86400):
        fhir_server.control(mode="503", match="metadata", n=10)
        people(hospital, 1)
        assert emr.deliver() == 1  # an old answer is better than none
        assert fhir_server.control()["stats"]["fault 503"] == 2  # once each time


def test_a_patient_whom_the_emr_had_first_is_adopted_and_keeps_what_is_theirs(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server, pulls=True)
    ours = people(hospital, 1)[0]
    rendered = json.loads(_rendered(emr, ours))
    theirs = {
        "resourceType": "Patient",
        "id": "emr-1",
        "identifier": rendered["identifier"][:1],
        "name": [{"text": "김안나"}],
        "address": [{"text": "서울"}],
    }
    fhir_server.put(theirs)
    emr.deliver()
    assert fhir_server.control()["resources"]["Patient"] == 1
    assert (link(Kind.PATIENT, ours).remote_id, link(Kind.PATIENT, ours).is_theirs) == ("emr-1", True)
    assert fhir_server.get("Patient/emr-1")["name"] == [{"text": "김안나"}]
    emr_services.edit_demographics(
        ours, version=1, name="김안내", birth_date=date(1953, 4, 12), by=hospital.cast.henry
    )
    emr.deliver()
    held = fhir_server.get("Patient/emr-1")
    assert held["name"][0]["text"] == "김안내"
    assert held["address"] == [{"text": "서울"}]
    assert source_version(held) == seq_of(Patient, ours)


def test_what_they_deleted_of_theirs_stays_deleted_and_what_was_ours_comes_back(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    ours, theirs = people(hospital, 2)
    emr.deliver()

    @transactional
    def give_away() -> None:
        db.session.execute(select(Link).where(Link.aggregate_id == str(theirs))).scalar_one().is_theirs = True

    give_away()
    for one in (ours, theirs):
        assert fhir_server.request("DELETE", f"Patient/{one}").status_code in {200, 204}
        touch(Patient, one)
    emr.deliver()
    assert source_version(fhir_server.get(f"Patient/{ours}")) == seq_of(Patient, ours)
    assert fhir_server.request("GET", f"Patient/{theirs}").status_code == 410
    assert parted(row_of(Kind.PATIENT, theirs).last_error or "")[0] == answers.GONE_THERE
    assert row_of(Kind.PATIENT, theirs).outcome == "skipped"


def test_what_was_lost_there_is_written_anew(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    one = people(hospital, 1)[0]
    emr.deliver()
    fhir_server.wipe()  # restored from a backup of before
    touch(Patient, one)
    emr.deliver()
    everything_stands_there(emr)


def test_whoever_comes_too_late_changes_neither_promise_nor_link(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    one = people(hospital, 1)[0]
    slow = claim(emr.consumer)
    assert slow is not None
    with later(emr.consumer.lease_seconds + 1):
        relay.reap([emr.consumer.name])
        emr.deliver()
        held = link(Kind.PATIENT, one)
        before = (str(one), held.etag, held.delivered_seq)
        receipt = Receipt(resource_type="Patient", remote_id="wrong", etag=None, is_theirs=False)
        assert finish(slow, {slow.items[0]: Delivered(receipt)}, {}, has_answered=True) == 0
    after = link(Kind.PATIENT, one)
    assert (after.remote_id, after.etag, after.delivered_seq) == before


def test_a_links_seq_never_falls_and_one_record_has_one_owner(app: Flask, hospital: Hospital) -> None:
    first, second = people(hospital, 2)
    target = emr_at_nothing().target

    def settle(one: UUID, seq: int, remote_id: str) -> None:
        parcel = Parcel(row_id=1, kind="patient", aggregate_id=one, seq=seq, payload="{}", is_repeat=False)
        receipt = Receipt(resource_type="Patient", remote_id=remote_id, etag=f'W/"{seq}"', is_theirs=False)
        transactional(lambda: linking.settled(target, [(parcel, Delivered(receipt))]))()

    for seq in (3, 2, 4, 1):
        settle(first, seq, "a")
    settle(second, 1, "a")
    assert [(one.aggregate_id, one.delivered_seq, one.etag) for one in links()] == [(str(first), 4, 'W/"4"')]


def test_theirs_that_was_recognised_while_ours_was_written_is_the_one_we_write_over(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    one = people(hospital, 1)[0]
    fhir_server.put({"resourceType": "Patient", "id": "emr-1", "name": [{"text": "김안나"}]})
    claimed = claim(emr.consumer)
    assert claimed is not None

    @transactional
    def recognise() -> None:
        db.session.add(
            Link(
                target="emr",
                kind="patient",
                aggregate_id=str(one),
                resource_type="Patient",
                remote_id="emr-1",
                etag='W/"1"',
                is_theirs=True,
                delivered_seq=0,
            )
        )

    recognise()
    receipt = Receipt(resource_type="Patient", remote_id=str(one), etag=None, is_theirs=False)
    assert finish(claimed, {claimed.items[0]: Delivered(receipt)}, {}, has_answered=True) == 1
    assert (link(Kind.PATIENT, one).remote_id, link(Kind.PATIENT, one).is_theirs) == ("emr-1", True)
    emr.drain()
    assert link(Kind.PATIENT, one).delivered_seq == seq_of(Patient, one)


def test_what_the_emr_has_added_to_ours_stays_there_once_it_was_read(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    one = people(hospital, 1)[0]
    emr.deliver()
    edited = fhir_server.put({**fhir_server.get(f"Patient/{one}"), "address": [{"text": "서울"}]})
    stamp = stamp_of(edited, "Patient")
    assert take(emr.target, stamp, edited, site=SITE) is Took.TAKEN
    touch(Patient, one)
    emr.deliver()
    held = fhir_server.get(f"Patient/{one}")
    assert held["address"] == [{"text": "서울"}]


def test_a_bundle_costs_a_few_statements_however_many_it_carries(
    app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    emr.deliver()
    counted = []
    for number in (1, 40):
        ours = people(hospital, number)
        relay.deliver_due(emr.consumer)
        for one in ours:
            touch(Patient, one)
        with statements() as here:
            relay.deliver_due(emr.consumer)
        counted.append(here.number)
    assert counted[0] == counted[1]


def test_many_workers_bring_each_visit_once(
    mariadb_app: Flask, hospital: Hospital, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    fhir_server.control(config={"REF_INTEGRITY": True})
    for _ in range(12):
        hospital.waiting("consult", "lab")
    together(mariadb_app, [emr.deliver for _ in range(4)])
    emr.drain()
    everything_stands_there(emr, at_least=12 * 6)
    assert {row.attempts for row in rows()} == {0}


def test_two_workers_learn_the_same_at_once(mariadb_app: Flask, hospital: Hospital) -> None:
    target = emr_at_nothing().target
    told_ = dict.fromkeys(TYPES.values(), (True, True))
    said = together(
        mariadb_app,
        [lambda: linking.learn(target, told_, by=linking.METADATA, detail="x") for _ in range(6)],
    )
    assert said == [None] * 6
    assert len(takes()) == len(set(TYPES.values()))


def test_nothing_is_asked_that_could_not_end_in_time(
    sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    emr = emr_at(fhir_server)
    people(hospital, 2)
    emr.drain()
    asked = emr.requests()
    monkeypatch.setattr(delivering, "SEND_SECONDS", 5.0)  # less than one request may take
    for one in links():
        touch(Patient, UUID(one.aggregate_id))
    emr.deliver()
    assert emr.requests() == asked
    assert {(row.status, row.attempts, row.claims) for row in opened()} == {("pending", 0, 0)}
    assert {row.last_error for row in opened()} == {answers.TIME_UP}
    monkeypatch.undo()
    emr.drain()
    everything_stands_there(emr, at_least=2)


def emr_at_nothing() -> Emr:
    """Return a target that nobody asks."""
    server = FhirServer("http://127.0.0.1:9")
    return emr_at(server)


def _rendered(emr: Emr, patient_id: UUID) -> str:
    """Return what would be sent of a patient."""
    wanted = relay.Wanted("patient", patient_id)
    found = emr.consumer.render([wanted])[wanted]
    release()
    assert isinstance(found, relay.Rendered)
    return found.payload
