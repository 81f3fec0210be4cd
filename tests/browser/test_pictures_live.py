"""A nurse watches a patient's pictures being measured: row and sheet follow by themselves."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from app import settings
from app.boards import queries as boards
from app.core.actor import SYSTEM
from app.core.locking import hold
from app.core.transaction import transactional
from app.imaging import queries
from app.imaging import services as imaging
from app.imaging.models import Study
from app.imaging.services import analysing
from app.imaging.services.keeping import keep, key_of
from app.inference.findings import Findings, Measure, ModelRef, Result
from tests.browser.conftest import House, Visitors, until
from tests.integration.imaging.pictures import Pictures
from tests.web.scenes import entry_of

pytestmark = pytest.mark.browser
MODEL = ModelRef("head-ct-measurement", "1", "0" * 64)
MEASURES = (
    Measure("dense-volume", 15.1, "mL"),
    Measure("dense-volume-left", 15.1, "mL"),
    Measure("dense-volume-right", 0.0, "mL"),
    Measure("mirror-difference", 3.08, "[hnsf'U]"),
    Measure("brain-volume", 1310.8, "mL"),
)


@pytest.fixture
def pictured(house: House, tmp_path: Path) -> Iterator[tuple[UUID, UUID]]:
    """Give a waiting patient's visit, and a study that belongs to it."""
    (visit,) = house.waiting("정미경")
    with house.inside() as hospital:
        settings.use(house.settings.model_copy(update={"var_dir": tmp_path}))
        patient = boards.my_visit(visit, by=None).patient_id
        of = Pictures(patient_id=boards.patient_record(patient, by=hospital.cast.henry).mrn)
        imaging.take(of.file(), name="a.dcm", source="test", by=SYSTEM)
        study_id = queries.study_id_of(of.study)
        assert study_id is not None
        of_visit(study_id, visit)
        yield visit, study_id


@transactional
def of_visit(study_id: UUID, visit_id: UUID) -> None:
    hold(Study, study_id).visit_id = visit_id


def answered(task: analysing.Task) -> None:
    (run,) = task.runs
    result = Result(
        model=MODEL,
        study_instance_uid=task.study_instance_uid,
        series_instance_uid=run.uid,
        input_sha256="0" * 64,
        findings=Findings(measures=MEASURES),
    )
    keep(task, key_of(run, MODEL), result, None, is_shadow=False)
    analysing.answer(task, {key_of(run, MODEL): False})


def test_a_sheet_follows_its_pictures(house: House, visitors: Visitors, pictured: tuple[UUID, UUID]) -> None:
    visit, study_id = pictured
    with house.inside() as hospital:
        sheet = f"/ward/{hospital.consult}/entries/{entry_of(visit).public_id}"
        ward = f"/ward/{hospital.consult}"
    page, line = visitors.staff("anne", sheet), visitors.staff("anne", ward)
    state = f"document.querySelector('#study-{study_id}').dataset.studyState"
    until(page, f"{state} === 'received'")
    with house.inside():
        task = analysing.begin(study_id)
        assert task is not None
        analysing.go_on(task, 40)
    until(page, f"{state} === 'analysing'")
    assert "40 %" in page.inner_text(f"#study-{study_id}")
    until(line, "document.querySelector('tr [data-study-state]')?.dataset.studyState === 'analysing'")
    with house.inside():
        answered(task)
    until(page, f"{state} === 'measured'")
    assert "15.1" in page.inner_text(f"#study-{study_id}")
    until(line, "document.querySelector('tr [data-study-state]')?.dataset.studyState === 'measured'")
    if folder := os.environ.get("SHOTS"):
        for width, name in ((1280, "wide"), (390, "narrow")):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=f"{folder}/sheet-{name}.png", full_page=True)
        line.screenshot(path=f"{folder}/line.png")
