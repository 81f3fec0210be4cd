"""Headers, files and frames (WADO-RS) of a study that the caller may see."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from flask import Response, request

from app import settings
from app.accounts.roles import Permission
from app.boards import queries as boards
from app.boards.queries import SeenInstance, SeenStudy
from app.core.errors import MalformedError, NotFoundError
from app.door import actor, requires
from app.imaging import renditions
from app.imaging.archive import multipart
from app.imaging.renditions.places import TRANSFER_SYNTAX
from app.imaging.rules import MIB, Asked, At, Part, Window, asked_of
from app.imaging.services import delivering, pixels
from app.web.dicomweb import auditing, searching

# Where nginx finds the archive and the renditions; nobody else can ask there (deploy/nginx.conf).
ARCHIVE, RENDITIONS = "/_orthanc/dicom-web/", "/_ht/"
IN_MEMORY_BYTES: Final = 8 * MIB
DICOM, FRAMES = "application/dicom", "application/octet-stream"
# Whoever takes a frame as it is written down, or names HTJ2K.
TAKES_RENDITIONS: Final = ("transfer-syntax=*", f"transfer-syntax={TRANSFER_SYNTAX}", "image/jphc")
WINDOW: Final = re.compile(
    r"(?P<centre>-?\d{1,6}(?:\.\d{1,3})?),(?P<width>\d{1,6}(?:\.\d{1,3})?)(?:,linear)?", re.ASCII
)

Piece = tuple[bytes, str]


@requires(Permission.SEE_IMAGES)
def fetch(asked: str) -> Response:
    """Hand out what was asked for; whatever is not on the list is not there."""
    wanted = asked_of(asked)
    if wanted is None:
        raise NotFoundError(kind="page")
    study = boards.seen_study(uid=wanted.study, series=wanted.series, instance=wanted.instance, by=actor())
    auditing.shows(study.discloses, study=study.study_id)
    return ANSWERS[wanted.part](wanted, study)


def _metadata(wanted: Asked, study: SeenStudy) -> Response:
    if wanted.instance is not None:
        return searching.told([delivering.header(at) for at, _ in _instances(study)])
    known = {one.uid for _, one in _instances(study)}
    return searching.told(delivering.headers(wanted.study, series=wanted.series, instances=known))


def _content(wanted: Asked, study: SeenStudy) -> Response:
    """Hand out files: one by nginx, more than one here, so that none is among them that we have not taken over."""
    if wanted.instance is not None and _is_by_nginx():
        return _by_nginx(ARCHIVE + _address(wanted))
    return _together((_file(at, one) for at, one in _instances(study)), DICOM)


def _frames(wanted: Asked, study: SeenStudy) -> Response:
    ((at, instance),) = _instances(study)
    if max(wanted.frames) > instance.frames:
        raise NotFoundError(kind="frame")
    if len(wanted.frames) == 1 and (found := _rendition(at, wanted.frames[0])):
        return found
    if _is_by_nginx() and instance.transfer_syntax not in delivering.CUT_HERE:
        return _by_nginx(f"{ARCHIVE}{_address(wanted)}/frames/{','.join(map(str, wanted.frames))}")
    return _together((_frame(at, number, instance) for number in wanted.frames), FRAMES)


def _rendition(at: At, number: int) -> Response | None:
    """Return a frame's rendition where there is one and the caller can read it."""
    accept = request.headers.get("Accept", "").replace('"', "").replace(" ", "").lower()
    if not any(form in accept for form in TAKES_RENDITIONS):
        return None
    address = renditions.address_of(at, number)
    if address is None:
        return None
    if settings.current().dicom_delivery == "x-accel":
        return _by_nginx(RENDITIONS + address)
    try:
        content = (renditions.folder() / address).read_bytes()
        return Response(content, content_type=renditions.CONTENT_TYPE)
    except FileNotFoundError:  # a cache: somebody has just emptied it
        return None


def _rendered(wanted: Asked, study: SeenStudy) -> Response:
    """Hand out a frame as a picture (PNG), drawn here: the archive cannot draw what it cannot decode."""
    ((at, instance),) = _instances(study)
    number = wanted.frames[0] if wanted.frames else 1
    if len(wanted.frames) > 1 or number > instance.frames:
        raise NotFoundError(kind="frame")
    return Response(pixels.frame_png(at, number, window=_window()), content_type="image/png")


def _window() -> Window | None:
    """Return the window that was asked for: centre, width, and how (PS3.18 8.3.5.1.4). Raise MalformedError."""
    said = request.args.get("window")
    if said is None:
        return None
    found = WINDOW.fullmatch(said)
    if found is None or float(found["width"]) < 1:
        raise MalformedError(field="window")
    return Window(centre=float(found["centre"]), width=float(found["width"]))


ANSWERS: Final[Mapping[Part, Callable[[Asked, SeenStudy], Response]]] = {
    Part.SERIES_LIST: lambda _, study: searching.series_of(study),
    Part.INSTANCE_LIST: lambda _, study: searching.instances_of(study),
    Part.METADATA: _metadata,
    Part.CONTENT: _content,
    Part.FRAMES: _frames,
    Part.RENDERED: _rendered,
}


def _instances(study: SeenStudy) -> list[tuple[At, SeenInstance]]:
    uid = study.study_instance_uid
    return [
        (At(study=uid, series=series.uid, instance=one.uid), one)
        for series in study.series
        for one in series.instances
    ]


def _address(wanted: Asked) -> str:
    return f"studies/{wanted.study}/series/{wanted.series}/instances/{wanted.instance}"


def _file(at: At, instance: SeenInstance) -> Piece:
    return delivering.file(at), f"{DICOM}; transfer-syntax={instance.transfer_syntax}"


def _frame(at: At, number: int, instance: SeenInstance) -> Piece:
    found = delivering.frame(at, number, transfer_syntax=instance.transfer_syntax)
    return found.content, f"{FRAMES}; transfer-syntax={found.transfer_syntax}"


def _is_by_nginx() -> bool:
    return settings.current().dicom_delivery == "x-accel" and delivering.is_by_nginx()


def _by_nginx(where: str) -> Response:
    """Let nginx hand it out; without our Content-Type, else it would keep that instead of the archive's."""
    response = Response(headers={"X-Accel-Redirect": where})
    del response.headers["Content-Type"]
    return response


def _together(pieces: Iterator[Piece], content_type: str) -> Response:
    """Hand pieces out as one body that was laid down first: half an answer is none, and a slow reader holds nothing."""
    chunks, said = multipart.streamed(pieces, content_type)
    with ExitStack() as stack:
        body = stack.enter_context(SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))
        body.writelines(chunks)
        response = Response(_read(body), content_type=said)
        response.content_length = body.tell()
        response.call_on_close(stack.pop_all().close)
    body.seek(0)
    return response


def _read(body: IO[bytes]) -> Iterator[bytes]:
    with body:
        yield from iter(lambda: body.read(MIB), b"")
