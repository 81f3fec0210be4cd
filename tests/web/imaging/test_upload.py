"""Files sent by hand: every one is kept or set aside, and it is said which by its name."""

import re
import tracemalloc
from collections.abc import Iterator
from io import SEEK_CUR, SEEK_END, BytesIO
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import settings
from app.imaging import queries
from app.imaging.rules import MIB
from tests.integration.imaging.pictures import Pictures, bomb, without_pixels
from tests.pages import csrf_of
from tests.web.imaging.conftest import UPLOAD, BrowserOf, Send, form

OUTCOME = re.compile(
    r'data-outcome="(\w+)"><td class="reason">([^<]*)</td>.*?<td class="reason">([^<]*)</td>', re.DOTALL
)


class Body(BytesIO):
    """A form of large files, made piece by piece while it is read; each file repeats its few bytes."""

    def __init__(self, patterns: list[bytes], size: int) -> None:
        head = '--part\r\nContent-Disposition: form-data; name="files"; filename="{}.dcm"\r\n\r\n'
        self._pieces = [(head.format(number).encode(), one) for number, one in enumerate(patterns)]
        self._size = size
        self._end = b"--part--\r\n"
        self._made = self._make()
        self._left = b""
        super().__init__()

    @property
    def length(self) -> dict[str, str]:
        """Return how long it says it is."""
        every = sum(len(head) + self._size + 2 for head, _ in self._pieces) + len(self._end)
        return {"CONTENT_LENGTH": str(every)}

    def _make(self) -> Iterator[bytes]:
        for head, pattern in self._pieces:
            yield head + (pattern * (self._size // len(pattern) + 1))[: self._size] + b"\r\n"
        yield self._end

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next piece, or what is left of the last."""
        if not self._left:
            self._left = next(self._made, b"")
        most = len(self._left) if size is None or size < 0 else size
        found, self._left = self._left[:most], self._left[most:]
        return found

    def readinto(self, into: Any, /) -> int:
        """Return the next piece in a buffer."""
        found = self.read(len(into))
        into[: len(found)] = found
        return len(found)


def handles() -> int:
    """Return how many files this process holds open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def outcomes(answer: TestResponse) -> dict[str, tuple[str, str]]:
    """Return what the page says became of each file, and why."""
    found = OUTCOME.findall(answer.get_data(as_text=True))
    return {name: (outcome, why) for outcome, name, why in found}


def test_each_files_fate_is_said_by_its_name(send: Send, own_var: Path) -> None:
    of = Pictures(patient_id="A1")
    whole = of.file(1)
    files = {
        "1.dcm": whole,
        "cut.dcm": of.file(2)[:-100],
        "page.html": b"<html><script>alert(1)</script></html>" * 20,
        "disc.zip": b"PK\x03\x04" + b"\0" * 400,
        "bomb.dcm": bomb(of),
        "empty.dcm": b"",
        "none.dcm": without_pixels(of),
        "again.dcm": whole,
        "<b>x</b>.dcm": of.file(3),
    }
    answer = send(files)
    assert answer.status_code == 200
    found = outcomes(answer)
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        "1.dcm": "stored",
        "&lt;b&gt;x&lt;/b&gt;.dcm": "stored",
        "again.dcm": "repeated",
        **dict.fromkeys(
            ["cut.dcm", "page.html", "disc.zip", "bomb.dcm", "empty.dcm", "none.dcm"], "quarantined"
        ),
    }
    assert all(why for outcome, why in found.values() if outcome == "quarantined")
    status = queries.status()
    assert (status.stored, status.quarantined) == (2, 6)
    assert len(list((own_var / "quarantine").iterdir())) == 6


def test_nothing_chosen_is_said_at_the_field(send: Send) -> None:
    answer = send({})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("name", "status"), [("grace", 403), ("anne", 403), ("chris", 403), ("henry", 403), ("eve", 401)]
)
def test_only_who_takes_pictures_sends_them(
    browser_of: BrowserOf, own_var: Path, name: str, status: int
) -> None:
    browser = browser_of(name)
    assert browser.get(UPLOAD).status_code == status
    token = csrf_of(browser.get("/login"))
    file = (BytesIO(Pictures().file(1)), "1.dcm")
    answer = browser.post(UPLOAD, data={"csrf_token": token, "files": file})
    assert answer.status_code == status
    assert queries.status().stored == 0


def test_nobody_else_sends_more_than_a_form(browser_of: BrowserOf, tech: FlaskClient, own_var: Path) -> None:
    large, nurse = {"1.dcm": b"\0" * MIB}, browser_of("anne")
    assert nurse.post(UPLOAD, **form(large, csrf_of(nurse.get("/ward")))).status_code == 413
    token = csrf_of(tech.get(UPLOAD))
    assert tech.post(UPLOAD, **form(large, token)).status_code == 200
    answer = tech.post("/login/here", **form(large, token))
    assert answer.status_code == 413, "the size belongs to the page of images alone"


def test_more_parts_than_a_disc_holds_are_refused(tech: FlaskClient, own_var: Path) -> None:
    token = csrf_of(tech.get(UPLOAD))
    body = Body([b"x"] * 2100, 1)
    answer = tech.post(
        UPLOAD,
        input_stream=body,
        content_type="multipart/form-data; boundary=part",
        environ_overrides=body.length,
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == 413
    assert queries.status().quarantined == 0


def test_files_are_neither_held_in_memory_nor_as_many_handles(web: Flask, own_var: Path) -> None:
    size, many = MIB, 60
    body = Body([b"%d" % number * 1000 for number in range(many)], size)
    kind = "multipart/form-data; boundary=part"
    with web.test_request_context(
        UPLOAD, method="POST", input_stream=body, content_type=kind, environ_overrides=body.length
    ):
        request.max_content_length = int(body.length["CONTENT_LENGTH"])
        open_before = handles()
        tracemalloc.start()
        files = request.files.getlist("files")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert handles() <= open_before + 1
        assert [one.stream.read(4) for one in files] == [(b"%d" % number * 4)[:4] for number in range(many)]
        assert files[7].stream.seek(0, SEEK_END) == size
        assert files[7].stream.read() == b""
        assert files[7].stream.seek(-3, SEEK_CUR) == size - 3
        assert len(files[7].stream.read()) == 3
    assert most < 8 * MIB, f"{most / MIB:.0f} MiB of {many}"
    assert list((own_var / "sent").iterdir()) == [], "they have no name on the disk, and go with the request"


ITEM, NO_LENGTH = b"\xfe\xff\x00\xe0", b"\xff\xff\xff\xff"
NESTED = b"\x40\x00\x75\x02SQ\0\0" + NO_LENGTH  # RequestAttributesSequence, without a length


@pytest.mark.parametrize(
    ("before", "piece"),
    [(b"", b"\0" * 8), (NESTED, ITEM + b"\0" * 4), (NESTED + ITEM + NO_LENGTH, b"\0" * 8)],
    ids=["elements", "items", "elements of an item"],
)
def test_a_file_of_a_million_empty_pieces_is_refused_at_once(send: Send, before: bytes, piece: bytes) -> None:
    whole = Pictures(patient_id="A1").file(1)
    place = whole.index(b"\xe0\x7f\x10\x00") if before else len(whole)
    content = whole[:place] + before + piece * 1_000_000 + whole[place:]
    began = process_time()  # its own work, whatever else the machine does
    answer = send({"noughts.dcm": content})
    assert {outcome for outcome, _ in outcomes(answer).values()} == {"quarantined"}
    assert process_time() - began < 10


def test_an_archive_that_is_away_leaves_the_rest_to_be_sent_again(send: Send, own_var: Path) -> None:
    url = "http://127.0.0.1:9"
    settings.use(settings.current().model_copy(update={"orthanc_url": url}))
    of = Pictures(patient_id="A1")
    answer = send({"bad.dcm": b"no picture", "1.dcm": of.file(1), "2.dcm": of.file(2)})
    assert answer.status_code == 503
    assert outcomes(answer).keys() == {"bad.dcm"}
    page = answer.get_data(as_text=True)
    assert "<li>1.dcm</li><li>2.dcm</li>" in page
    settings.use(settings.current().model_copy(update={"orthanc_url": ""}))
    assert set(outcomes(send({"1.dcm": of.file(1)}))) == {"1.dcm"}


def test_the_form_needs_the_pages_token(tech: FlaskClient, web: Flask) -> None:
    answer = tech.post(UPLOAD, data={"files": (BytesIO(Pictures().file(1)), "1.dcm")})
    assert answer.status_code == 400
    assert queries.status().stored == 0


def test_what_finds_no_room_in_quarantine_is_named_as_not_kept(send: Send, own_var: Path) -> None:
    settings.use(settings.current().model_copy(update={"quarantine_mb": 1}))
    of = Pictures(patient_id="A1")
    rubbish = {f"{number}.zip": f"PK{number}".encode().ljust(600_000, b".") for number in (1, 2)}
    answer = send({**rubbish, "a.dcm": of.file(1)})
    told = {name: outcome for name, (outcome, _) in outcomes(answer).items()}
    assert told == {"1.zip": "quarantined", "2.zip": "turned_away", "a.dcm": "stored"}
    found = outcomes(answer)
    assert f"({found['1.zip'][1]})" in found["2.zip"][1], (
        "in the reader's words: that it is not kept, and why"
    )
    assert answer.get_data(as_text=True).count("banner-danger") == 1
    assert queries.status().quarantined == 1
