"""One picture becomes rows: study, series, instance, and whose it is; all of it in one unit of work."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.transaction import RerunError, now_or_never, promise, savepoint, tell, transactional
from app.imaging.events import StudyReceived
from app.imaging.models import Instance, Series, Study
from app.imaging.part10 import Picture
from app.imaging.queries.matching import whose
from app.imaging.rules import NotTakenError, Reason, is_analysed
from app.imaging.services import quarantine
from app.imaging.services.owning import tell_owner
from app.imaging.states import Command, StudyState, check


def check_place(picture: Picture) -> bool:
    """Look, without a lock, whether a picture may stand where it says; True where this very file is there already.

    Up to 3 statements. Raise NotTakenError.
    """
    at = picture.at
    study = db.session.execute(select(Study).where(Study.study_instance_uid == at.study)).scalar_one_or_none()
    if study is not None:
        _check_patient(study, picture)
    found = db.session.execute(
        select(Instance, Series, Study)
        .join(Series, Series.id == Instance.series_id)
        .join(Study, Study.id == Series.study_id)
        .where(Instance.sop_instance_uid == at.instance)
    ).one_or_none()
    if found is not None:
        return _is_repeat(*found, picture)
    # By the study's number, not by the row above: another hand may have written both down since.
    home = db.session.execute(
        select(Study.study_instance_uid)
        .join(Series, Series.study_id == Study.id)
        .where(Series.series_instance_uid == at.series)
    ).scalar_one_or_none()
    if home not in {None, at.study}:
        raise NotTakenError(Reason.OTHER_PLACE, "SeriesInstanceUID")
    return False


@transactional
def admit(picture: Picture, *, stored_in: str, source: str, by: Actor) -> bool:
    """Write a picture down that the archive keeps; False where another hand has just done so.

    The study's row is held: hands that bring the same study queue up there. Raise NotTakenError.
    """
    study = _held_study(picture)
    if check_place(picture):
        return False
    place(study, picture, stored_in=stored_in, source=source)
    _receive(study, picture)
    quarantine.forget(picture.sha256)
    # One row for each consumer that registers for `study`: FHIR's ImagingStudy and the model, once they are there.
    promise(study, "study.received")
    tell(StudyReceived(study_id=study.public_id))
    audit.record(
        "imaging:instance:store",
        by=by,
        patients=[study.patient_id] if study.patient_id else (),
        object_=f"study:{study.public_id}",
        details={"sha256": picture.sha256, "source": source},
    )
    return True


def place(study: Study, picture: Picture, *, stored_in: str, source: str) -> None:
    """Write a picture down in its study, which the caller holds, and its series where that is new."""
    series = db.session.execute(
        select(Series).where(Series.series_instance_uid == picture.at.series)
    ).scalar_one_or_none()
    try:
        with savepoint():
            if series is None:
                series = _new_series(study, picture)
                db.session.add(series)
                db.session.flush()
            db.session.add(_new_instance(series, picture, stored_in=stored_in, source=source))
    except IntegrityError as error:
        # The same number inside another study, at the same moment: look again, now that it can be seen.
        now_or_never(error, "_uid")
        raise RerunError from error


def _held_study(picture: Picture) -> Study:
    statement = (
        select(Study)
        .where(Study.study_instance_uid == picture.at.study)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = db.session.execute(statement).scalar_one_or_none()
    if found is not None:
        return found
    now = clock.utcnow()
    owner = whose(picture.patient_id, picture.issuer, picture.accession_number)
    try:
        with savepoint():
            db.session.add(
                Study(
                    study_instance_uid=picture.at.study,
                    patient_id=owner.patient_id,
                    order_id=owner.order_id,
                    visit_id=owner.visit_id,
                    unmatched=owner.unmatched,
                    said_patient_id=picture.patient_id,
                    said_issuer=picture.issuer,
                    accession_number=picture.accession_number,
                    modality=picture.modality,
                    body_part=picture.body_part,
                    description=picture.study_description,
                    study_date=picture.study_date,
                    state=StudyState.RECEIVED,
                    received_at=now,
                    last_received_at=now,
                )
            )
    except IntegrityError as error:
        now_or_never(error, "study_instance_uid")  # its first two pictures came together
    return db.session.execute(statement).scalar_one()


def _receive(study: Study, picture: Picture) -> None:
    """Let a study begin anew, and look again whose it is where nobody knew.

    What was made from its pictures is no new picture: else what the house measures would set it to measuring again.
    """
    if is_analysed(picture.modality):
        study.state = check(Command.RECEIVE, StudyState(study.state)).to
        study.reason = study.progress = None
        study.reported_at = None  # nobody has read this one; what was signed before stays signed
        study.last_received_at = clock.utcnow()
    study.body_part = study.body_part or picture.body_part
    if study.patient_id is None:
        owner = whose(study.said_patient_id, study.said_issuer, study.accession_number)
        study.patient_id, study.order_id, study.visit_id = owner.patient_id, owner.order_id, owner.visit_id
        study.unmatched = owner.unmatched
        if study.patient_id is not None:
            tell_owner(study, "study.linked")


def _new_series(study: Study, picture: Picture) -> Series:
    return Series(
        study_id=study.id,
        series_instance_uid=picture.at.series,
        modality=picture.modality,
        body_part=picture.body_part,
        description=picture.series_description,
        number=picture.series_number,
    )


def _new_instance(series: Series, picture: Picture, *, stored_in: str, source: str) -> Instance:
    shape = picture.shape
    return Instance(
        series_id=series.id,
        sop_instance_uid=picture.at.instance,
        sop_class_uid=picture.sop_class_uid,
        number=picture.instance_number,
        sha256=picture.sha256,
        pixel_sha256=picture.pixel_sha256,
        size_bytes=picture.size_bytes,
        transfer_syntax=picture.transfer_syntax,
        frames=shape.frames if shape else 0,
        pixel_rows=shape.rows if shape else 0,
        pixel_columns=shape.columns if shape else 0,
        stored_in=stored_in,
        source=source,
        received_at=clock.utcnow(),
    )


def _check_patient(study: Study, picture: Picture) -> None:
    if (study.said_patient_id, study.said_issuer) != (picture.patient_id, picture.issuer):
        raise NotTakenError(Reason.OTHER_PATIENT)


def _is_repeat(instance: Instance, series: Series, study: Study, picture: Picture) -> bool:
    """Whether this very file is there; a number that was given twice is refused, and said how it differs."""
    if instance.sha256 == picture.sha256:
        return True
    if instance.pixel_sha256 != picture.pixel_sha256:
        raise NotTakenError(Reason.OTHER_PIXELS)
    if (series.series_instance_uid, study.study_instance_uid) != (picture.at.series, picture.at.study):
        raise NotTakenError(Reason.OTHER_PLACE, "SOPInstanceUID")
    raise NotTakenError(Reason.OTHER_HEADER)
