"""Records: who finds and reads whom, and how two who write one record lose no word."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.boards import queries as boards
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import NotAllowedError
from app.emr import queries as emr_queries
from app.emr import services as emr
from app.emr.rules import LONGEST_NOTE, NoteKind
from app.journey import services as journey
from tests.hospital import Hospital
from tests.pages import csrf_of, send
from tests.web.plain import Plain
from tests.web.scenes import statements

Browsers = Callable[[str], FlaskClient]


def patient_of(visit: UUID) -> UUID:
    found = boards.my_visit(visit, by=None).patient_id
    db.session.remove()
    return found


def rows(model: type) -> int:
    db.session.rollback()
    return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def note_path(patient: UUID, visit: UUID, kind: str = "nursing") -> str:
    return f"/patients/{patient}/visits/{visit}/notes/{kind}"


WHO_READS = [
    ("anne", 200),
    ("ben", 404),  # nurse of another ward
    ("chris", 403),
    ("flora", 200),
    ("grace", 200),
    ("henry", 200),
    ("iris", 403),
    ("jonas", 403),
    ("eve", 401),
]


@pytest.mark.parametrize(("name", "status"), WHO_READS)
def test_who_reads_a_record(browser_of: Browsers, hospital: Hospital, name: str, status: int) -> None:
    visit = hospital.waiting("consult", name="박기록")
    patient = patient_of(visit)
    emr.add_allergy(patient, substance="페니실린", criticality="high", by=hospital.cast.anne)
    emr.write_note(visit, NoteKind.MEDICAL, version=0, text="혈압 조절 양호", by=hospital.cast.grace)
    answer = browser_of(name).get(f"/patients/{patient}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert ("박기록" in page) == (status == 200)
    sees_clinical = name in {"anne", "flora", "grace"}
    assert ("페니실린" in page) == sees_clinical
    assert ("혈압 조절 양호" in page) == sees_clinical


@pytest.mark.parametrize(
    ("name", "finds"),
    [("anne", 1), ("ben", 0), ("flora", 1), ("grace", 1), ("henry", 2)],
)
@pytest.mark.parametrize("typed", ["문초성", "ㅁㅊㅅ", "ㅁㅊ", "1953-04-12", "19530412", "문"])
def test_who_finds_whom(hospital: Hospital, name: str, finds: int, typed: str) -> None:
    hospital.waiting("consult", name="문초성")
    emr.enter_patient(
        name="문초순", birth_date=date(1953, 4, 12), phone="010-2345-6789", by=hospital.cast.henry
    )
    if typed == "문초성":
        finds = min(finds, 1)
    found = emr_queries.search_records(typed, by=getattr(hospital.cast, name))
    assert (found.total, len(found.rows), len(found.discloses)) == (finds, finds, finds)


@pytest.mark.parametrize("name", ["chris", "iris", "jonas", "eve", "dana"])
def test_nobody_else_searches(hospital: Hospital, name: str) -> None:
    with pytest.raises(NotAllowedError):
        emr_queries.search_records("문", by=getattr(hospital.cast, name))


def test_number_and_phone_find_one_and_wild_cards_nobody(hospital: Hospital) -> None:
    patient = emr.enter_patient(
        name="백퍼센트",
        birth_date=date(1970, 1, 2),
        phone="010-2345-6781",
        mrn="H-0077",
        by=hospital.cast.henry,
    )
    for typed in ("H-0077", "6781"):
        assert [row.id for row in emr_queries.search_records(typed, by=hospital.cast.henry).rows] == [patient]
    for typed in ("%", "_", "백%", "", "  "):
        assert not emr_queries.search_records(typed, by=hospital.cast.henry).rows


def test_a_search_is_paged_takes_two_statements_and_is_audited_once(
    browser_of: Browsers, hospital: Hospital
) -> None:
    for number in range(23):
        emr.enter_patient(
            name=f"허많은{number:02}", birth_date=date(1970, 1, 2), phone=None, by=hospital.cast.henry
        )
    db.session.remove()
    for by in (hospital.cast.henry, hospital.cast.anne):
        with statements() as seen:
            found = emr_queries.search_records("ㅎㅁㅇ", page=2, by=by)
        assert len(seen) == 2, seen
        db.session.remove()
    found = emr_queries.search_records("ㅎㅁㅇ", page=2, by=hospital.cast.henry)
    assert (found.total, found.pages, len(found.rows)) == (23, 2, 3)
    desk, before = browser_of("henry"), rows(AuditRow)
    asked = {"csrf_token": csrf_of(desk.get("/patients")), "search": "ㅎㅁㅇ", "page": "2"}
    page = desk.post("/patients/search", data=asked).get_data(as_text=True)
    assert page.count("허많은") == 3
    assert rows(AuditRow) == before + 1


def test_a_record_page_takes_a_fixed_number_of_statements(hospital: Hospital) -> None:
    visit = hospital.waiting("consult", "lab")
    patient = patient_of(visit)
    counted = []
    for _ in range(2):
        emr.add_allergy(patient, substance="땅콩", criticality="low", by=hospital.cast.anne)
        emr.add_contact(
            patient, name="김보호", relation="child", phone="010-1111-2222", by=hospital.cast.henry
        )
        row = []
        for by in (hospital.cast.henry, hospital.cast.anne):
            db.session.remove()
            with statements() as seen:
                boards.record_page(patient, by=by)
            row.append(len(seen))
        counted.append(row)
    assert counted[0] == counted[1] == [10, 18]


@pytest.mark.parametrize("htmx", [True, False])
def test_two_nurses_write_one_note_and_the_second_merges(
    browser_of: Browsers, hospital: Hospital, *, htmx: bool
) -> None:
    visit = hospital.waiting("consult")
    patient = patient_of(visit)
    emr.write_note(visit, NoteKind.NURSING, version=0, text="체온 36.5\n통증 없음", by=hospital.cast.anne)
    anne, flora = browser_of("anne"), browser_of("flora")
    page, note = f"/patients/{patient}", note_path(patient, visit)
    assert send(flora, page, note, version=1, text="체온 37.8\n통증 없음").status_code == 303
    stale = send(anne, page, note, htmx=htmx, version=1, text="체온 36.5\n통증 3점")
    text = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert stale.headers.get("HX-Retarget") == ("#conflict" if htmx else None)
    assert "Flora" in text
    assert 'role="alert"' in text
    assert "체온 37.8\n통증 3점" in text  # both changes, as they will be saved
    assert 'name="version" value="2"' in text
    merged = send(anne, page, note, version=2, text="체온 37.8\r\n통증 3점")
    assert merged.status_code == 303
    record = emr_queries.encounter_record(visit, by=hospital.cast.anne)
    assert (record.nursing.version, record.nursing.text) == (3, "체온 37.8\n통증 3점")


def test_who_meets_in_one_line_chooses_and_nothing_is_preselected(
    browser_of: Browsers, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    patient = patient_of(visit)
    emr.write_note(visit, NoteKind.NURSING, version=0, text="통증 없음", by=hospital.cast.anne)
    emr.write_note(visit, NoteKind.NURSING, version=1, text="통증 2점", by=hospital.cast.flora)
    anne = Plain(browser_of("anne"))
    page, note = f"/patients/{patient}", note_path(patient, visit)
    stale = send(anne.client, page, note, version=1, text="통증 5점")
    text = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert "통증 2점" in text
    assert "통증 5점" in text
    assert "checked" not in text
    assert text.count('type="radio"') == text.count(" required>") == 3
    # A browser that lets the choice be forgotten is asked again, with the words.
    forgotten = send(anne.client, page, note, version=2, seen=1, asked="text", text="통증 5점")
    assert forgotten.status_code == 409
    assert "통증 5점" in forgotten.get_data(as_text=True)
    both: dict[str, Any] = {
        "choose-text": "both",
        "both-text": "통증 2점 → 5점",
        "text": "통증 5점",
        "asked": "text",
    }
    assert send(anne.client, page, note, version=2, seen=1, **both).status_code == 303
    assert emr_queries.encounter_record(visit, by=hospital.cast.anne).nursing.text == "통증 2점 → 5점"


def test_the_longest_notes_of_two_fit_into_the_page_of_their_conflict(
    browser_of: Browsers, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    patient = patient_of(visit)
    mine, theirs = "가" * LONGEST_NOTE, "나" * LONGEST_NOTE
    emr.write_note(visit, NoteKind.NURSING, version=0, text="첫 기록", by=hospital.cast.anne)
    emr.write_note(visit, NoteKind.NURSING, version=1, text=theirs, by=hospital.cast.flora)
    anne = Plain(browser_of("anne"))
    page, note = f"/patients/{patient}", note_path(patient, visit)
    stale = send(anne.client, page, note, version=1, text=mine)
    assert stale.status_code == 409
    assert theirs in stale.get_data(as_text=True)
    chosen: dict[str, Any] = {
        "asked": "text",
        "choose-text": "mine",
        "text": mine,
        "both-text": f"{theirs}\n{mine}",
    }
    assert send(anne.client, page, note, version=2, seen=1, **chosen).status_code == 303
    assert emr_queries.encounter_record(visit, by=hospital.cast.anne).nursing.text == mine


def test_a_second_conflict_shows_the_same_page_again(browser_of: Browsers, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    patient = patient_of(visit)
    for version, said in enumerate(("하나", "둘", "셋")):
        emr.write_note(visit, NoteKind.NURSING, version=version, text=said, by=hospital.cast.flora)
    mine: dict[str, Any] = {"choose-text": "mine", "text": "내 것", "asked": "text"}
    page, note = f"/patients/{patient}", note_path(patient, visit)
    again = send(browser_of("anne"), page, note, version=2, seen=1, **mine)
    assert again.status_code == 409
    assert "내 것" in again.get_data(as_text=True)
    assert "셋" in again.get_data(as_text=True)


def test_a_stale_form_is_refused_without_anybody_else_at_work(
    browser_of: Browsers, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    patient = patient_of(visit)
    anne, page, note = browser_of("anne"), f"/patients/{patient}", note_path(patient, visit)
    assert send(anne, page, note, version=0, text="첫 기록").status_code == 303
    assert send(anne, page, note, version=0, text="같은 창에서 또").status_code == 409
    assert send(anne, page, note, text="판 없음").status_code == 428


@pytest.mark.parametrize("htmx", [True, False])
def test_what_was_taken_away_gives_the_own_words_back(
    browser_of: Browsers, hospital: Hospital, *, htmx: bool
) -> None:
    visit = hospital.waiting("consult")
    patient = patient_of(visit)
    emr.write_note(visit, NoteKind.NURSING, version=0, text="잘못 쓴 기록", by=hospital.cast.flora)
    emr.remove_note(visit, NoteKind.NURSING, version=1, by=hospital.cast.flora)
    anne, page, note = browser_of("anne"), f"/patients/{patient}", note_path(patient, visit)
    gone = send(anne, page, note, htmx=htmx, version=1, text="이어 쓴 내 기록")
    assert gone.status_code == 410
    assert "이어 쓴 내 기록" in gone.get_data(as_text=True)
    assert send(anne, page, note, version=2, text="이어 쓴 내 기록").status_code == 303
    allergy = emr.add_allergy(patient, substance="라텍스", criticality="low", by=hospital.cast.anne)
    emr.edit_allergy(patient, allergy.id, version=1, status="entered-in-error", by=hospital.cast.grace)
    answer = send(
        anne,
        page,
        f"{page}/allergies/{allergy.id}",
        htmx=htmx,
        version=1,
        substance="라텍스",
        reaction="두드러기",
        criticality="high",
        status="active",
    )
    text = answer.get_data(as_text=True)
    assert answer.status_code == 410
    assert "두드러기" in text
    assert f'action="{page}/allergies"' in text


@pytest.mark.parametrize("part", ["allergies", "contacts", "flags"])
def test_a_form_that_lacks_its_fields_is_asked_for_them(
    browser_of: Browsers, hospital: Hospital, part: str
) -> None:
    page = f"/patients/{patient_of(hospital.waiting('consult'))}"
    answer = send(browser_of("grace"), page, f"{page}/{part}")
    assert answer.status_code == 422
    assert "has-error" in answer.get_data(as_text=True)


def test_fields_that_do_not_touch_are_merged_and_only_what_meets_is_asked(
    browser_of: Browsers, hospital: Hospital
) -> None:
    patient = patient_of(hospital.waiting("consult", name="이원래"))
    allergy = emr.add_allergy(
        patient, substance="아스피린", reaction="발진", criticality="low", by=hospital.cast.anne
    )
    emr.edit_allergy(
        patient, allergy.id, version=1, criticality="high", reaction="호흡곤란", by=hospital.cast.grace
    )
    anne, page = browser_of("anne"), f"/patients/{patient}"
    mine: dict[str, Any] = {
        "substance": "아스피린 (저용량)",
        "reaction": "두드러기",
        "criticality": "low",
        "status": "active",
    }
    text = send(anne, page, f"{page}/allergies/{allergy.id}", version=1, **mine).get_data(as_text=True)
    assert 'name="asked" value="reaction"' in text
    assert text.count('name="asked"') == 1
    assert 'name="substance" hidden>아스피린 (저용량)<' in text
    assert 'name="criticality"' not in text  # hers stays, and is not sent
    chosen: dict[str, Any] = {"choose-reaction": "now"}
    saved = send(
        anne,
        page,
        f"{page}/allergies/{allergy.id}",
        version=2,
        seen=1,
        asked="reaction",
        substance="아스피린 (저용량)",
        reaction="두드러기",
        **chosen,
    )
    assert saved.status_code == 303
    (now,) = emr_queries.patient_record(patient, by=hospital.cast.anne).allergies or ()
    assert (now.version, now.substance, now.reaction, now.criticality) == (
        3,
        "아스피린 (저용량)",
        "호흡곤란",
        "high",
    )


def test_refusals_of_fields_keep_what_was_typed(browser_of: Browsers, hospital: Hospital) -> None:
    patient = patient_of(hospital.waiting("consult"))
    page = f"/patients/{patient}"
    answer = send(browser_of("anne"), page, f"{page}/allergies", substance="새우", criticality="")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="새우"' in text
    assert 'id="allergy-criticality-error"' in text
    inside = send(browser_of("anne"), page, f"{page}/allergies", htmx=True, substance="새우", criticality="")
    assert (inside.status_code, inside.headers["HX-Retarget"]) == (422, "#form-allergy")
    assert inside.headers["HX-Reselect"] == "#form-allergy"
    (form,) = re.findall(r'<form [^>]*id="form-allergy".*?</form>', inside.get_data(as_text=True), re.DOTALL)
    for said in ('value="새우"', 'id="allergy-criticality-error"', 'href="#allergy-criticality"'):
        assert said in form
    # A note of a visit on another page of the list: its form is not there, so the sentence alone comes, on top.
    elsewhere = note_path(patient, hospital.waiting("consult", name="다른환자"))
    lost = send(browser_of("anne"), page, elsewhere, htmx=True, version=0, text=" ")
    assert (lost.headers["HX-Retarget"], lost.headers["HX-Reselect"]) == ("#conflict", ".error-summary")


def test_each_profession_writes_its_own_note(browser_of: Browsers, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    patient = patient_of(visit)
    page = f"/patients/{patient}"
    for name, kind, status in (
        ("anne", "medical", 403),
        ("grace", "nursing", 403),
        ("grace", "medical", 303),
        ("flora", "nursing", 303),
    ):
        answer = send(browser_of(name), page, note_path(patient, visit, kind), version=0, text="기록")
        assert answer.status_code == status, (name, kind)
    ben = browser_of("ben")
    assert send(ben, "/patients", note_path(patient, visit), version=1, text="기록").status_code == 404


def test_duplicates_are_merged_with_a_trail_and_parted_again(
    browser_of: Browsers, hospital: Hospital
) -> None:
    here, expected = hospital.waiting("consult", name="정중복"), hospital.expect("lab", name="정중복")
    old, new = patient_of(expected), patient_of(here)
    emr.add_contact(old, name="정보호", relation="child", phone="010-1111-2222", by=hospital.cast.henry)
    emr.add_allergy(old, substance="조영제", criticality="high", by=hospital.cast.anne)
    mrn = emr_queries.patient_card(new, by=hospital.cast.henry).mrn
    db.session.remove()
    desk, page = browser_of("henry"), f"/patients/{old}"
    unknown = send(desk, page, f"{page}/merge", mrn="nobody", reason="같은 사람")
    assert unknown.status_code == 422
    assert send(desk, page, f"{page}/merge", mrn=mrn, reason="").status_code == 422
    compared = send(desk, page, f"{page}/merge", mrn=mrn, reason="전화번호와 생년월일이 같음")
    assert compared.status_code == 200
    text = compared.get_data(as_text=True)
    assert mrn in text
    assert 'name="confirm"' not in text  # one name, one birth date: nothing to tick
    assert patient_of(expected) == old, "looking merges nothing"
    answer = send(desk, page, f"{page}/merge", mrn=mrn, into=new, reason="전화번호와 생년월일이 같음")
    assert answer.headers["Location"] == f"/patients/{new}"
    assert patient_of(expected) == new
    record = emr_queries.patient_record(new, by=hospital.cast.anne)
    assert [one.substance for one in record.allergies or ()] == ["조영제"]
    assert [one.name for one in record.contacts] == ["정보호"]
    (trail,) = record.duplicates
    assert (trail.reason, trail.by_name, trail.moved) == ("전화번호와 생년월일이 같음", "Henry", 4)
    db.session.remove()
    # Whoever still stands on the duplicate's page reads and writes what lives on.
    added = send(
        browser_of("anne"),
        f"/patients/{new}",
        f"/patients/{new}/allergies",
        substance="콩",
        criticality="low",
    )
    assert added.status_code == 303
    parted = send(desk, f"/patients/{new}", f"/patients/merges/{trail.id}/undo", reason="다른 사람")
    assert parted.headers["Location"] == page
    assert patient_of(expected) == old
    assert [
        one.substance for one in emr_queries.patient_record(old, by=hospital.cast.anne).allergies or ()
    ] == ["조영제"]
    assert [
        one.substance for one in emr_queries.patient_record(new, by=hospital.cast.anne).allergies or ()
    ] == ["콩"]
    assert send(desk, f"/patients/{new}", f"/patients/merges/{trail.id}/undo", reason="또").status_code == 409


def test_two_who_differ_are_merged_only_when_each_difference_is_ticked(
    browser_of: Browsers, hospital: Hospital
) -> None:
    old = patient_of(hospital.expect("lab", name="정다름"))
    new = emr.enter_patient(
        name="정단아", birth_date=date(1953, 4, 13), phone=None, mrn="H-9", by=hospital.cast.henry
    )
    emr.add_identifier(old, kind="hospital", system="한빛병원", value="K-1", by=hospital.cast.henry)
    desk, page = browser_of("henry"), f"/patients/{old}"
    asked: dict[str, Any] = {"mrn": "H-9", "reason": "개명"}
    text = send(desk, page, f"{page}/merge", **asked).get_data(as_text=True)
    for said in ("정다름", "정단아", "1953-04-12", "1953-04-13", "한빛병원", "K-1"):
        assert said in text
    assert text.count('name="confirm"') == text.count(" required>") == 2
    asked["into"] = str(new)
    for ticked in ([], ["other_name"]):
        refused = send(desk, page, f"{page}/merge", **asked, confirm=ticked)
        assert refused.status_code == 422
        assert refused.get_data(as_text=True).count('class="error"') == 2 - len(ticked)
    assert emr_queries.patient_record(old, by=hospital.cast.henry).is_active
    db.session.remove()
    both = send(desk, page, f"{page}/merge", **asked, confirm=["other_name", "other_birth_date"])
    assert both.headers["Location"] == f"/patients/{new}"
    (number,) = emr_queries.patient_record(new, by=hospital.cast.henry).identifiers
    assert number.value == "K-1"


def test_a_look_at_two_records_takes_a_fixed_number_of_statements(hospital: Hospital) -> None:
    old, new = (patient_of(hospital.expect("lab", "consult", name="정중복")) for _ in range(2))
    mrn = emr_queries.patient_card(new, by=hospital.cast.henry).mrn
    db.session.remove()
    with statements() as seen:
        board = boards.merge_preview(old, mrn, by=hospital.cast.henry)
    assert len(seen) == 6, seen
    assert (board.following, board.unlike, len(board.discloses)) == ({"booking": 1}, (), 2)


def test_the_desk_notes_a_number_and_ends_it_for_a_reason(browser_of: Browsers, hospital: Hospital) -> None:
    patient = patient_of(hospital.waiting("consult"))
    desk, page = browser_of("henry"), f"/patients/{patient}"
    number: dict[str, Any] = {"kind": "insurance", "value": "12345678901"}
    assert send(desk, page, f"{page}/identifiers", **number).status_code == 303
    found = send(desk, "/patients", "/patients/search", search="12345678901").get_data(as_text=True)
    assert page in found
    again = send(desk, page, f"{page}/identifiers", **number)
    assert (again.status_code, 'id="identifier-value-error"' in again.get_data(as_text=True)) == (422, True)
    (noted,) = emr_queries.patient_record(patient, by=hospital.cast.henry).identifiers
    db.session.remove()
    end = f"{page}/identifiers/{noted.id}/end"
    assert send(desk, page, end, version=1, reason="").status_code == 422
    assert send(desk, page, end, version=1, reason="다른 분의 번호").status_code == 303
    assert send(desk, page, end, version=2, reason="또").status_code == 410
    assert "12345678901" not in desk.get(page).get_data(as_text=True)
    assert send(browser_of("anne"), page, f"{page}/identifiers", **number).status_code == 403


def test_an_emergency_opens_one_record_for_an_hour_and_its_ward_is_told(
    web: Flask, browser_of: Browsers, hospital: Hospital
) -> None:
    patient = patient_of(hospital.waiting("consult", name="오응급"))
    other = patient_of(hospital.waiting("consult", name="오다른"))
    mrn = emr_queries.patient_card(patient, by=hospital.cast.henry).mrn
    db.session.remove()
    ben = browser_of("ben")
    assert ben.get(f"/patients/{patient}").status_code == 404
    assert send(ben, "/patients", "/patients/emergency", mrn=mrn, reason="").status_code == 422
    opened = send(ben, "/patients", "/patients/emergency", mrn=mrn, reason="의식 없이 발견되어 알레르기 확인")
    assert opened.headers["Location"] == f"/patients/{patient}"
    assert ben.get(f"/patients/{patient}").status_code == 200
    assert ben.get(f"/patients/{other}").status_code == 404
    assert browser_of("anne").get(f"/patients/{patient}").status_code == 200
    page = browser_of("anne").get(f"/ward/{hospital.consult}").get_data(as_text=True)
    assert "A patient&#39;s record was opened in an emergency" in page or "응급" in page
    assert (
        send(browser_of("henry"), "/patients", "/patients/emergency", mrn=mrn, reason="아무 이유").status_code
        == 403
    )


def test_the_hour_of_an_emergency_ends(hospital: Hospital) -> None:
    from datetime import timedelta  # noqa: PLC0415

    from app.core.transaction import transactional  # noqa: PLC0415
    from app.emr.models import EmergencyAccess  # noqa: PLC0415

    patient = patient_of(hospital.waiting("consult"))
    mrn = emr_queries.patient_card(patient, by=hospital.cast.henry).mrn
    journey.declare_emergency(mrn, reason="의식 저하", by=hospital.cast.ben)
    emr_queries.check_reach(patient, by=hospital.cast.ben)
    db.session.remove()

    @transactional
    def an_hour_later() -> None:
        row = db.session.execute(select(EmergencyAccess)).scalar_one()
        assert row.until - row.begun_at == timedelta(minutes=60)
        row.begun_at, row.until = row.begun_at - timedelta(minutes=60), row.begun_at

    an_hour_later()
    from app.core.errors import NotFoundError  # noqa: PLC0415

    with pytest.raises(NotFoundError):
        emr_queries.check_reach(patient, by=hospital.cast.ben)
