"""What the EMR already has: ours or newer, older, foreign, their own; and what of theirs must stay."""

from typing import Any

from app.fhir.relay.answers import GONE_THERE, NOT_OURS
from app.fhir.relay.looking import GIVEN_UP, OVERWRITTEN, Known, Seen
from app.fhir.relay.looking import judge as judge_at
from app.fhir.rules import SOURCE_VERSION

OURS = Known(remote_id="1", etag='W/"a"', delivered_seq=3)
THEIRS = Known(remote_id="1", etag='W/"a"', is_theirs=True)


def judge(ours: dict[str, Any], seq: int, known: Known | None, found: dict[str, Any] | None) -> Seen:
    etag = f'W/"{found["meta"]["versionId"]}"' if found is not None else None
    return judge_at(ours, seq, known, found, etag)


def patient(
    seq: int | None = None, etag: str | None = None, text: str = "김안내", **more: Any
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Patient",
        "id": "1",
        "name": [{"use": "official", "text": text}],
        **more,
    }
    if etag:
        made["meta"] = {"versionId": etag}
    if seq is not None:
        made["extension"] = [*more.get("extension", []), {"url": SOURCE_VERSION, "valueInteger": seq}]
    return made


def test_what_is_not_there_is_written() -> None:
    assert judge(patient(4), 4, None, None).resource == patient(4)
    assert judge(patient(4), 4, OURS, None).etag is None
    assert judge(patient(4), 4, THEIRS, None).skip == GONE_THERE


def test_ours_or_a_newer_one_is_there() -> None:
    for seq in (4, 5):
        seen = judge(patient(4), 4, OURS, patient(seq, "b"))
        assert (seen.is_there, seen.etag, seen.clash) == (True, 'W/"b"', None)


def test_an_older_one_of_ours_is_written_over_at_its_etag() -> None:
    seen = judge(patient(4), 4, OURS, patient(3, "a"))
    assert (seen.is_there, seen.etag, seen.clash) == (False, 'W/"a"', None)


def test_one_of_ours_whose_answer_was_lost_is_no_conflict() -> None:
    seen = judge(patient(5), 5, OURS, patient(4, "b"))
    assert (seen.resource, seen.etag, seen.clash) == (patient(5), 'W/"b"', None)


def test_a_foreign_edit_is_overwritten_and_kept() -> None:
    for theirs in (patient(3, "b", "edited"), patient(None, "b", "edited")):
        seen = judge(patient(4), 4, OURS, theirs)
        assert seen.clash is not None
        assert (seen.clash.theirs, seen.clash.their_version, seen.clash.outcome) == (
            theirs,
            'W/"b"',
            OVERWRITTEN,
        )
        assert (seen.resource, seen.etag) == (patient(4), 'W/"b"')


def test_one_that_they_had_first_is_adopted() -> None:
    theirs = patient(None, "b", address=[{"text": "서울"}])
    seen = judge(patient(4, birthDate="1953-04-12"), 4, None, theirs)
    assert seen.is_theirs
    assert seen.clash is not None
    assert seen.clash.outcome == GIVEN_UP
    assert seen.is_there  # nothing of ours is said over a record that we have just met


def test_the_desks_correction_reaches_their_record_and_leaves_the_rest() -> None:
    theirs = patient(
        None,
        "a",
        "김안나",
        address=[{"text": "서울"}],
        name=[{"use": "nickname", "text": "안나"}, {"use": "official", "text": "김안나", "given": ["안나"]}],
    )
    seen = judge(patient(4, birthDate="1953-04-12", gender="female"), 4, THEIRS, theirs)
    assert seen.resource is not None
    assert seen.clash is None
    assert seen.resource["name"] == [
        {"use": "nickname", "text": "안나"},
        {"use": "official", "text": "김안내"},
    ]
    assert (seen.resource["birthDate"], seen.resource["gender"]) == ("1953-04-12", "female")
    assert seen.resource["address"] == [{"text": "서울"}]
    assert seen.resource["extension"] == [{"url": SOURCE_VERSION, "valueInteger": 4}]


def test_their_own_correction_stays_where_we_have_not_seen_it_yet() -> None:
    seen = judge(patient(4), 4, THEIRS, patient(None, "b", "김안나"))
    assert seen.clash is not None
    assert (seen.is_there, seen.clash.outcome) == (True, GIVEN_UP)


def test_nothing_new_leaves_their_record_in_peace() -> None:
    assert judge(patient(4), 4, THEIRS, patient(None, "a")).is_there
    assert judge(patient(4), 4, THEIRS, patient(2, "a")).is_there


def test_what_we_decide_is_said_over_an_unseen_version_too() -> None:
    theirs = {
        "resourceType": "Appointment",
        "id": "9",
        "status": "booked",
        "comment": "무릎",
        "meta": {"versionId": "z"},
        "extension": [{"url": "urn:theirs", "valueString": "x"}, {"url": SOURCE_VERSION, "valueInteger": 1}],
    }
    ours = {
        "resourceType": "Appointment",
        "id": "ours",
        "status": "arrived",
        "comment": "other",
        "extension": [{"url": SOURCE_VERSION, "valueInteger": 2}],
    }
    seen = judge(ours, 2, THEIRS, theirs)
    assert seen.resource is not None
    assert (seen.resource["id"], seen.resource["status"], seen.resource["comment"]) == (
        "9",
        "arrived",
        "무릎",
    )
    assert [one["url"] for one in seen.resource["extension"]] == ["urn:theirs", SOURCE_VERSION]
    assert seen.resource["extension"][1]["valueInteger"] == 2
    assert theirs["status"] == "booked"


def test_their_rooms_are_never_written() -> None:
    room = {"resourceType": "Location", "id": "1", "meta": {"versionId": "a"}}
    assert judge({**room, "status": "suspended"}, 2, THEIRS, room).skip == NOT_OURS
