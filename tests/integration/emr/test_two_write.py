"""Many write one note at once, on each database: one is first, the others are told, and no word is lost."""

from functools import partial

import pytest
from flask import Flask

from app.boards import queries as boards
from app.core.db import db
from app.core.errors import VersionStaleError
from app.emr import queries as emr_queries
from app.emr import services as emr
from app.emr.queries import Snapshot
from app.emr.rules import NoteKind
from tests.hospital import Hospital
from tests.together import together

NURSES = 8


@pytest.mark.parametrize("has_begun", [True, False])
def test_one_of_many_is_first_and_the_others_see_whom(
    app: Flask, hospital: Hospital, *, has_begun: bool
) -> None:
    visit = hospital.waiting("consult")
    seen = 0
    if has_begun:
        seen = emr.write_note(visit, NoteKind.NURSING, version=0, text="처음", by=hospital.cast.anne).version
    db.session.remove()

    def write(number: int) -> int:
        text = f"간호사 {number}"
        return emr.write_note(visit, NoteKind.NURSING, version=seen, text=text, by=hospital.cast.anne).version

    answers = together(app, [partial(write, number) for number in range(NURSES)])
    late = [one for one in answers if isinstance(one, VersionStaleError)]
    assert ([one for one in answers if one not in late], len(late)) == ([seen + 1], NURSES - 1)
    record = emr_queries.encounter_record(visit, by=hospital.cast.anne)
    assert record.nursing.version == seen + 1
    for one in late:
        assert isinstance(one.now, Snapshot)
        assert (one.now.fields["text"], one.now.by_name) == (record.nursing.text, "Anne")


def test_a_timeline_has_visits_notes_and_allergies_on_each_database(app: Flask, hospital: Hospital) -> None:
    visit = hospital.waiting("consult", name="김시간")
    patient = boards.my_visit(visit, by=None).patient_id
    emr.write_note(visit, NoteKind.NURSING, version=0, text="체온 36.5", by=hospital.cast.anne)
    emr.add_allergy(patient, substance="페니실린", criticality="high", by=hospital.cast.grace)
    page = boards.record_page(patient, by=hospital.cast.anne)
    assert {line.kind for line in page.timeline} == {"visit", "note", "allergy"}
    assert [line.at for line in page.timeline] == sorted((line.at for line in page.timeline), reverse=True)
    for typed in ("ㄱㅅㄱ", "김시", "1953-04-12"):
        assert emr_queries.search_records(typed, by=hospital.cast.anne).total == 1


def test_every_version_of_a_record_is_kept_with_its_writer(app: Flask, hospital: Hospital) -> None:
    cast = hospital.cast
    patient = boards.my_visit(hospital.waiting("consult", name="이원래"), by=None).patient_id
    for version, (name, by) in enumerate((("이먼저", cast.henry), ("이나중", cast.grace)), start=1):
        emr.edit_demographics(patient, version=version, name=name, by=by)
    with pytest.raises(VersionStaleError) as late:
        emr.edit_demographics(patient, version=1, name="이늦음", by=cast.henry)
    base, now = late.value.base, late.value.now
    assert isinstance(base, Snapshot)
    assert isinstance(now, Snapshot)
    assert (base.fields["name"], now.fields["name"], now.by_name) == ("이원래", "이나중", "Grace")
    assert "name" not in late.value.details  # the refusal itself names nobody
