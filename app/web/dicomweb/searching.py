"""Lists of studies, series and instances (QIDO-RS), from our own tables: an archive would list everybody's."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import orjson
from flask import Response, make_response, request

from app import settings
from app.accounts.roles import Permission
from app.boards import queries as boards
from app.boards.queries import SeenInstance, SeenSeries, SeenStudy, StudyLine
from app.core.errors import MalformedError, NotFoundError
from app.door import actor, requires
from app.imaging.rules import is_uid
from app.web.dicomweb import auditing

MOST_STUDIES = 200
DICOM_JSON = "application/dicom+json"
SEX = {"male": "M", "female": "F", "other": "O"}

Dataset = dict[str, Any]


@requires(Permission.SEE_IMAGES)
def search() -> Response:
    """List the named studies, or one patient's; there is no list of everybody's."""
    uids = _uids(_asked("StudyInstanceUID", "0020000D"))
    number = _asked("PatientID", "00100020") or None
    if not uids and number is None:
        raise MalformedError(why="study_or_patient")
    found = boards.seen_studies(
        uids=uids,
        patient_number=number,
        limit=min(_count("limit", MOST_STUDIES), MOST_STUDIES),
        offset=_count("offset", 0),
        by=actor(),
    )
    if uids and not found.studies:
        raise NotFoundError(kind="study")
    only = found.studies[0].study_id if len(found.studies) == 1 else None
    auditing.shows(found.discloses, study=only)
    return told(_study(line) for line in found.studies)


def series_of(study: SeenStudy) -> Response:
    """List the series of a study."""
    return told(_series(study, series) for series in study.series)


def instances_of(study: SeenStudy) -> Response:
    """List the instances of a study, or of the one series that was asked for."""
    return told(_instance(study, series, one) for series in study.series for one in series.instances)


def told(datasets: Iterable[Dataset]) -> Response:
    """Answer with DICOM JSON."""
    return make_response(orjson.dumps(list(datasets)), 200, {"Content-Type": DICOM_JSON})


def _asked(keyword: str, tag: str) -> str:
    """Return what is asked of an attribute, under either of its names (PS3.18 8.3.4.1)."""
    return request.args.get(keyword) or request.args.get(tag, "")


def _uids(said: str) -> list[str]:
    """Return the UIDs of a list, as viewers part them. Raise MalformedError."""
    uids = [one.strip() for one in said.replace("\\", ",").split(",") if one.strip()]
    if len(uids) > MOST_STUDIES or not all(map(is_uid, uids)):
        raise MalformedError(field="StudyInstanceUID")
    return uids


def _count(name: str, otherwise: int) -> int:
    said = request.args.get(name, "")
    if not said:
        return otherwise
    if not (said.isascii() and said.isdecimal()) or len(said) > 6:  # noqa: PLR2004 - no list is a million long
        raise MalformedError(field=name)
    return int(said)


def _study(line: StudyLine) -> Dataset:
    return {
        "00080005": _element("CS", "ISO_IR 192"),
        "00080020": _element("DA", _day(line.study_date)),
        "00080050": _element("SH", line.accession_number),
        "00080056": _element("CS", "ONLINE"),
        "00080061": _element("CS", *line.modalities),
        "00081030": _element("LO", line.description),
        "00081190": _element("UR", _address(line.study_instance_uid)),
        "00100010": _element("PN", {"Alphabetic": line.patient_name} if line.patient_name else None),
        "00100020": _element("LO", line.patient_number),
        "00100030": _element("DA", _day(line.patient_birth_date)),
        "00100040": _element("CS", SEX.get(line.patient_gender or "")),
        "0020000D": _element("UI", line.study_instance_uid),
        "00201206": _element("IS", line.series),
        "00201208": _element("IS", line.instances),
    }


def _series(study: SeenStudy, series: SeenSeries) -> Dataset:
    return {
        "00080005": _element("CS", "ISO_IR 192"),
        "00080056": _element("CS", "ONLINE"),
        "00080060": _element("CS", series.modality),
        "0008103E": _element("LO", series.description),
        "00081190": _element("UR", _address(study.study_instance_uid, "series", series.uid)),
        "0020000D": _element("UI", study.study_instance_uid),
        "0020000E": _element("UI", series.uid),
        "00200011": _element("IS", series.number),
        "00201209": _element("IS", len(series.instances)),
    }


def _instance(study: SeenStudy, series: SeenSeries, one: SeenInstance) -> Dataset:
    where = _address(study.study_instance_uid, "series", series.uid, "instances", one.uid)
    found = {
        "00080016": _element("UI", one.sop_class_uid),
        "00080018": _element("UI", one.uid),
        "00080056": _element("CS", "ONLINE"),
        "00081190": _element("UR", where),
        "00083002": _element("UI", one.transfer_syntax),
        "0020000D": _element("UI", study.study_instance_uid),
        "0020000E": _element("UI", series.uid),
        "00200013": _element("IS", one.number),
    }
    if one.frames:
        found["00280008"] = _element("IS", one.frames)
        found["00280010"] = _element("US", one.rows)
        found["00280011"] = _element("US", one.columns)
    return found


def _element(vr: str, *values: object) -> Dataset:
    """Return an element; without values where nothing is known (PS3.18 F.2.5)."""
    known = [value for value in values if value not in {None, ""}] if vr != "PN" else [*filter(None, values)]
    return {"vr": vr, "Value": known} if known else {"vr": vr}


def _day(day: date | None) -> str:
    return day.strftime("%Y%m%d") if day else ""


def _address(*parts: str) -> str:
    return "/".join((f"{settings.current().public_url}/dicom-web/studies", *parts))
