"""A study that came in gets its named end: measured, not analysable with the reason, or failed with a sentence."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from highdicom.seg import segread
from highdicom.sr import Comprehensive3DSR, srread
from pydicom import dcmread
from pydicom.dataset import Dataset
from sqlalchemy import select

from app import settings
from app.boards import queries as boards
from app.core import clock, relay
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.errors import TransitionRefusedError
from app.core.outbox import OutboxPromise
from app.imaging import archive as archives
from app.imaging import consumers
from app.imaging import services as imaging
from app.imaging.archive import Orthanc
from app.imaging.rules import REFUSALS, At
from app.imaging.services import Outcome, measuring
from app.inference.errors import Refusal
from app.inference.findings import Result
from app.settings.inference import BUILT_IN
from tests.integration.imaging.heads import (
    head,
    instances,
    measures,
    results,
    study,
    take_in,
    work,
)
from tests.integration.imaging.pictures import Pictures
from tests.unit.inference.given import CARD, mean_model, offer

LESION_ML = 15.0


@pytest.fixture(autouse=True)
def house(own_var: Path) -> Iterator[Path]:
    """Let studies be measured as soon as they are there."""
    before = settings.current()
    settings.use(before.model_copy(update={"analysis_quiet_seconds": 0}))
    relay.clear()
    consumers.register_consumers()
    yield own_var
    relay.clear()
    settings.use(before)


def promised() -> list[tuple[str, str | None]]:
    """Return what became of what was promised to the one that measures."""
    rows = select(OutboxPromise.status, OutboxPromise.outcome).where(OutboxPromise.consumer == "imaging")
    return [(row.status, row.outcome) for row in db.session.execute(rows.order_by(OutboxPromise.seq))]


def document(uid: str, sop_uid: str | None) -> bytes:
    (found,) = [one for one in instances(uid, "inference") if one.sop_instance_uid == sop_uid]
    dataset = dcmread(BytesIO(archive_file(uid, found.sop_instance_uid)))
    assert dataset.StudyInstanceUID == uid
    return archive_file(uid, found.sop_instance_uid)


def archive_file(uid: str, sop_uid: str) -> bytes:
    archive = archives.configured()
    (series,) = [one for one in archive.series_of(uid) if sop_uid in archive.instances_of(uid, one)]
    return archive.instance(At(study=uid, series=series, instance=sop_uid))


@pytest.mark.parametrize("lesion_ml", [2.0, 5.0, 40.0])
def test_a_lesion_is_measured_within_a_fifth(lesion_ml: float) -> None:
    uid = take_in(head(1, lesion_ml))
    work()
    assert study(uid).state == "measured", study(uid).reason
    (result,) = results(uid)
    assert measures(result)["dense-volume"] == pytest.approx(lesion_ml, rel=0.2)


def test_a_study_is_measured_once_and_written_down_as_unverified() -> None:
    slices = head(1, LESION_ML)
    for one in slices:  # as a file without a patient's data leaves them out
        for name in ("StudyDate", "PatientSex", "PatientBirthDate", "ReferringPhysicianName", "StudyID"):
            delattr(one, name)
    uid = take_in(slices)
    work()
    (result,) = results(uid)
    found = measures(result)
    assert found["dense-volume"] == pytest.approx(LESION_ML, rel=0.2)
    assert found["dense-volume-left"] == pytest.approx(found["dense-volume"])
    assert (result.is_current, result.is_shadow, result.refusal) == (True, False, None)

    segmentation = segread(BytesIO(document(uid, result.seg_sop_uid)))
    labels = [one.SegmentLabel for one in segmentation.SegmentSequence]
    assert labels == ["brain", "dense"]
    (algorithm,) = segmentation.SegmentSequence[1].SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (result.model_id, result.model_version)
    assert segmentation.DeviceSerialNumber == result.model_sha256

    file = document(uid, result.sr_sop_uid)
    report = srread(BytesIO(file))
    assert isinstance(report, Comprehensive3DSR)
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert result.model_sha256.encode() in file
    content: Any = report.content
    groups = content.get_volumetric_roi_measurement_groups()
    volumes = {group.tracking_identifier: group.get_measurements()[0].value for group in groups}
    assert volumes == {"brain": found["brain-volume"], "dense": found["dense-volume"]}

    work()  # what it has made itself is no news
    assert study(uid).state == "measured"
    with pytest.raises(TransitionRefusedError):
        imaging.analyse(uid, by=SYSTEM)
    imaging.analyse(uid, again=True, by=SYSTEM)
    work()
    assert study(uid).state == "measured"
    assert [one.id for one in results(uid)] == [result.id]
    assert len(instances(uid, "inference")) == 2
    assert {status for status, _ in promised()} == {"completed"}

    of = Pictures(patient_id="PHANTOM", study=uid)
    taken = imaging.take(of.file(Modality="SEG"), name="a.dcm", source="orthanc", by=SYSTEM)
    assert taken.outcome is Outcome.STORED
    assert study(uid).state == "measured", "what was made from pictures is no new picture"


def without(slices: list[Dataset], *numbers: int) -> list[Dataset]:
    return [one for number, one in enumerate(slices) if number not in numbers]


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, ...], Refusal]] = {
    "a plastic phantom": ({"with_skull": False}, (), Refusal.BRAIN_VOLUME),
    "an MR": ({"modality": "MR"}, (), Refusal.NOT_CT),
    "slope 0": ({"slope": 0.0}, (), Refusal.RESCALE_INVALID),
    "missing slices": ({}, (8, 9, 10), Refusal.MISSING_SLICES),
    "contrast": ({"contrast": "Iohexol"}, (), Refusal.CONTRAST),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_judged_is_said_to_be_so(what: str) -> None:
    said, missing, refusal = REFUSED[what]
    uid = take_in(without(head(**said), *missing))
    work()
    found = study(uid)
    assert (found.state, found.reason) == ("not_analysable", REFUSALS[refusal])
    (result,) = results(uid)
    assert (result.refusal, result.measures, result.seg_sop_uid, result.is_current) == (
        refusal,
        [],
        None,
        True,
    )
    shown = boards.measured_study(found.public_id, by=None)
    assert (shown.reason, shown.series) == (REFUSALS[refusal], ())


def test_every_refusal_has_its_sentence() -> None:
    assert set(REFUSALS) == {str(one) for one in Refusal}


def test_a_study_waits_until_no_more_pictures_come() -> None:
    settings.use(settings.current().model_copy(update={"analysis_quiet_seconds": 20}))
    uid = take_in(head(modality="MR"))
    work()
    assert (study(uid).state, promised()[-1]) == ("received", ("pending", None))
    with time_machine.travel(study(uid).last_received_at.timestamp() + 21):
        work()
    assert study(uid).state == "not_analysable"


def test_a_picture_that_comes_meanwhile_lets_it_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    *first, last = head(1, LESION_ML)
    uid = take_in(first)
    measure, lengths = measuring.measure, []

    def interrupted(volume: Any, model_id: str, version: str | None = None) -> Result:
        lengths.append(len(volume.stored))
        found = measure(volume, model_id, version)
        take_in([last])
        return found

    monkeypatch.setattr(measuring, "measure", interrupted)
    work()
    assert lengths == [19, 20]
    assert study(uid).state == "measured"
    (result,) = results(uid)
    assert result.is_current
    assert len(instances(uid, "inference")) == 2


def test_a_shadow_is_kept_and_shown_to_nobody(house: Path) -> None:
    models = house / "models"
    models.mkdir()
    offer(models, "brightness", mean_model())
    shadows = f"{CARD['id']}:{CARD['version']}"
    settings.use(
        settings.current().model_copy(update={"inference_models_dir": models, "inference_shadows": shadows})
    )
    uid = take_in(head(1, LESION_ML))
    work()
    answered, shadow = results(uid)
    assert f"{answered.model_id}:{answered.model_version}" == BUILT_IN
    assert (shadow.is_shadow, shadow.is_current, shadow.sr_sop_uid) == (True, True, None)
    assert shadow.measures
    (shown,) = boards.measured_study(study(uid).public_id, by=None).series
    assert shown.model == f"{answered.model_id} {answered.model_version}"


def test_an_archive_that_is_away_costs_nothing(house: Path) -> None:
    uid = take_in(head(with_skull=False))
    here = settings.current()
    settings.use(here.model_copy(update={"orthanc_url": "http://127.0.0.1:9"}))  # discard: nobody listens
    work()
    assert study(uid).state == "received"
    assert {status for status, _ in promised()} == {"pending"}
    settings.use(here)
    with time_machine.travel(clock.utcnow().timestamp() + 60):
        work()
    assert study(uid).state == "not_analysable"


def test_a_picture_that_was_changed_in_the_archive_is_not_measured(house: Path) -> None:
    uid = take_in(head(1, LESION_ML))
    one = sorted((house / "archive" / uid).rglob("*.dcm"))[7]
    one.write_bytes(one.read_bytes()[:-2] + b"\x07\x07")
    work()
    found = study(uid)
    assert (found.state, results(uid)) == ("failed", [])
    assert "another picture than it was given" in (found.reason or "")


def test_what_takes_more_memory_than_it_may_ends_by_itself() -> None:
    settings.use(settings.current().model_copy(update={"inference_memory_mb": 96}))
    uid = take_in(head(with_skull=False))
    work()
    found = study(uid)
    assert found.state in {"not_analysable", "failed"}, (
        "the word is the allocator's: no memory, or no library"
    )
    assert found.reason
    assert {status for status, _ in promised()} <= {"completed", "dead_letter"}


def test_what_came_before_anybody_measured_is_taken_up() -> None:
    relay.clear()
    uid = take_in(head(modality="MR"))
    consumers.register_consumers()
    assert work() == 0
    with time_machine.travel(clock.utcnow().timestamp() + 1000):
        assert imaging.take_up_forgotten() == 1
        assert imaging.take_up_forgotten() == 0
        work()
    assert study(uid).state == "not_analysable"


@pytest.mark.orthanc
def test_what_is_measured_is_kept_in_a_real_archive_and_is_no_news_from_there(with_orthanc: Orthanc) -> None:
    settings.use(settings.current().model_copy(update={"analysis_quiet_seconds": 0}))
    uid = take_in(head(2, LESION_ML))
    work()
    (result,) = results(uid)
    assert srread(BytesIO(document(uid, result.sr_sop_uid))).PreliminaryFlag == "PRELIMINARY"
    imaging.follow_archive(most_seconds=30)
    assert (study(uid).state, len(instances(uid, "inference"))) == ("measured", 2)
    assert not instances(uid, "orthanc")
