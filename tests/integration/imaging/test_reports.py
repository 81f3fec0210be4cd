"""Reports: written by several hands without losing a word, signed once, and never written over."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app.boards import queries as boards
from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import (
    InvalidError,
    NotAllowedError,
    NotFoundError,
    TransitionRefusedError,
    VersionMissingError,
    VersionStaleError,
)
from app.core.outbox import TopicEvent
from app.core.transaction import release
from app.emr.models import Patient
from app.imaging import services as imaging
from app.imaging.models import Report, Study
from tests.hospital import Hospital
from tests.integration.imaging.pictures import Pictures
from tests.integration.imaging.reading import NORA, OTTO, came_in, patient, trail
from tests.together import together


def report(study_id: UUID, by: Actor = NORA) -> boards.StudyReport:
    found = boards.report_of(study_id, by=by)
    release()
    return found


def signed(study_id: UUID, words: str = "출혈 없음.") -> int:
    return imaging.sign_report(study_id, version=0, text=words, by=NORA).version


def test_a_draft_is_signed_and_amended_and_every_signed_text_stays(app: Flask) -> None:
    study_id = came_in(patient())
    first = imaging.save_report(study_id, version=0, text="  출혈 없음.\r\n정중선 이동 없음.  ", by=NORA)
    assert report(study_id).text == "출혈 없음.\n정중선 이동 없음."
    assert imaging.sign_report(study_id, version=first.version, text="출혈 없음.", by=OTTO).version == 2
    now = report(study_id)
    assert (now.status, now.text, now.signed_by_name, now.is_behind) == ("final", "출혈 없음.", "Otto", False)
    imaging.amend_report(study_id, version=2, text="소량 출혈.", reason="재검토", by=NORA)
    assert trail(study_id) == [
        (1, "final", "출혈 없음.", None, "Otto"),
        (2, "amended", "소량 출혈.", "재검토", "Nora"),
    ]
    now = report(study_id)
    assert (now.status, now.version, [one.text for one in now.earlier]) == ("amended", 3, ["출혈 없음."])


def test_two_who_write_at_once_meet_and_lose_no_word(app: Flask) -> None:
    study_id = came_in(patient())

    def write(by: Actor) -> Callable[[], object]:
        return lambda: imaging.save_report(study_id, version=0, text=f"{by.name}의 소견", by=by)

    answers = together(app, [write(NORA), write(OTTO)] * 4)
    (refused, *others) = [one for one in answers if isinstance(one, VersionStaleError)]
    assert len(others) == len(answers) - 2
    now = report(study_id)
    assert (now.version, now.text) == (1, f"{now.author_name}의 소견")
    assert refused.now.fields == {"text": now.text}  # type: ignore[attr-defined]
    assert refused.now.by_name == now.author_name  # type: ignore[attr-defined]


def test_it_is_signed_once(app: Flask) -> None:
    study_id = came_in(patient())
    answers = together(
        app, [lambda: imaging.sign_report(study_id, version=0, text="출혈 없음.", by=NORA)] * 6
    )
    assert sum(isinstance(one, imaging.Reported) for one in answers) == 1
    assert sum(isinstance(one, TransitionRefusedError) for one in answers) == 5
    assert len(trail(study_id)) == 1


def test_a_signed_report_is_changed_by_amending_alone(app: Flask) -> None:
    study_id = came_in(patient())
    with pytest.raises(TransitionRefusedError):
        imaging.amend_report(study_id, version=0, text="소견", reason="이유", by=NORA)
    version = signed(study_id)
    for write in (imaging.save_report, imaging.sign_report):
        with pytest.raises(TransitionRefusedError) as refused:
            write(study_id, version=version, text="다른 소견", by=OTTO)
        assert refused.value.details["why"] == "report_signed"
    for reason in ("", "   ", "가" * 301):
        with pytest.raises(InvalidError):
            imaging.amend_report(study_id, version=version, text="다른 소견", reason=reason, by=OTTO)
    with pytest.raises(VersionStaleError):
        imaging.amend_report(study_id, version=version - 1, text="다른 소견", reason="재검토", by=OTTO)
    assert [one[2] for one in trail(study_id)] == [report(study_id).text] == ["출혈 없음."]


def test_two_amendments_at_once_are_one_and_a_question(app: Flask) -> None:
    study_id = came_in(patient())
    version = signed(study_id)
    answers = together(
        app,
        [
            lambda: imaging.amend_report(study_id, version=version, text="하나", reason="재검토", by=NORA),
            lambda: imaging.amend_report(study_id, version=version, text="둘", reason="재검토", by=OTTO),
        ],
    )
    assert sorted(type(one).__name__ for one in answers) == ["Reported", "VersionStaleError"]
    assert len(trail(study_id)) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE imaging_report_text SET text = 'other'",
        "UPDATE imaging_report_text SET signed_by_name = 'other'",
        "DELETE FROM imaging_report_text",
    ],
)
def test_the_database_itself_keeps_what_was_signed(app: Flask, statement: str) -> None:
    study_id = came_in(patient())
    signed(study_id)
    with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
        connection.execute(text(statement))
    assert [one[2] for one in trail(study_id)] == ["출혈 없음."]


@pytest.mark.parametrize("words", ["", " \n ", "가" * 9_001])
def test_a_report_says_something_and_not_a_book(hospital: Hospital, words: str) -> None:
    study_id = came_in(patient())
    for write in (imaging.save_report, imaging.sign_report):
        with pytest.raises(InvalidError):
            write(study_id, version=0, text=words, by=NORA)
    assert report(study_id).status is None


def test_who_posts_no_version_or_an_old_one_is_refused(hospital: Hospital) -> None:
    study_id = came_in(patient())
    imaging.save_report(study_id, version=0, text="초안", by=NORA)
    with pytest.raises(VersionMissingError):
        imaging.save_report(study_id, version=None, text="다른 초안", by=OTTO)
    for version in (0, 2):
        with pytest.raises(VersionStaleError):
            imaging.save_report(study_id, version=version, text="다른 초안", by=OTTO)
    assert report(study_id).text == "초안"


@pytest.mark.parametrize(
    "name", ["anne", "ben", "chris", "dana", "eve", "flora", "grace", "henry", "iris", "jonas", "kate"]
)
def test_only_radiology_writes(hospital: Hospital, name: str) -> None:
    study_id = came_in(patient())
    by = getattr(hospital.cast, name)
    with pytest.raises(NotAllowedError):
        imaging.save_report(study_id, version=0, text="소견", by=by)
    with pytest.raises(NotAllowedError):
        imaging.sign_report(study_id, version=0, text="소견", by=by)
    with pytest.raises(NotAllowedError):
        imaging.amend_report(study_id, version=0, text="소견", reason="이유", by=by)


def test_a_draft_is_its_writers_own(hospital: Hospital) -> None:
    study_id = came_in(patient())
    imaging.save_report(study_id, version=0, text="아직 확실하지 않음", by=NORA)
    assert report(study_id, OTTO).text == "아직 확실하지 않음"
    for by in (hospital.cast.grace, hospital.cast.anne):
        assert report(study_id, by) == boards.StudyReport(study_id=study_id)
        assert boards.reports_of([study_id], by=by) == {}
    imaging.sign_report(study_id, version=1, text="출혈 없음.", by=NORA)
    assert report(study_id, hospital.cast.grace).text == "출혈 없음."
    assert boards.reports_of([study_id], by=hospital.cast.anne)[study_id].signed_by_name == "Nora"


def test_nobodys_study_is_drafted_and_not_signed(hospital: Hospital) -> None:
    study_id = came_in()
    imaging.save_report(study_id, version=0, text="출혈 없음.", by=NORA)
    with pytest.raises(TransitionRefusedError) as refused:
        imaging.sign_report(study_id, version=1, text="출혈 없음.", by=NORA)
    assert refused.value.details["why"] == "report_of_nobody"
    with pytest.raises(NotFoundError):
        imaging.save_report(uuid4(), version=0, text="소견", by=NORA)


def test_a_signature_is_told_and_audited_a_draft_leaves_no_house(hospital: Hospital) -> None:
    of = patient()
    study_id = came_in(of)
    imaging.save_report(study_id, version=0, text="초안", by=NORA)
    moves = select(TopicEvent.topic, TopicEvent.kind).where(
        TopicEvent.kind.in_(["report.final", "study.reported"])
    )
    assert db.session.execute(moves).all() == []
    imaging.sign_report(study_id, version=1, text="출혈 없음.", by=NORA)
    report_id = db.session.execute(select(Report.public_id)).scalar_one()
    assert sorted(db.session.execute(moves).all()) == [
        (f"report:{report_id}", "report.final"),
        (f"study:{study_id}", "study.reported"),
    ]
    rows = db.session.execute(select(AuditRow).where(AuditRow.action.startswith("imaging:report:"))).scalars()
    assert [(row.action, row.patient, row.object, row.actor_id) for row in rows] == [
        ("imaging:report:save", of, f"study:{study_id}", NORA.id),
        ("imaging:report:sign", of, f"study:{study_id}", NORA.id),
    ]


def test_pictures_that_come_later_want_to_be_read(own_var: Path, hospital: Hospital) -> None:
    patient()
    newest = select(Patient.mrn).order_by(Patient.id.desc()).limit(1)
    of = Pictures(patient_id=db.session.execute(newest).scalar_one())
    release()

    def come_in(number: int) -> None:
        taken = imaging.take(of.file(number), name="a.dcm", source="test", by=SYSTEM)
        assert taken.outcome is imaging.Outcome.STORED

    come_in(1)
    study_id = db.session.execute(select(Study.public_id)).scalar_one()
    version = signed(study_id)
    assert boards.worklist(by=NORA).rows == ()
    come_in(2)
    assert report(study_id).is_behind
    (row,) = boards.worklist(by=NORA).rows
    assert (row.study_id, row.is_again, row.status) == (study_id, True, "final")
    imaging.amend_report(
        study_id, version=version, text="추가 영상에서도 출혈 없음.", reason="추가 영상", by=NORA
    )
    assert not report(study_id).is_behind
    assert boards.worklist(by=NORA).rows == ()
