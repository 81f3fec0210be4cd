"""How far a study's analysis has come, written down: begun, going on, answered, failed, or set back to wait.

A picture that comes meanwhile sets the study back (`admitting`): what is written for the pictures before it stays in
its rows, answers for nothing, and whoever is at work finds himself overtaken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app import settings
from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.errors import NotFoundError, TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import hold
from app.core.outbox import OutboxPromise, PromiseStatus
from app.core.transaction import heard_from, move, promise, tell, transactional
from app.core.words import N_
from app.imaging.events import AnalysisStarted, StudyAnalysed
from app.imaging.models import InferenceResult, Instance, Series, Study
from app.imaging.queries import KeptFile
from app.imaging.rules import REFUSALS, At, is_analysed
from app.imaging.states import ANSWERED, Command, StudyState, check

CONSUMER: Final = "imaging"
NO_PICTURES: Final = N_("It has no pictures that could be measured.")
LONGEST_REASON: Final = 300
# Longer than any lease: what nobody has promised by then, nobody is at.
FORGOTTEN: Final = timedelta(minutes=15)
MOST_FORGOTTEN: Final = 100
OPEN: Final = (PromiseStatus.PENDING, PromiseStatus.PROCESSING, PromiseStatus.FAILED)


class OvertakenError(Exception):
    """A picture has come, or another hand has taken over: what is at work here is about another study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One series that may be measured; `newest`: when its last picture came."""

    uid: str
    modality: str
    newest: datetime
    pictures: tuple[KeptFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A study that is being analysed, as it was when that began."""

    study_id: UUID
    study_instance_uid: str
    since: datetime
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A study that will be analysed."""

    study_id: UUID


def quiet_seconds(study_id: UUID) -> float:
    """Return for how long a study has to stand still yet; 1 statement. Raise NotFoundError."""
    last = db.session.execute(
        select(Study.last_received_at).where(Study.public_id == study_id)
    ).scalar_one_or_none()
    if last is None:
        raise NotFoundError(kind="study")
    return (last - clock.utcnow()).total_seconds() + settings.current().analysis_quiet_seconds


@transactional
def begin(study_id: UUID) -> Task | None:
    """Take a study on; None for one that has its answer. Whoever has it still is dead: the lease is ours.

    A study that failed is taken on anew: somebody has asked for it.
    """
    study = hold(Study, study_id)
    if study.state == StudyState.FAILED:
        _step(study, Command.AGAIN)
    if study.state in ANSWERED:
        return None
    if study.state == StudyState.ANALYSING:
        _step(study, Command.RELEASE)
    _step(study, Command.BEGIN, progress=0)
    move(study, "study.analysing")
    tell(AnalysisStarted(study_id=study.public_id, visit_id=study.visit_id))
    return Task(
        study_id=study.public_id,
        study_instance_uid=study.study_instance_uid,
        since=study.last_received_at,
        runs=_runs(study),
    )


@transactional
def go_on(task: Task, percent: int) -> None:
    """Say how far a study has come. Raise OvertakenError."""
    study = ours(task)
    if percent > (study.progress or 0):
        _step(study, Command.PROGRESS, progress=percent)
        move(study, "study.analysing")


@transactional
def release(task: Task) -> None:
    """Set a study back that has to wait; one that was overtaken waits already."""
    study = hold(Study, task.study_id)
    if study.state == StudyState.ANALYSING and study.last_received_at == task.since:
        _step(study, Command.RELEASE)
        move(study, "study.waiting")


@transactional
def answer(task: Task, keys: Mapping[str, bool]) -> StudyState:
    """Let these results be what the study's pictures say, each with whether it is a shadow. Raise OvertakenError."""
    study = ours(task)
    rows = db.session.execute(
        select(InferenceResult).where(InferenceResult.study_id == study.id).order_by(InferenceResult.id)
    ).scalars()
    said = []
    for row in rows:
        row.is_current = row.idempotency_key in keys
        row.is_shadow = keys.get(row.idempotency_key, row.is_shadow)
        if row.is_current and not row.is_shadow:
            said.append(row)
    if any(row.refusal is None for row in said):
        _step(study, Command.MEASURE)
    else:
        _step(study, Command.REFUSE, reason=_why(task, said))
    _close(study)
    return StudyState(study.state)


@transactional
def fail(study_id: UUID, sentence: str, *, since: datetime | None) -> None:
    """Say why a study has no answer; one that was received anew meanwhile, or has one, is left as it is."""
    study = hold(Study, study_id)
    is_other = since is not None and study.last_received_at != since
    if is_other or study.state in ANSWERED:
        return
    _step(study, Command.FAIL, reason=sentence[:LONGEST_REASON])
    _close(study)


@command
def analyse(study_instance_uid: str, *, again: bool = False, by: Actor) -> Queued:
    """Ask for the analysis of a study, with `again` also of one that has its answer.

    What a model has said of these very pictures it is not asked twice. Raise NotFoundError, TransitionRefusedError.
    """
    require(by, Permission.UPLOAD_IMAGES)
    found = select(Study.id).where(Study.study_instance_uid == study_instance_uid)
    row_id = db.session.execute(found).scalar_one_or_none()
    if row_id is None:
        raise NotFoundError(kind="study")
    study = hold(Study, row_id)
    if study.state in ANSWERED:
        if not again:
            raise TransitionRefusedError(command="analyse", state=study.state)
        _step(study, Command.AGAIN)
    promise(study, "study.waiting")
    audit.record("imaging:study:analyse", by=by, object_=f"study:{study.public_id}")
    return Queued(study_id=study.public_id)


@transactional
def take_up_forgotten() -> int:
    """Promise anew what waits and nobody is promised to look at: it came before there was anybody to analyse it."""
    waiting = db.session.execute(
        select(Study.id, Study.public_id)
        .where(
            Study.state.in_((StudyState.RECEIVED, StudyState.ANALYSING)),
            Study.last_received_at < clock.utcnow() - FORGOTTEN,
        )
        .order_by(Study.id)
        .limit(MOST_FORGOTTEN)
    ).all()
    promised = set(
        db.session.execute(
            select(OutboxPromise.aggregate_id).where(
                OutboxPromise.consumer == CONSUMER,
                OutboxPromise.kind == Study.topic_kind,
                OutboxPromise.aggregate_id.in_([str(row.public_id) for row in waiting]),
                OutboxPromise.status.in_(OPEN),
            )
        ).scalars()
    )
    forgotten = [row.id for row in waiting if str(row.public_id) not in promised]
    for row_id in forgotten:
        promise(hold(Study, row_id), "study.waiting")
    return len(forgotten)


def ours(task: Task) -> Study:
    """Hold a study that is being analysed. Raise OvertakenError where that is over."""
    study = hold(Study, task.study_id)
    if study.state != StudyState.ANALYSING or study.last_received_at != task.since:
        raise OvertakenError
    return study


def _step(study: Study, command_: Command, *, progress: int | None = None, reason: str | None = None) -> None:
    study.state = check(command_, StudyState(study.state)).to
    study.progress, study.reason = progress, reason


def _close(study: Study) -> None:
    """Tell everybody of an answer but ourselves."""
    promise(study, "study.analysed")
    heard_from(CONSUMER, study.promise_kind, study.public_id, lambda _seq: None)
    tell(StudyAnalysed(study_id=study.public_id, visit_id=study.visit_id, kind=study.state))
    audit.record(
        "imaging:study:answer",
        by=SYSTEM,
        patients=[study.patient_id] if study.patient_id else (),
        object_=f"study:{study.public_id}",
        details={"state": str(study.state)},
    )


def _runs(study: Study) -> tuple[Run, ...]:
    """Return the series that have pictures, each with what the archive keeps of it."""
    rows = db.session.execute(
        select(Series, Instance)
        .join(Instance, Instance.series_id == Series.id)
        .where(Series.study_id == study.id, Instance.frames > 0)
        .order_by(Series.id, Instance.sop_instance_uid)
    )
    held: dict[str, tuple[Series, list[Instance]]] = {}
    for series, one in rows:
        if is_analysed(series.modality):
            held.setdefault(series.series_instance_uid, (series, []))[1].append(one)
    return tuple(
        Run(
            uid=uid,
            modality=series.modality,
            newest=max(one.received_at for one in pictures),
            pictures=tuple(
                KeptFile(
                    at=At(study=study.study_instance_uid, series=uid, instance=one.sop_instance_uid),
                    sha256=one.sha256,
                    size_bytes=one.size_bytes,
                )
                for one in pictures
            ),
        )
        for uid, (series, pictures) in held.items()
    )


def _why(task: Task, said: Sequence[InferenceResult]) -> str:
    """Return why nothing was measured: what is said of the longest series."""
    length = {run.uid: len(run.pictures) for run in task.runs}
    if not said:
        return NO_PICTURES
    row = max(said, key=lambda one: length.get(one.series_instance_uid, 0))
    return REFUSALS[str(row.refusal)]
