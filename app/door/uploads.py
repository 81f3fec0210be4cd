"""Large requests: a view that takes files says how much it takes; from everybody else a form is all that is read."""

import tempfile
from collections.abc import Callable
from io import SEEK_CUR, SEEK_END, SEEK_SET, RawIOBase
from typing import IO, Any, TypeVar

from flask import Request, current_app, request

from app import settings
from app.accounts.roles import Permission, may
from app.core.transaction import release
from app.door.identity import actor
from app.door.rights import permission_of

F = TypeVar("F", bound=Callable[..., object])
FORM = "multipart/form-data"  # written to the disk as it comes; everything else is read into memory


class Part(RawIOBase):
    """One file of a form, inside the file that holds them all; written once, then read."""

    def __init__(self, whole: IO[bytes]) -> None:
        self._whole, self._start, self._at = whole, whole.seek(0, SEEK_END), 0
        self._size = 0

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def writable(self) -> bool:
        """Whether it can be written."""
        return True

    def seekable(self) -> bool:
        """Whether one can go back and forth."""
        return True

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        """Go to a place."""
        self._at = max(0, offset + {SEEK_SET: 0, SEEK_CUR: self._at, SEEK_END: self._size}[whence])
        return self._at

    def write(self, content: Any, /) -> int:
        """Write behind what was written."""
        self._whole.seek(self._start + self._at)
        written = self._whole.write(content)
        self._at += written
        self._size = max(self._size, self._at)
        return written

    def readinto(self, into: Any, /) -> int:
        """Read what is left of it, and nothing of its neighbours."""
        self._whole.seek(self._start + self._at)
        content = self._whole.read(max(0, min(len(into), self._size - self._at)))
        into[: len(content)] = content
        self._at += len(content)
        return len(content)


class HouseRequest(Request):
    """A request whose files lie one behind the other on the disk: neither memory nor handles grow with them."""

    _whole: IO[bytes] | None = None

    def _get_file_stream(self, *_args: object, **_kwargs: object) -> IO[bytes]:
        if self._whole is None:
            folder = settings.current().var_dir / "sent"
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._whole = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed with the request
        return Part(self._whole)  # type: ignore[return-value]

    def close(self) -> None:
        """Let go of what was sent."""
        super().close()
        if self._whole is not None:
            self._whole.close()


def takes_files(*, most_bytes: int, most_parts: int) -> Callable[[F], F]:
    """Mark a view with how large a request it takes, and of how many parts."""

    def mark(view: F) -> F:
        view.takes_files = (most_bytes, most_parts)  # type: ignore[attr-defined]
        return view

    return mark


def widen() -> None:
    """Let whoever may use such a view send it so much; stands before whatever reads the form first."""
    limits = getattr(current_app.view_functions.get(request.endpoint or ""), "takes_files", None)
    if limits is None or request.mimetype != FORM:
        return
    if not may(actor(), Permission(str(permission_of(current_app, request.endpoint or "")))):
        return
    request.max_content_length, request.max_form_parts = limits
    release()  # nobody's connection waits for a slow line
