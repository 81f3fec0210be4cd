"""What a model said of a series is kept: its documents in the archive first, then all of it in one unit of work."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.transaction import transactional
from app.imaging import archive as archives
from app.imaging import part10
from app.imaging.archive import ArchiveConflictError, ArchiveRefusedError
from app.imaging.models import InferenceResult
from app.imaging.services.admitting import check_place, place
from app.imaging.services.analysing import Run, Task, ours
from app.imaging.services.reaching import through
from app.inference.errors import PermanentError
from app.inference.findings import ModelRef, Result

if TYPE_CHECKING:
    from app.imaging.apart import Written
    from app.imaging.part10 import Picture

SOURCE: Final = "inference"


def key_of(run: Run, model: ModelRef) -> str:
    """Return what the answer of this model about these very pictures is known by."""
    said = "\n".join(
        (model.id, model.version, model.sha256, run.uid, *sorted(one.sha256 for one in run.pictures))
    )
    return hashlib.sha256(said.encode()).hexdigest()


def kept(keys: Iterable[str]) -> dict[str, bool]:
    """Return which of the answers are there, and whether each holds measures; 1 statement."""
    rows = db.session.execute(
        select(InferenceResult.idempotency_key, InferenceResult.refusal).where(
            InferenceResult.idempotency_key.in_(list(keys))
        )
    )
    return {row.idempotency_key: row.refusal is None for row in rows}


def keep(task: Task, key: str, result: Result, written: "Written | None", *, is_shadow: bool) -> None:
    """Keep an answer with its documents; the same again is nothing.

    Raise OvertakenError, DependencyDownError, PermanentError where the archive keeps something else under our number.
    """
    archive = archives.configured()
    documents = [] if written is None else [one for one in (written.segmentation, written.report) if one]
    pictures = [part10.read(one) for one in documents]
    try:
        for picture, content in zip(pictures, documents, strict=True):
            through(archive, lambda: archive.store(picture.at, content))  # noqa: B023 - asked at once
    except (ArchiveConflictError, ArchiveRefusedError) as error:
        raise PermanentError(f"the archive does not take the result: {type(error).__name__}") from error
    _keep(
        task,
        key,
        result,
        {one.modality: one for one in pictures},
        is_shadow=is_shadow,
        stored_in=archive.name,
    )


@transactional
def _keep(
    task: Task, key: str, result: Result, documents: "dict[str, Picture]", *, is_shadow: bool, stored_in: str
) -> None:
    study = ours(task)
    if kept([key]):
        return
    for picture in documents.values():
        if not check_place(picture):
            place(study, picture, stored_in=stored_in, source=SOURCE)
    said = result.as_json()
    uids = {modality: picture.at.instance for modality, picture in documents.items()}
    db.session.add(
        InferenceResult(
            study_id=study.id,
            series_instance_uid=result.series_instance_uid,
            idempotency_key=key,
            model_id=result.model.id,
            model_version=result.model.version,
            model_sha256=result.model.sha256,
            is_shadow=is_shadow,
            is_current=False,  # until every series has its answer
            measures=said["measures"],
            regions=said["regions"],
            refusal=result.refusal,
            details=said["details"],
            input_sha256=result.input_sha256 or None,
            result_sha256=result.sha256,
            seg_sop_uid=uids.get("SEG"),
            sr_sop_uid=uids.get("SR"),
            at=clock.utcnow(),
        )
    )
