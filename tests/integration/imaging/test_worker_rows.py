"""What a study's analysis leaves written, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import settings
from app.boards import queries as boards
from app.core import relay
from app.imaging import consumers, queries
from app.imaging.services import analysing
from app.imaging.services.analysing import OvertakenError
from app.imaging.services.keeping import keep, key_of
from app.imaging.states import StudyState
from app.inference.findings import Findings, Measure, ModelRef, Result
from tests.integration.imaging.heads import head, results, study, take_in, work

MODEL = ModelRef("by-hand", "1", "0" * 64)


@pytest.fixture(autouse=True)
def house(app: Flask, tmp_path: Path) -> Iterator[None]:
    """Let the house keep its files apart, and measure at once."""
    before = settings.current()
    settings.use(before.model_copy(update={"var_dir": tmp_path, "analysis_quiet_seconds": 0}))
    relay.clear()
    consumers.register_consumers()
    yield
    relay.clear()
    settings.use(before)


def test_a_refusal_is_an_answer() -> None:
    uid = take_in(head(modality="MR"))
    work()
    assert (study(uid).state, len(results(uid))) == ("not_analysable", 1)
    assert queries.counted().states[StudyState.NOT_ANALYSABLE] == 1


def test_an_answer_is_kept_once_and_outdated_by_a_picture() -> None:
    *first, last = head(modality="MR")
    uid = take_in(first)
    task = analysing.begin(study(uid).public_id)
    assert task is not None
    (run,) = task.runs
    result = Result(
        model=MODEL,
        study_instance_uid=uid,
        series_instance_uid=run.uid,
        input_sha256="0" * 64,
        findings=Findings(measures=(Measure("by-hand", 1.5, "mL"),)),
    )
    for _ in range(2):
        keep(task, key_of(run, MODEL), result, None, is_shadow=False)
    analysing.answer(task, {key_of(run, MODEL): False})
    (shown,) = boards.measured_study(task.study_id, by=None).series
    assert [one.value for one in shown.measures] == [1.5]

    take_in([last])
    assert study(uid).state == "received"
    assert boards.measured_study(task.study_id, by=None).series == ()
    with pytest.raises(OvertakenError):
        analysing.go_on(task, 50)
    again = analysing.begin(task.study_id)
    assert again is not None
    assert key_of(again.runs[0], MODEL) != key_of(run, MODEL)
    analysing.answer(again, {})
    assert [one.is_current for one in results(uid)] == [False]
