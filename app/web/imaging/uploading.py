"""Files sent by hand, for example from a patient's disc: what became of each is said by its name."""

from http import HTTPStatus
from typing import Final

from flask import Response, make_response, request

from app.accounts.roles import Permission
from app.door import actor, requires, show, takes_files
from app.imaging import services as imaging
from app.imaging.rules import MIB
from app.imaging.services import Sent
from app.web.imaging.surface import blueprint

MOST_FILES: Final = 2000
MOST_MIB: Final = 1024
# The field of the folder, the field of the files, and what every form carries.
OTHER_PARTS: Final = 4


@blueprint.get("/upload")
@requires(Permission.UPLOAD_IMAGES)
def upload() -> str:
    """Ask for files."""
    return _page()


@blueprint.post("/upload")
@requires(Permission.UPLOAD_IMAGES)
@takes_files(most_bytes=MOST_MIB * MIB, most_parts=MOST_FILES + OTHER_PARTS)
def send() -> Response:
    """Take the files over, or set them aside; nothing of them is lost between the two."""
    # A field without a file is sent as a file without a name.
    sent = [
        Sent(name=one.filename, content=one.stream) for one in request.files.getlist("files") if one.filename
    ]
    if not sent:
        return make_response(_page(is_empty=True), HTTPStatus.UNPROCESSABLE_ENTITY)
    received = imaging.receive(sent, by=actor())
    return make_response(
        _page(received=received), HTTPStatus.SERVICE_UNAVAILABLE if received.left else HTTPStatus.OK
    )


def _page(*, received: imaging.Received | None = None, is_empty: bool = False) -> str:
    return show(
        "imaging/upload.html",
        received=received,
        is_empty=is_empty,
        most_files=MOST_FILES,
        most_mib=MOST_MIB,
    )
