"""An Orthanc beside the house: DICOMweb for pictures, its own interface for what has come in there."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

from app.core import http
from app.core.http import Answer, HttpDownError, HttpForbiddenError, Limits, Method
from app.imaging.archive import multipart
from app.imaging.archive.contract import (
    ArchiveConflictError,
    ArchiveDownError,
    ArchiveRefusedError,
    Change,
    Feed,
    Frame,
    NotKeptError,
)
from app.imaging.rules import MIB, MOST_FILE_BYTES, MOST_PIXEL_BYTES, At, is_uid

DICOM, JSON = "application/dicom", "application/dicom+json"
SERIES_UID, INSTANCE_UID = "0020000E", "00080018"
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
FAILURES: Final = 500
MOST_CHANGES: Final = 100
# Whoever asks /readyz waits a second in all.
STANDING: Final = Limits(seconds=0.8, read_seconds=0.8, connect_seconds=0.8, answer_bytes=MIB)
QUICK: Final = Limits(seconds=5.0, read_seconds=3.0, answer_bytes=16 * MIB)
# It says nothing while it writes a file down.
STORING: Final = Limits(seconds=120.0, read_seconds=30.0, answer_bytes=MIB)
# Somebody looks at an empty screen meanwhile, and a thread waits: it reads one file from its disk, or hangs.
FILE: Final = Limits(seconds=120.0, read_seconds=8.0, answer_bytes=MOST_FILE_BYTES + 64 * 1024)
PICTURE: Final = Limits(seconds=60.0, read_seconds=8.0, answer_bytes=MOST_PIXEL_BYTES)
# It reads every file of a study before it says a word.
HEADERS: Final = Limits(seconds=60.0, read_seconds=20.0, answer_bytes=MOST_FILE_BYTES + 64 * 1024)
# Nothing is transcoded on the way: an archive that had to decode a hostile picture has died of it.
AS_IT_IS: Final = "transfer-syntax=*"


class Orthanc:
    """One Orthanc by its address, user and password."""

    name = "orthanc"
    is_outside = True

    def __init__(self, url: str, user: str = "", password: str = "") -> None:
        self._url = url.rstrip("/")
        self._hosts = frozenset({http.host_of(url)})
        key = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._key: Mapping[str, str] = {"Authorization": f"Basic {key}"} if user else {}

    def is_up(self) -> bool:
        """Whether it answers, and knows us."""
        try:
            return self._ask("GET", "/system", limits=STANDING).is_good
        except ArchiveDownError:
            return False

    def store(self, at: At, content: bytes) -> None:
        """Send one file (STOW-RS) and read it back.

        Its 200 says nothing: a number that it has already is a success too, and the new pixels are dropped (tried).
        """
        body, content_type = multipart.written(content, DICOM)
        said = ""
        try:
            self._ask(
                "POST",
                f"/dicom-web/studies/{_uid(at.study)}",
                body,
                {"Content-Type": content_type, "Accept": JSON},
            )
        except ArchiveDownError as error:
            # One file that it stumbles over is no archive that is away: the others would wait for ever behind it.
            if error.opens or not self.is_up():
                raise
            said = error.reason
        try:
            kept = self.instance(at)
        except NotKeptError as error:
            raise ArchiveRefusedError(said or str(error)) from error
        if hashlib.sha256(kept).digest() != hashlib.sha256(content).digest():
            raise ArchiveConflictError

    def series_of(self, study: str) -> tuple[str, ...]:
        """Ask for a study's series (QIDO-RS)."""
        return self._uids(f"/dicom-web/studies/{_uid(study)}/series", SERIES_UID)

    def instances_of(self, study: str, series: str) -> tuple[str, ...]:
        """Ask for a series' instances (QIDO-RS)."""
        path = f"/dicom-web/studies/{_uid(study)}/series/{_uid(series)}/instances"
        return self._uids(path, INSTANCE_UID)

    def instance(self, at: At) -> bytes:
        """Fetch a file (WADO-RS)."""
        answer = self._kept(_path(at), f'multipart/related; type="{DICOM}"; {AS_IT_IS}', FILE)
        return _only_part(answer)[0]

    def frame(self, at: At, number: int) -> Frame:
        """Fetch a frame (WADO-RS)."""
        accept = f'multipart/related; type="application/octet-stream"; {AS_IT_IS}'
        content, content_type = _only_part(self._kept(f"{_path(at)}/frames/{number}", accept, PICTURE))
        said = multipart.parameter(content_type, "transfer-syntax")
        # A part that names none is written down plainly (PS3.18 8.7.3.5.2).
        return Frame(content=content, transfer_syntax=said or "1.2.840.10008.1.2.1")

    def metadata(self, study: str, series: str | None = None) -> list[dict[str, Any]]:
        """Fetch the headers of a study or series (WADO-RS)."""
        path = f"/dicom-web/studies/{_uid(study)}" + (f"/series/{_uid(series)}" if series else "")
        return self._list(self._kept(f"{path}/metadata", JSON, HEADERS))

    def feed(self, since: int) -> Feed:
        """Return which studies have stood still since then."""
        page = _object(self._kept(f"/changes?since={since}&limit={MOST_CHANGES}", "application/json", QUICK))
        changes = [
            Change(seq=int(one["Seq"]), study=str(one["ID"]))
            for one in page.get("Changes", ())
            if one.get("ChangeType") == "StableStudy"
        ]
        return Feed(changes=changes, last=int(page.get("Last", 0)), is_done=bool(page.get("Done", True)))

    def newest(self) -> int:
        """Return how far the whole list of changes reads."""
        return int(_object(self._kept("/changes?last", "application/json", QUICK)).get("Last", 0))

    def held(self, study: str) -> dict[str, str]:
        """Return a study's instances by the archive's own id for it: their ids there, and their UIDs."""
        answer = self._kept(f"/studies/{study}/instances", "application/json", HEADERS)
        return {
            str(one["ID"]): str(one.get("MainDicomTags", {}).get("SOPInstanceUID", ""))
            for one in self._list(answer)
        }

    def file(self, instance: str) -> bytes:
        """Fetch a file by the archive's own id for it."""
        return self._kept(f"/instances/{instance}/file", DICOM, FILE).body

    def _uids(self, path: str, tag: str) -> tuple[str, ...]:
        try:
            rows = self._list(self._kept(path, JSON, QUICK))
        except NotKeptError:
            return ()
        return tuple(sorted(str(row[tag]["Value"][0]) for row in rows))

    def _kept(self, path: str, accept: str, limits: Limits) -> Answer:
        answer = self._ask("GET", path, headers={"Accept": accept}, limits=limits)
        if not answer.is_good:
            raise NotKeptError(f"HTTP {answer.status}")
        return answer

    def _list(self, answer: Answer) -> list[dict[str, Any]]:
        found = _json(answer)
        if not isinstance(found, list):
            raise ArchiveDownError("no list")
        return found

    def _ask(
        self,
        method: Method,
        path: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        try:
            answer = http.ask(
                method,
                f"{self._url}{path}",
                content=content,
                headers={**self._key, **(headers or {})},
                limits=limits or (STORING if content else QUICK),
                hosts=self._hosts,
            )
        except HttpDownError as error:
            raise ArchiveDownError(str(error)) from error
        except HttpForbiddenError as error:
            raise ArchiveDownError(str(error), opens=True) from error
        if answer.status in {UNAUTHORIZED, FORBIDDEN}:
            raise ArchiveDownError(f"HTTP {answer.status}", opens=True)
        if answer.status >= FAILURES or answer.status == TOO_MANY:
            raise ArchiveDownError(f"HTTP {answer.status}", retry_after_seconds=answer.retry_after_seconds)
        return answer


def _uid(said: str) -> str:
    if not is_uid(said):
        raise NotKeptError("no UID")
    return said


def _path(at: At) -> str:
    return f"/dicom-web/studies/{_uid(at.study)}/series/{_uid(at.series)}/instances/{_uid(at.instance)}"


def _only_part(answer: Answer) -> tuple[bytes, str]:
    try:
        ((content, content_type),) = multipart.read(answer.body, answer.headers.get("content-type", ""))
    except ValueError as error:
        raise ArchiveDownError("not understood") from error
    return content, content_type


def _json(answer: Answer) -> Any:
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise ArchiveDownError("no JSON") from error


def _object(answer: Answer) -> dict[str, Any]:
    found = _json(answer)
    if not isinstance(found, dict):
        raise ArchiveDownError("no object")
    return found
