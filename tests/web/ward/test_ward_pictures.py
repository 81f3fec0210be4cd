"""What a ward sees of a patient's pictures: how far they have come, then numbers that are no diagnosis."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Flask, session
from flask.testing import FlaskClient

from app import settings
from app.boards import queries as boards
from app.core.actor import SYSTEM, Actor
from app.core.errors import RefusedError
from app.core.locking import hold
from app.core.transaction import release, transactional
from app.imaging import queries
from app.imaging import services as imaging
from app.imaging.models import Study
from app.imaging.services import analysing
from app.imaging.services.keeping import keep, key_of
from app.inference.findings import Findings, Measure, ModelRef, Result
from app.journey import services as journey
from app.live import topics
from tests.hospital import Hospital
from tests.integration.imaging.pictures import Pictures
from tests.services.silent import silent
from tests.web.scenes import entry_of, statements

Browser = Callable[[str], FlaskClient]
MEASURES = (
    Measure("dense-volume", 15.1, "mL"),
    Measure("mirror-difference", 3.08, "[hnsf'U]"),
    Measure("axis-turn", -2.0, "deg"),
)
ANSWERS = ModelRef("head-ct-measurement", "1", "0" * 64)
SHADOW = ModelRef("asked-besides", "1", "1" * 64)
MIA = Actor(kind="staff", role="radiology", id=uuid4())


@pytest.fixture
def pictured(sqlite_app: Flask, hospital: Hospital, tmp_path: Path) -> Iterator[tuple[UUID, UUID]]:
    """Give a waiting patient's visit, and a study that belongs to it."""
    before = settings.current()
    settings.use(before.model_copy(update={"var_dir": tmp_path}))
    visit = hospital.waiting("consult")
    patient = boards.my_visit(visit, by=None).patient_id
    number = boards.patient_record(patient, by=hospital.cast.henry).mrn
    release()
    of = Pictures(patient_id=number)
    imaging.take(of.file(), name="a.dcm", source="test", by=SYSTEM)
    study_id = queries.study_id_of(of.study)
    assert study_id is not None
    of_visit(study_id, visit)
    yield visit, study_id
    settings.use(before)


@transactional
def of_visit(study_id: UUID, visit_id: UUID) -> None:
    hold(Study, study_id).visit_id = visit_id


def begun(study_id: UUID) -> analysing.Task:
    task = analysing.begin(study_id)
    assert task is not None
    return task


def measured(study_id: UUID) -> None:
    """Let two models have answered, one of them in the shadow."""
    task = begun(study_id)
    (run,) = task.runs
    keys = {}
    for model, is_shadow in ((ANSWERS, False), (SHADOW, True)):
        result = Result(
            model=model,
            study_instance_uid=task.study_instance_uid,
            series_instance_uid=run.uid,
            input_sha256="0" * 64,
            findings=Findings(measures=MEASURES),
        )
        keep(task, key_of(run, model), result, None, is_shadow=is_shadow)
        keys[key_of(run, model)] = is_shadow
    analysing.answer(task, keys)
    release()


def row_of(browser: FlaskClient, hospital: Hospital, visit: UUID) -> str:
    page = browser.get(f"/ward/{hospital.consult}").text
    _, _, rest = page.partition(f'<tr id="entry-{entry_of(visit).public_id}"')
    return rest.partition("</tr>")[0]


def seq_of(hospital: Hospital) -> int:
    found = boards.seqs_of([hospital.consult], [])[hospital.consult]
    release()
    return found


def test_a_row_and_a_sheet_show_how_far_the_pictures_have_come(
    browser_of: Browser, hospital: Hospital, pictured: tuple[UUID, UUID]
) -> None:
    visit, study_id = pictured
    browser = browser_of("anne")
    assert 'data-study-state="received"' in row_of(browser, hospital, visit)
    before = seq_of(hospital)
    analysing.go_on(begun(study_id), 40)
    assert seq_of(hospital) == before + 1, "the line is painted anew"
    row = row_of(browser, hospital, visit)
    assert 'data-study-state="analysing"' in row
    assert "40 %" in row
    measured(study_id)
    assert 'data-study-state="measured"' in row_of(browser, hospital, visit)

    sheet = browser.get(f"/ward/{hospital.consult}/entries/{entry_of(visit).public_id}").text
    assert f'data-topic="study:{study_id}"' in sheet
    for said in ("15.1", "mL", "3.1", "HU", "-2.0", "°", "head-ct-measurement 1"):
        assert said in sheet
    assert "asked-besides" not in sheet
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    henry = browser_of("henry").get(f"/ward/{hospital.consult}/entries/{entry_of(visit).public_id}").text
    assert "15.1" not in henry, "the desk sees who waits, not what was measured"


def test_a_study_says_why_it_has_no_numbers(hospital: Hospital, pictured: tuple[UUID, UUID]) -> None:
    _, study_id = pictured
    task = begun(study_id)
    analysing.fail(study_id, "There is no such sentence. | model", since=task.since)
    shown = boards.measured_study(study_id, by=MIA)
    assert (shown.state, shown.reason, shown.series) == ("failed", "There is no such sentence. | model", ())


def test_who_may_follow_a_study(sqlite_app: Flask, hospital: Hospital, pictured: tuple[UUID, UUID]) -> None:
    _, study_id = pictured
    topic = f"study:{study_id}"

    def follows(by: Actor) -> str:
        release()
        with sqlite_app.test_request_context():
            session.clear()
            try:
                return topics.grant([topic], by=by, locale="ko")[topic]
            except RefusedError as refusal:
                return refusal.code

    cast = hospital.cast
    assert {follows(by) for by in (cast.anne, cast.flora, cast.grace, MIA)} == {"study:ko"}
    assert follows(cast.ben) == "NOT_FOUND"
    for by in (cast.chris, cast.henry, cast.iris, cast.jonas, cast.eve, cast.dana):
        assert follows(by) == "NOT_ALLOWED"


def test_a_study_is_pushed_as_it_stands(
    sqlite_app: Flask, hospital: Hospital, pictured: tuple[UUID, UUID]
) -> None:
    _, study_id = pictured
    topic = f"study:{study_id}"
    measured(study_id)
    stage = topics.Hospital()
    with sqlite_app.test_request_context():
        pushed = stage.render(topic, "study:ko")
        assert stage.seqs([topic]) == {topic: pushed.seq}
        covered = stage.render(topic, f"{topics.COVERED}study:ko")
    assert f'id="study-{study_id}"' in pushed.text
    assert "진단이 아닌 측정값" in pushed.text or "Measurement, not a diagnosis" in pushed.text
    assert "15.1" in pushed.text
    assert "15.1" not in covered.text


def test_an_archive_that_hangs_costs_a_ward_nothing(
    browser_of: Browser, hospital: Hospital, pictured: tuple[UUID, UUID]
) -> None:
    visit, study_id = pictured
    measured(study_id)
    browser = browser_of("anne")
    pages = (f"/ward/{hospital.consult}", f"/ward/{hospital.consult}/entries/{entry_of(visit).public_id}")
    for page in pages:
        browser.get(page)
    with silent() as hanging:
        counts = []
        for url in ("", hanging.address):
            settings.use(settings.current().model_copy(update={"orthanc_url": url}))
            with statements() as seen:
                for page in pages:
                    assert browser.get(page).status_code == 200
            counts.append(len(seen))
        assert "15.1" in browser.get(pages[1]).text
        assert counts[0] == counts[1]
        assert hanging.taken == 0
