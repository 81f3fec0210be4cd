"""Whose a study is changes: by a person's word, where two records are made one, and where they are parted again."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, select

from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.transaction import promise, touch, transactional
from app.emr import services as emr
from app.imaging.models import InferenceResult, Report, Study


def tell_owner(study: Study, kind: str) -> None:
    """Promise a study with all that was said of it: each tells partners whose it is."""
    promise(study, kind)
    for result in db.session.execute(
        select(InferenceResult).where(InferenceResult.study_id == study.id)
    ).scalars():
        touch(result)
    report = db.session.execute(select(Report).where(Report.study_id == study.id)).scalar_one_or_none()
    if report is not None:
        promise(report, "report.owner")


@transactional
def hand_over(patient_id: UUID, *, into: UUID, by: Actor) -> int:
    """Give a duplicate's studies to the record that lives on, where new ones go too; return how many.

    The trail of the merge names them.
    """
    moved = _give(_held(Study.patient_id == patient_id), into, by=by)
    emr.note_in_trail(patient_id, Study.__tablename__, moved)
    return len(moved)


@transactional
def give_back(trail: emr.Trail, *, by: Actor) -> int:
    """Give the studies of a merge that was undone back, where the survivor has them still; return how many."""
    ids = trail.moved.get(Study.__tablename__, ())
    if not ids:
        return 0
    studies = _held(Study.public_id.in_(ids), Study.patient_id == trail.into)
    return len(_give(studies, trail.patient_id, by=by))


def _held(*which: ColumnElement[bool]) -> list[Study]:
    rows = db.session.execute(
        select(Study)
        .where(*which)
        .order_by(Study.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(rows.scalars())


def _give(studies: Iterable[Study], patient_id: UUID, *, by: Actor) -> tuple[UUID, ...]:
    moved = []
    for study in studies:
        audit.record(
            "imaging:study:hand-over",
            by=by,
            patients=[one for one in (study.patient_id, patient_id) if one is not None],
            object_=f"study:{study.public_id}",
        )
        study.patient_id = patient_id
        tell_owner(study, "study.owner")
        moved.append(study.public_id)
    return tuple(moved)
