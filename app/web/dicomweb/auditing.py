"""One audit row for each request at the gate, of what was shown and of what was refused, before anything leaves."""

from collections.abc import Collection
from http import HTTPStatus
from uuid import UUID

from flask import Response, g, request

from app.boards import queries as boards
from app.core.disclosure import disclose
from app.core.errors import RefusedError
from app.core.health import DATABASE_FAILURES, refusal_of
from app.door import actor
from app.imaging.rules import asked_of, is_uid
from app.web import errors

PREFIX, ACTION = "/dicom-web/", "imaging:study:read"
LONGEST_ASKED = 300
NEVER_KEPT = "private, no-store"


def shows(patients: Collection[UUID], *, study: UUID | None = None) -> None:
    """Say whom the answer to this request shows."""
    g.gate_shows = (study, tuple(patients))


def write_down(response: Response) -> Response:
    """Write the row; where that fails the answer is dropped, and 503 says so."""
    if not request.path.startswith(PREFIX):
        return response
    try:
        _write(response.status_code)
    except RefusedError as refusal:
        response = _instead(response, refusal)
    except DATABASE_FAILURES as failure:
        response = _instead(response, refusal_of(failure))
    response.headers["Cache-Control"] = NEVER_KEPT
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="annae"'
    return response


def _write(status: int) -> None:
    is_good = status < HTTPStatus.BAD_REQUEST
    study, patients = g.gate_shows if is_good and "gate_shows" in g else _refused()
    disclose(
        ACTION,
        patients=patients,
        by=actor(),
        object_=f"study:{study}" if study else None,
        outcome="ok" if is_good else "refused",
        details={"asked": request.path.removeprefix(PREFIX)[:LONGEST_ASKED], "status": status},
    )


def _refused() -> tuple[UUID | None, tuple[UUID, ...]]:
    """Return whose pictures were asked for in vain: who was nearly seen may want to know."""
    wanted = asked_of(request.path.removeprefix(PREFIX))
    uid = wanted.study if wanted else request.args.get("StudyInstanceUID", "")
    owner = boards.owner_of_study(uid) if is_uid(uid) else None
    if owner is None:
        return None, ()
    return owner.study_id, () if owner.patient_id is None else (owner.patient_id,)


def _instead(response: Response, refusal: RefusedError) -> Response:
    response.close()
    return errors.answer(refusal.code, refusal.status, refusal.details)
