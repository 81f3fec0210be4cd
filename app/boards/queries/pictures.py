"""Who may see a study's pictures, decided here alone: whose record is open; radiology sees every study of the house.

Radiology reads what is nobody's as well: it is they who find out whose it is. Somebody else's study is not found.
Series and instances are looked up inside their study, so that the number of a study that is open never leads to the
pictures of another.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import aliased

from app.accounts.roles import Permission, Role, require
from app.core.actor import Actor
from app.core.db import db, look
from app.core.errors import NotFoundError
from app.emr import queries as emr
from app.emr.models import Patient
from app.imaging.models import Instance, Series, Study
from app.imaging.states import StudyState

LAST_NUMBER = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenInstance:
    """One file of a series; a document has no frames."""

    uid: str
    sop_class_uid: str
    number: int | None
    frames: int
    rows: int
    columns: int
    transfer_syntax: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSeries:
    """One run of pictures, in the order in which they are read."""

    uid: str
    number: int | None
    modality: str
    description: str
    instances: tuple[SeenInstance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenStudy:
    """A study that somebody may see; its patient is the record that lives on, None while it is nobody's."""

    study_id: UUID
    study_instance_uid: str
    patient_id: UUID | None
    visit_id: UUID | None
    order_id: UUID | None
    state: StudyState
    modality: str
    description: str
    study_date: date | None
    seq: int
    series: tuple[SeenSeries, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return () if self.patient_id is None else (self.patient_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOwner:
    """A study and its patient, of whom nothing is shown."""

    study_id: UUID
    patient_id: UUID | None


def seen_study(
    *,
    study_id: UUID | None = None,
    uid: str | None = None,
    series: str | None = None,
    instance: str | None = None,
    by: Actor,
) -> SeenStudy:
    """Return a study by our id or by its UID, whole, or with one series or instance of it alone.

    2 statements, 1 for radiology. Raise NotAllowedError without the right, NotFoundError for somebody else's and for
    what the study does not hold.
    """
    require(by, Permission.SEE_IMAGES)
    named = {"public_id": study_id, "study_instance_uid": uid}
    named |= {"series_instance_uid": series, "sop_instance_uid": instance}
    asked = {name: value for name, value in named.items() if value is not None}
    rows = look(_pictures(*asked), asked) if study_id or uid else []
    if not rows:
        raise NotFoundError(kind="study")
    one = rows[0]
    if by.role != Role.RADIOLOGY:
        if one.patient_id is None:
            raise NotFoundError(kind="study")
        emr.check_record(one.patient_id, by=by)
    return SeenStudy(
        study_id=one.study_id,
        study_instance_uid=one.study_instance_uid,
        patient_id=one.patient_id,
        visit_id=one.visit_id,
        order_id=one.order_id,
        state=StudyState(one.state),
        modality=one.modality,
        description=one.description,
        study_date=one.study_date,
        seq=one.seq,
        series=_series_of(rows),
    )


def owner_of_study(uid: str) -> StudyOwner | None:
    """Return whose a study is, for the audit of a refusal and for nobody's eyes; 1 statement."""
    shown: Select[*tuple[Any, ...]] = select(
        Study.public_id.label("study_id"), Patient.public_id.label("patient_id")
    )
    found = _with_record(shown).where(Study.study_instance_uid == uid)
    row = db.session.execute(found).one_or_none()
    return None if row is None else StudyOwner(study_id=row.study_id, patient_id=row.patient_id)


def open_to(by: Actor, query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Return those of the studies that somebody may see, each with the record that lives on."""
    require(by, Permission.SEE_IMAGES)
    joined = _with_record(query)
    return joined if by.role == Role.RADIOLOGY else joined.where(emr.is_record_open(by))


def _with_record(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join the record that lives on; none for a study that is nobody's."""
    named = aliased(Patient)
    lives_on = Patient.id == func.coalesce(named.replaced_by_id, named.id)
    joined = query.select_from(Study).outerjoin(named, named.public_id == Study.patient_id)
    return joined.outerjoin(Patient, lives_on)


# Asked with every picture: made once, as making it costs ten times what asking does.
@cache
def _pictures(*asked: str) -> Select[*tuple[Any, ...]]:
    """Return a study's pictures with the study, its series and the record that lives on, by these columns' values."""
    columns = {
        "public_id": Study.public_id,
        "study_instance_uid": Study.study_instance_uid,
        "series_instance_uid": Series.series_instance_uid,
        "sop_instance_uid": Instance.sop_instance_uid,
    }
    shown = select(
        Study.public_id.label("study_id"),
        Study.study_instance_uid,
        Patient.public_id.label("patient_id"),
        Study.visit_id,
        Study.order_id,
        Study.state,
        Study.modality,
        Study.description,
        Study.study_date,
        Study.seq,
        Series.series_instance_uid,
        Series.number.label("series_number"),
        Series.modality.label("series_modality"),
        Series.description.label("series_description"),
        Instance.sop_instance_uid,
        Instance.sop_class_uid,
        Instance.number,
        Instance.frames,
        Instance.pixel_rows,
        Instance.pixel_columns,
        Instance.transfer_syntax,
    )
    joined = _with_record(shown).join(Series, Series.study_id == Study.id)
    joined = joined.join(Instance, Instance.series_id == Series.id)
    return joined.where(*(columns[name] == bindparam(name) for name in asked))


def _series_of(rows: Iterable[Any]) -> tuple[SeenSeries, ...]:
    """Return the series of a study with their instances, each in the order of reading."""
    held: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        held[row.series_instance_uid].append(row)
    runs = sorted(held.values(), key=lambda of: (_place(of[0].series_number), of[0].series_instance_uid))
    return tuple(
        SeenSeries(
            uid=run[0].series_instance_uid,
            number=run[0].series_number,
            modality=run[0].series_modality,
            description=run[0].series_description,
            instances=tuple(
                map(_seen, sorted(run, key=lambda one: (_place(one.number), one.sop_instance_uid)))
            ),
        )
        for run in runs
    )


def _seen(row: Any) -> SeenInstance:
    return SeenInstance(
        uid=row.sop_instance_uid,
        sop_class_uid=row.sop_class_uid,
        number=row.number,
        frames=row.frames,
        rows=row.pixel_rows,
        columns=row.pixel_columns,
        transfer_syntax=row.transfer_syntax,
    )


def _place(number: int | None) -> int:
    """Return where a number stands; what has none comes last."""
    return LAST_NUMBER if number is None else number
