"""multipart/related, as DICOMweb speaks it (PS3.18 8.6)."""

from collections.abc import Iterable, Iterator
from email.message import Message
from typing import Final
from uuid import uuid4

BREAK: Final = b"\r\n"


def written(content: bytes, content_type: str) -> tuple[bytes, str]:
    """Return a body of one part, and its content type; the boundary is nothing that a picture holds by chance."""
    body, said = streamed([(content, content_type)], content_type)
    return b"".join(body), said


def streamed(parts: Iterable[tuple[bytes, str]], content_type: str) -> tuple[Iterator[bytes], str]:
    """Return a body of parts, each with its own content type, one after the other; and the content type of all."""
    boundary = f"annae-{uuid4().hex}"
    return _pieces(parts, boundary), f'multipart/related; type="{content_type}"; boundary={boundary}'


def _pieces(parts: Iterable[tuple[bytes, str]], boundary: str) -> Iterator[bytes]:
    for content, content_type in parts:
        yield f"--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode()
        yield content
        yield BREAK
    yield f"--{boundary}--\r\n".encode()


def read(body: bytes, content_type: str) -> list[tuple[bytes, str]]:
    """Return each part and its content type. Raise ValueError for what is no multipart, or has no end."""
    boundary = _parameters(content_type).get_boundary()
    if not boundary:
        raise ValueError("no boundary")
    mark = b"--" + boundary.encode("ascii")
    if not body.rstrip(BREAK).endswith(mark + b"--"):
        raise ValueError("no end")
    found = []
    start = body.index(mark) + len(mark)
    while not body.startswith(b"--", start):
        head_end = body.index(BREAK * 2, start)
        end = body.index(BREAK + mark, head_end)
        length = _length(body[start:head_end])
        # A boundary inside a picture is no boundary: where the part says how long it is, it is believed.
        if length is not None and body.startswith(BREAK + mark, head_end + 4 + length):
            end = head_end + 4 + length
        found.append((body[head_end + 4 : end], _header(body[start:head_end], b"content-type")))
        start = end + len(BREAK) + len(mark)
    return found


def parameter(content_type: str, name: str) -> str:
    """Return a parameter of a content type; empty where it has none."""
    found = _parameters(content_type).get_param(name)
    return found if isinstance(found, str) else ""


def _parameters(content_type: str) -> Message:
    message = Message()
    message["Content-Type"] = content_type
    return message


def _header(head: bytes, name: bytes) -> str:
    for line in head.split(BREAK):
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().decode("ascii", "replace")
    return ""


def _length(head: bytes) -> int | None:
    said = _header(head, b"content-length")
    return int(said) if said.isascii() and said.isdigit() else None
