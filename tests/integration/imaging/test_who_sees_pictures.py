"""Whose pictures somebody sees: those of an open record; radiology every study, also those that are nobody's yet."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Flask

from app import settings
from app.boards import queries as boards
from app.core.actor import SYSTEM, Actor
from app.core.errors import NotAllowedError, NotFoundError
from app.core.transaction import release
from app.imaging import services as imaging
from app.journey import services as journey
from tests.hospital import Hospital
from tests.integration.imaging.pictures import Pictures
from tests.web.scenes import statements

WHY = "의식 저하, 영상 확인 필요"
MIA = Actor(kind="staff", role="radiology", id=uuid4())


@pytest.fixture(autouse=True)
def _var(app: Flask, tmp_path: Path) -> Iterator[None]:
    before = settings.current()
    settings.use(before.model_copy(update={"var_dir": tmp_path}))
    yield
    settings.use(before)


def person(hospital: Hospital) -> tuple[UUID, str]:
    """Return a waiting patient, and the record number."""
    patient = boards.my_visit(hospital.waiting("consult"), by=None).patient_id
    number = boards.patient_record(patient, by=hospital.cast.henry).mrn
    release()
    return patient, number


def received(of: Pictures, files: int = 1) -> str:
    """Take a study over and return its UID."""
    for number in range(1, files + 1):
        taken = imaging.take(of.file(number), name="a.dcm", source="test", by=SYSTEM)
        assert taken.study_id is not None
    release()
    return of.study


def sees(uid: str, by: Actor) -> str:
    release()
    try:
        return boards.seen_study(uid=uid, by=by).study_instance_uid
    except (NotFoundError, NotAllowedError) as refusal:
        return refusal.code


def test_the_record_decides_and_radiology_sees_all(hospital: Hospital) -> None:
    cast = hospital.cast
    patient, number = person(hospital)
    uid, nobodys = received(Pictures(patient_id=number)), received(Pictures(patient_id="K-0"))
    moved = replace(cast.grace, units=frozenset({hospital.other}))

    assert {sees(uid, by) for by in (cast.anne, cast.flora, cast.grace, MIA)} == {uid}
    assert {sees(uid, by) for by in (cast.ben, moved)} == {"NOT_FOUND"}
    assert {sees(nobodys, by) for by in (cast.anne, cast.grace, cast.flora)} == {"NOT_FOUND"}
    assert sees(nobodys, MIA) == nobodys
    for by in (cast.chris, cast.henry, cast.iris, cast.jonas, cast.kate, cast.eve, cast.dana):
        assert {sees(uid, by), sees(nobodys, by), sees("1.2.3", by)} == {"NOT_ALLOWED"}

    journey.call_next(hospital.consult, hospital.rooms[0], by=cast.grace)
    assert sees(uid, moved) == uid, "who has called somebody treats them, in whatever unit"
    journey.declare_emergency(number, reason=WHY, by=cast.ben)
    assert sees(uid, cast.ben) == uid
    assert boards.seen_study(uid=uid, by=cast.ben).patient_id == patient


def test_a_study_of_a_duplicate_goes_with_the_record_that_lives_on(hospital: Hospital) -> None:
    (first, first_number), (second, second_number) = person(hospital), person(hospital)
    uid = received(Pictures(patient_id=second_number))
    words = {"other_name"}
    journey.merge_records(second, into=first, reason="같은 환자분", confirm=words, by=hospital.cast.henry)
    release()
    assert boards.seen_study(uid=uid, by=hospital.cast.anne).patient_id == first
    assert sees(uid, hospital.cast.ben) == "NOT_FOUND"
    for number in (first_number, second_number):
        (line,) = boards.seen_studies(patient_number=number, limit=9, by=hospital.cast.anne).studies
        assert (line.study_instance_uid, line.patient_number) == (uid, first_number)


def test_pictures_are_looked_up_inside_their_study(hospital: Hospital) -> None:
    _, number = person(hospital)
    mine, other = Pictures(patient_id=number), Pictures(patient_id=number)
    received(mine, files=3)
    received(other)
    anne = hospital.cast.anne
    whole = boards.seen_study(uid=mine.study, by=anne)
    (series,) = whole.series
    assert [one.number for one in series.instances] == [1, 2, 3]
    second = series.instances[1].uid
    narrowed = boards.seen_study(uid=mine.study, series=series.uid, instance=second, by=anne)
    assert [one.uid for run in narrowed.series for one in run.instances] == [second]
    (theirs,) = boards.seen_study(uid=other.study, by=MIA).series
    for run, one in (
        (theirs.uid, None),
        (theirs.uid, theirs.instances[0].uid),
        (series.uid, theirs.instances[0].uid),
        (theirs.uid, second),
    ):
        with pytest.raises(NotFoundError):
            boards.seen_study(uid=mine.study, series=run, instance=one, by=anne)
    assert boards.seen_study(study_id=whole.study_id, by=anne) == whole
    with pytest.raises(NotFoundError):
        boards.seen_study(by=MIA)  # of no study in particular


def test_a_look_takes_a_fixed_number_of_statements(hospital: Hospital) -> None:
    _, number = person(hospital)
    uids = [received(Pictures(patient_id=number), files=files) for files in (1, 5)]
    for by, each in ((hospital.cast.anne, 2), (hospital.cast.grace, 2), (MIA, 1)):
        release()
        with statements() as asked:
            for uid in uids:
                boards.seen_study(uid=uid, by=by)
            boards.seen_studies(uids=uids, limit=9, by=by)
        assert len(asked) == 2 * each + 2


def test_a_list_holds_what_somebody_may_see(hospital: Hospital) -> None:
    (_, number), (_, other) = person(hospital), person(hospital)
    first, second = received(Pictures(patient_id=number), files=2), received(Pictures(patient_id=number))
    received(Pictures(patient_id=other))
    nobodys = received(Pictures(patient_id="K-0"))
    cast = hospital.cast

    def listed(by: Actor, **asked: object) -> list[str]:
        release()
        found = boards.seen_studies(limit=9, by=by, **asked)  # type: ignore[arg-type]
        return [one.study_instance_uid for one in found.studies]

    assert listed(cast.anne, patient_number=number) == [second, first]
    assert listed(cast.ben, patient_number=number) == []
    assert listed(cast.anne, uids=[first, nobodys]) == [first]
    assert listed(MIA, uids=[first, nobodys]) == [nobodys, first]
    (line,) = boards.seen_studies(uids=[nobodys], limit=9, by=MIA).studies
    assert (line.patient_id, line.patient_name, line.patient_number) == (None, "", "")
    (line,) = boards.seen_studies(uids=[first], limit=9, by=MIA).studies
    assert (line.modalities, line.series, line.instances) == (("CT",), 1, 2)
    with pytest.raises(NotAllowedError):
        boards.seen_studies(uids=[first], limit=9, by=cast.henry)
