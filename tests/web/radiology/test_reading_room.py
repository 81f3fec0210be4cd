"""Radiology's pages: who opens which, what moves the list, and that nobody's words are lost."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import select

from app.boards import queries as boards
from app.core import clock
from app.core.audit import AuditRow
from app.core.db import db
from app.core.transaction import release
from app.imaging import services as imaging
from tests.integration.imaging.reading import NORA, came_in, ordered, patient, trail
from tests.web.plain import Plain
from tests.web.radiology.conftest import ReadingRoom
from tests.web.scenes import statements


def own_patient(room: ReadingRoom, name: str = "박영상") -> UUID:
    """Return a patient who waits in the ward of Anne, Flora and Grace."""
    found = boards.my_visit(room.hospital.waiting("consult", name=name), by=None).patient_id
    release()
    return found


def was(text: str) -> dict[str, Any]:
    """Return what a form remembers of the text that it was written upon."""
    return {"was-text": text}


WHO_OPENS = [
    ("anne", 403, 200),
    ("ben", 403, 404),  # nurse of another ward
    ("chris", 403, 403),
    ("flora", 403, 200),
    ("grace", 403, 200),
    ("henry", 403, 403),
    ("iris", 403, 403),
    ("jonas", 403, 403),
    ("kate", 403, 403),
    ("eve", 401, 401),
]


@pytest.mark.parametrize(("name", "worklist", "study"), WHO_OPENS)
def test_who_opens_what_and_reads_signed_reports_alone(
    room: ReadingRoom, name: str, worklist: int, study: int
) -> None:
    study_id = came_in(own_patient(room))
    imaging.save_report(study_id, version=0, text="아직 초안", by=NORA)
    browser = room.browser_of(name)
    assert browser.get("/radiology").status_code == worklist
    assert browser.get("/radiology/list").status_code == worklist
    page = browser.get(f"/radiology/{study_id}")
    assert page.status_code == study
    assert "아직 초안" not in page.get_data(as_text=True)
    imaging.sign_report(study_id, version=1, text="출혈 없음", by=NORA)
    said = browser.get(f"/radiology/{study_id}").get_data(as_text=True)
    assert ("출혈 없음" in said) == (study == 200)
    assert "report-form" not in said
    for deed in ("report", "sign", "amend"):
        answer = browser.post(f"/radiology/{study_id}/{deed}", data={"text": "x", "version": 2})
        assert answer.status_code in {400, 401, 403}
    assert room.report(study_id).version == 2


def test_a_report_is_written_without_script(room: ReadingRoom) -> None:
    study_id = came_in(patient())
    plain = Plain(room.nora).open(f"/radiology/{study_id}")
    plain.press("/report", text="초안입니다")
    assert (plain.path, room.report(study_id).text) == (f"/radiology/{study_id}", "초안입니다")
    form = next(form for form in plain.forms() if form.action.endswith("/report"))
    signed = room.nora.post(f"/radiology/{study_id}/sign", data={**form.fields, "text": "출혈 없음"})
    assert signed.status_code == 303
    plain.open(f"/radiology/{study_id}").press("/amend", text="소량 출혈", reason="재검토")
    assert [one[2:4] for one in trail(study_id)] == [("출혈 없음", None), ("소량 출혈", "재검토")]
    assert "출혈 없음" in plain.text  # the history


def test_two_who_write_at_once_see_both_texts_and_both_are_kept(room: ReadingRoom) -> None:
    study_id = came_in(patient())
    assert room.post(room.nora, study_id, "report", version=0, text="노라의 소견").status_code == 204
    stale = room.post(room.otto, study_id, "report", version=0, text="오토의 소견", **was(""))
    page = stale.get_data(as_text=True)
    assert (stale.status_code, stale.headers["HX-Retarget"]) == (409, "#conflict")
    assert "노라의 소견" in page
    assert "오토의 소견" in page
    assert "Nora" in page
    chosen: dict[str, Any] = {"seen": 0, "asked": "text", "choose-text": "both", "both-text": "둘 다"}
    both = room.post(room.otto, study_id, "report", version=1, **chosen)
    assert both.status_code == 204
    assert room.report(study_id).text == "둘 다"
    audited = select(AuditRow.id).where(AuditRow.action == "web:radiology.save")
    assert db.session.execute(audited).scalars().all()  # who saw the other's words


def test_lines_that_do_not_touch_are_put_together(room: ReadingRoom) -> None:
    study_id = came_in(patient())
    before = "소견: 없음\n중간\n결론: 없음"
    imaging.save_report(study_id, version=0, text=before, by=NORA)
    room.post(room.nora, study_id, "report", version=1, text=before.replace("소견: 없음", "소견: 정상"))
    stale = room.post(
        room.otto,
        study_id,
        "report",
        version=1,
        text=before.replace("결론: 없음", "결론: 정상"),
        **was(before),
    )
    assert "소견: 정상\n중간\n결론: 정상" in stale.get_data(as_text=True)


def test_the_longest_reports_meet_and_fit_into_their_forms(room: ReadingRoom) -> None:
    study_id = came_in(patient())
    mine, theirs = "가" * 9_000, "나" * 9_000
    imaging.save_report(study_id, version=0, text=theirs, by=NORA)
    stale = room.post(room.otto, study_id, "report", version=0, text=mine, **was(theirs))
    assert stale.status_code == 409
    chosen: dict[str, Any] = {"seen": 0, "asked": "text", "choose-text": "both"}
    chosen["both-text"] = f"{theirs}\n{mine}"
    both = room.post(room.otto, study_id, "report", version=1, text=mine, **chosen)
    assert both.status_code == 422  # too long, and still on the page
    assert mine in both.get_data(as_text=True)
    assert room.report(study_id).text == theirs


def test_words_that_meet_a_signature_stand_in_the_amendment(room: ReadingRoom) -> None:
    study_id = came_in(patient())
    room.post(room.nora, study_id, "sign", version=0, text="출혈 없음")
    for deed in ("report", "sign"):
        late = room.post(room.otto, study_id, deed, version=0, text="오래 쓴 소견")
        page = late.get_data(as_text=True)
        assert (late.status_code, late.headers["HX-Retarget"]) == (409, "#main")
        assert "오래 쓴 소견" in page
        assert '<p class="said">출혈 없음</p>' in page
        assert f"/radiology/{study_id}/amend" in page
    assert room.report(study_id).text == "출혈 없음"


def test_ward_and_record_lead_to_what_was_signed(room: ReadingRoom) -> None:
    of = own_patient(room)
    study_id = came_in(of)
    imaging.save_report(study_id, version=0, text="초안", by=NORA)
    anne, link = room.browser_of("anne"), f'href="/radiology/{study_id}"'
    assert link not in anne.get(f"/patients/{of}").get_data(as_text=True)
    imaging.sign_report(study_id, version=1, text="출혈 없음", by=NORA)
    page = anne.get(f"/patients/{of}").get_data(as_text=True)
    assert link in page
    assert 'data-report="final"' in page


def test_who_waits_for_a_report_has_it_without_a_reload(room: ReadingRoom) -> None:
    study_id = came_in(own_patient(room))
    grace, address = room.browser_of("grace"), f"/radiology/{study_id}/report"
    nothing = boards.StudyReport(study_id=study_id).mark
    imaging.save_report(study_id, version=0, text="아직 초안", by=NORA)
    assert grace.get(f"{address}?since={nothing}").status_code == 204
    imaging.sign_report(study_id, version=1, text="출혈 없음", by=NORA)
    told = grace.get(f"{address}?since={nothing}")
    assert (told.status_code, "출혈 없음" in told.get_data(as_text=True)) == (200, True)
    assert grace.get(f"{address}?since={room.report(study_id).mark}").status_code == 204
    assert room.browser_of("ben").get(address).status_code == 404
    shown = select(AuditRow.id).where(AuditRow.action == "web:radiology.report")
    assert len(db.session.execute(shown).scalars().all()) == 1


def test_nobodys_study_leads_to_the_search_for_its_patient(room: ReadingRoom) -> None:
    study_id = came_in()
    page = room.nora.get(f"/radiology/{study_id}").get_data(as_text=True)
    assert f'href="/imaging/unmatched/{study_id}"' in page
    assert "/sign" not in page
    assert room.post(room.nora, study_id, "sign", version=0, text="출혈 없음").status_code == 409
    assert room.browser_of("grace").get(f"/radiology/{study_id}").status_code == 404


def test_an_amendment_says_why(room: ReadingRoom) -> None:
    study_id = came_in(patient())
    room.post(room.nora, study_id, "sign", version=0, text="출혈 없음")
    silent = room.post(room.nora, study_id, "amend", version=1, text="다른 소견", reason=" ")
    assert silent.status_code == 422
    assert "다른 소견" in silent.get_data(as_text=True)
    assert len(trail(study_id)) == 1


def test_an_overtaken_amendment_keeps_its_reason(room: ReadingRoom) -> None:
    study_id = came_in(patient())
    room.post(room.nora, study_id, "sign", version=0, text="출혈 없음")
    room.post(room.nora, study_id, "amend", version=1, text="소량 출혈", reason="재검토")
    stale = room.post(room.otto, study_id, "amend", version=1, text="다량 출혈", reason="오토의 이유")
    page = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert "다량 출혈" in page
    assert '<textarea name="reason" hidden>오토의 이유</textarea>' in page


@pytest.mark.parametrize("version", ["", "abc", "-1", "9" * 30])
def test_a_form_without_a_version_is_refused(room: ReadingRoom, version: str) -> None:
    study_id = came_in(patient())
    assert room.post(room.nora, study_id, "report", version=version, text="소견").status_code == 428
    assert room.report(study_id).status is None


def test_a_study_that_is_not_there_is_not_found(room: ReadingRoom) -> None:
    nobody = uuid4()
    assert room.nora.get(f"/radiology/{nobody}").status_code == 404
    there = f"/radiology/{came_in(patient())}"
    token = {"csrf_token": Plain(room.nora).open(there).forms()[0].fields["csrf_token"]}
    for deed in ("report", "sign", "amend"):
        answer = room.nora.post(f"/radiology/{nobody}/{deed}", data={**token, "version": 0, "text": "소견"})
        assert answer.status_code == 404


def test_the_most_urgent_is_read_first_then_the_oldest(room: ReadingRoom) -> None:
    came: dict[str, UUID] = {}
    with time_machine.travel(clock.utcnow() - timedelta(hours=1)) as time:
        for name, priority in (
            ("일반", "routine"),
            ("나중", "routine"),
            ("응급", "stat"),
            ("긴급", "urgent"),
        ):
            of = patient(name)
            came[name] = came_in(of, ordered(room.hospital, of, priority=priority, note=f"{name} 의뢰"))
            time.shift(60)
    rows = boards.worklist(by=NORA).rows
    assert [row.name for row in rows] == ["응급", "긴급", "일반", "나중"]
    release()
    page = room.nora.get("/radiology").get_data(as_text=True)
    assert page.index("응급 의뢰") < page.index("긴급 의뢰") < page.index("일반 의뢰")
    assert "두부 CT" in page
    audited = select(AuditRow.patients).where(AuditRow.action == "web:radiology.worklist")
    assert db.session.execute(audited).scalar_one() == 4


def test_the_list_moves_by_itself_and_shows_nobody_twice(room: ReadingRoom) -> None:
    study_id = came_in(patient("김목록"))
    mark = boards.worklist(by=NORA).mark
    release()
    assert room.nora.get(f"/radiology/list?since={mark}").status_code == 204
    imaging.save_report(study_id, version=0, text="초안", by=NORA)
    moved = room.nora.get(f"/radiology/list?since={mark}")
    assert moved.status_code == 200
    assert 'data-report="preliminary"' in moved.get_data(as_text=True)
    mark = boards.worklist(by=NORA).mark
    imaging.sign_report(study_id, version=1, text="출혈 없음", by=NORA)
    release()
    moved = room.nora.get(f"/radiology/list?since={mark}&show=signed")
    assert "김목록" in moved.get_data(as_text=True)
    assert "김목록" not in room.nora.get("/radiology").get_data(as_text=True)


def test_kinds_and_modalities_are_chosen_and_nonsense_is_all(room: ReadingRoom) -> None:
    shown = {"CT": came_in(patient("김시티")), "MR": came_in(patient("이엠알"), modality="MR")}
    imaging.save_report(shown["MR"], version=0, text="초안", by=NORA)
    release()
    for query, names in (
        ("", {"김시티", "이엠알"}),
        ("?modality=CT", {"김시티"}),
        ("?show=draft", {"이엠알"}),
        ("?show=signed", set()),
        ("?show=nonsense&page=-7&modality=", {"김시티", "이엠알"}),
        ("?modality=%EC%97%91%EC%8A%A4%EB%A0%88%EC%9D%B4&page=99", set()),
    ):
        page = room.nora.get(f"/radiology{query}")
        assert page.status_code == 200
        assert {name for name in ("김시티", "이엠알") if name in page.get_data(as_text=True)} == names


def test_a_long_list_has_pages_and_costs_no_more(room: ReadingRoom) -> None:
    def cost(address: str) -> int:
        room.nora.get(address)
        with statements() as seen:
            assert room.nora.get(address).status_code == 200
        return len(seen)

    of = patient()
    first = came_in(of, ordered(room.hospital, of))
    few, one = cost("/radiology"), cost(f"/radiology/{first}")
    for _ in range(60):
        came_in(of, ordered(room.hospital, of))
    release()
    assert cost("/radiology") == few <= 12
    assert cost(f"/radiology/{first}") <= one <= 16
    pages = [
        room.nora.get(f"/radiology?page={page}").get_data(as_text=True).count("data-row") for page in (1, 2)
    ]
    assert pages == [50, 11]
