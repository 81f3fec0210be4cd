"""What was found in a study is written here: drafted by several hands, signed by one, amended with a reason.

A signed text is never written over: each stands in its trail, where the database itself lets nobody change it.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, TransitionRefusedError, VersionMissingError, VersionStaleError
from app.core.idempotency import command
from app.core.locking import hold
from app.core.transaction import promise, tell
from app.emr.queries import Snapshot
from app.emr.rules import as_text
from app.imaging.events import ReportSaved, ReportSigned
from app.imaging.models import Report, SignedText, Study
from app.imaging.states import ReportStatus

LONGEST_REASON: Final = 300
# A syllable takes nine bytes of a form, and a form may send what it began with, mine and both: well within a request.
LONGEST_REPORT: Final = 9_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A study's report, and in which version it now stands."""

    study_id: UUID
    report_id: UUID
    version: int


@command
def save_report(study_id: UUID, *, version: int | None, text: str, by: Actor) -> Reported:
    """Keep the whole text as a draft; version 0 where nobody had written yet.

    Raise VersionStaleError, which knows what stands there now, TransitionRefusedError for a signed report.
    """
    study, report = _held(study_id, by=by)
    report = _drafted(study, report, version=version, text=text, by=by)
    tell(ReportSaved(study_id=study.public_id))
    _record("save", study, by=by)
    return Reported(study_id=study.public_id, report_id=report.public_id, version=report.version)


@command
def sign_report(study_id: UUID, *, version: int | None, text: str, by: Actor) -> Reported:
    """Sign the text given: from now on it is the study's report, and changed by amending alone.

    Raise VersionStaleError, TransitionRefusedError for a signed report and for a study that is nobody's.
    """
    study, report = _held(study_id, by=by)
    if study.patient_id is None:
        raise TransitionRefusedError(command="sign", why="report_of_nobody")
    report = _drafted(study, report, version=version, text=text, by=by)
    _sign(study, report, ReportStatus.FINAL, reason=None, by=by)
    _record("sign", study, by=by)
    return Reported(study_id=study.public_id, report_id=report.public_id, version=report.version)


@command
def amend_report(study_id: UUID, *, version: int | None, text: str, reason: str, by: Actor) -> Reported:
    """Sign another text in the place of a signed one, and say why; the earlier one stays in the trail.

    Raise VersionStaleError, TransitionRefusedError where nothing is signed yet, InvalidError.
    """
    study, report = _held(study_id, by=by)
    if report is None or report.status == ReportStatus.PRELIMINARY:
        raise TransitionRefusedError(command="amend", why="report_unsigned")
    _check(report, version)
    report.text = _said(text)
    why = reason.strip()
    if not why or len(why) > LONGEST_REASON:
        raise InvalidError(field="reason", why="length" if why else "missing")
    report.author, report.author_name = by.id, by.name
    report.version += 1
    _sign(study, report, ReportStatus.AMENDED, reason=why, by=by)
    _record("amend", study, reason=why, by=by)
    return Reported(study_id=study.public_id, report_id=report.public_id, version=report.version)


def _held(study_id: UUID, *, by: Actor) -> tuple[Study, Report | None]:
    """Hold a study, where all who write its report queue up, and read the report as it is now."""
    require(by, Permission.WRITE_REPORT)
    study = hold(Study, study_id)
    report = db.session.execute(
        select(Report).where(Report.study_id == study.id).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    return study, report


def _drafted(study: Study, report: Report | None, *, version: int | None, text: str, by: Actor) -> Report:
    """Write the text of a report that is not signed, in a version of its own."""
    if report is not None and report.status != ReportStatus.PRELIMINARY:
        raise TransitionRefusedError(command="write", why="report_signed")
    _check(report, version)
    said, now = _said(text), clock.utcnow()
    if report is None:
        report = Report(study_id=study.id, status=ReportStatus.PRELIMINARY, created_at=now, version=0)
        db.session.add(report)
    report.text, report.updated_at = said, now
    report.author, report.author_name = by.id, by.name
    report.version += 1
    db.session.flush()
    if report.version == 1:
        promise(report, "report.begun")  # that there will be one, and nothing of what it says
    return report


def _sign(study: Study, report: Report, status: ReportStatus, *, reason: str | None, by: Actor) -> None:
    """Sign what the report says now, add it to the trail, and promise it to whoever follows."""
    now = clock.utcnow()
    report.status, report.updated_at = status, now
    report.signed_by, report.signed_by_name, report.signed_at = by.id, by.name, now
    study.reported_at = now
    signed = select(func.count(SignedText.id)).where(SignedText.report_id == report.id)
    db.session.add(
        SignedText(
            report_id=report.id,
            number=db.session.execute(signed).scalar_one() + 1,
            status=status,
            text=report.text,
            reason=reason,
            signed_by=by.id,
            signed_by_name=by.name,
            signed_at=now,
        )
    )
    promise(report, f"report.{status}")
    promise(study, "study.reported")  # whoever follows the study sees its report
    tell(ReportSigned(study_id=study.public_id, report_id=report.public_id))


def _check(report: Report | None, seen: int | None) -> None:
    """Compare the version that a form carried. Raise VersionMissingError or VersionStaleError with what is `now`."""
    version = report.version if report else 0
    if seen is None:
        raise VersionMissingError(version=version)
    if seen == version:
        return
    now = Snapshot(
        version=version,
        fields={"text": report.text if report else ""},
        by_name=report.author_name if report else "",
        at=report.updated_at if report else None,
    )
    raise VersionStaleError(version=version, seen=seen, now=now)


def _said(text: str) -> str:
    said = as_text(text)
    if not said or len(said) > LONGEST_REPORT:
        raise InvalidError(field="text", why="length" if said else "missing")
    return said


def _record(deed: str, study: Study, *, reason: str | None = None, by: Actor) -> None:
    audit.record(
        f"imaging:report:{deed}",
        by=by,
        patients=[study.patient_id] if study.patient_id else (),
        object_=f"study:{study.public_id}",
        reason=reason,
    )
