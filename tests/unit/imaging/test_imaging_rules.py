"""What may be asked of the archive, what is too much, and where a study may go."""

from uuid import UUID, uuid4

import pytest

from app.core.errors import TransitionRefusedError
from app.imaging import states
from app.imaging.archive import multipart
from app.imaging.rules import (
    SENTENCES,
    UNMATCHED_SENTENCES,
    Asked,
    NotTakenError,
    Part,
    Reason,
    Shape,
    Unmatched,
    accession_number,
    asked_of,
    check_shape,
    family_of,
    orders_by_accession,
)
from app.imaging.states import Command, StudyState

S, R, I = "studies/1.2.3", "series/1.2.4", "instances/1.2.5"  # noqa: E741 - instance


@pytest.mark.parametrize(
    ("path", "part", "frames"),
    [
        (S, Part.CONTENT, ()),
        (f"{S}/metadata", Part.METADATA, ()),
        (f"{S}/series", Part.SERIES_LIST, ()),
        (f"{S}/instances", Part.INSTANCE_LIST, ()),
        (f"{S}/{R}", Part.CONTENT, ()),
        (f"{S}/{R}/metadata", Part.METADATA, ()),
        (f"{S}/{R}/instances", Part.INSTANCE_LIST, ()),
        (f"{S}/{R}/{I}", Part.CONTENT, ()),
        (f"{S}/{R}/{I}/metadata", Part.METADATA, ()),
        (f"{S}/{R}/{I}/rendered", Part.RENDERED, ()),
        (f"{S}/{R}/{I}/frames/1", Part.FRAMES, (1,)),
        (f"{S}/{R}/{I}/frames/1,3", Part.FRAMES, (1, 3)),
        (f"{S}/{R}/{I}/frames/2/rendered", Part.RENDERED, (2,)),
    ],
)
def test_addresses_that_may_be_asked(path: str, part: Part, frames: tuple[int, ...]) -> None:
    found = asked_of(path)
    assert isinstance(found, Asked)
    assert (found.part, found.study, found.frames) == (part, "1.2.3", frames)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "studies",
        "series",
        "instances",
        "servers",
        "studies/",
        "studies/..",
        "studies/1.2.3/..",
        "studies/1..2",
        "studies/.",
        "studies/" + "1." * 40,
        f"/{S}",
        f"{S}/",
        f"{S}/rendered",
        f"{S}/bulk/1",
        f"{S}/{R}/{I}/bulk/7fe00010",
        f"{S}/{R}/{I}/frames/0",
        f"{S}/{R}/{I}/frames/",
        f"{S}/{R}/{I}/frames/1,,2",
        f"{S}/{R}/{I}/frames/99999",
        f"{S}/{R}/{I}/frames/" + ",".join(["1"] * 65),
        f"{S}/{R}/{I}/frames/1?x",
        f"{S}/{R}/{I}/thumbnail",
        f"{S}/{R}/{I}%2e",
        "studies/1.2.3\n",
        "studies/१.२",
        "../instances",
        "tools/execute-script",
    ],
)
def test_addresses_that_nobody_asks(path: str) -> None:
    assert asked_of(path) is None


def test_an_order_is_found_by_the_number_it_gives() -> None:
    order = uuid4()
    said = accession_number(order)
    assert len(said) == 16
    first, last = orders_by_accession(f" {said} ") or (UUID(int=0), UUID(int=0))
    assert first.hex <= order.hex <= last.hex
    assert orders_by_accession(str(order)) == (order, order)
    assert [orders_by_accession(one) for one in ("", "RIS-1", "g" * 16, "１" * 16)] == [None] * 4


@pytest.mark.parametrize(
    ("rows", "frames", "is_taken"),
    [
        (512, 1, True),
        (512, 2048, True),
        (512, 2049, False),
        (16_385, 1, False),
        (1, 4_097, False),
        (0, 1, False),
    ],
)
def test_how_large_is_too_large(rows: int, frames: int, *, is_taken: bool) -> None:
    shape = Shape(rows=rows, columns=512, frames=frames, samples=1, bits=16)
    if is_taken:
        check_shape(shape)
        return
    with pytest.raises(NotTakenError):
        check_shape(shape)


def test_deflate_is_not_on_the_list() -> None:
    for syntax in ("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2", "", "x" * 200):
        with pytest.raises(NotTakenError):
            family_of(syntax)


def test_every_way_a_study_may_go() -> None:
    found = {
        (str(command), str(state))
        for command in Command
        for state in StudyState
        if state in states.TABLE[command].from_
    }
    assert ("measure", "analysing") in found
    assert ("measure", "received") not in found, (
        "a picture came while it was analysed: that answer is another's"
    )
    assert len(found) == 5 + 1 + 1 + 1 + 1 + 1 + 2 + 3
    with pytest.raises(TransitionRefusedError):
        states.check(Command.MEASURE, StudyState.RECEIVED)


def test_a_boundary_inside_a_picture_is_none() -> None:
    body, content_type = multipart.written(b"one\r\n--x--\r\ntwo", "application/dicom")
    assert multipart.read(body, content_type) == [(b"one\r\n--x--\r\ntwo", "application/dicom")]
    two = (
        b"\r\n--b\r\nContent-Type: a/b\r\nContent-Length: 9\r\n\r\n1\r\n--b\r\n2\r\n--b\r\n\r\n3\r\n--b--\r\n"
    )
    assert multipart.read(two, "multipart/related; boundary=b") == [(b"1\r\n--b\r\n2", "a/b"), (b"3", "")]
    for wrong in (b"", b"--b\r\n\r\ncut", two[:-8]):
        with pytest.raises(ValueError, match=r"."):
            multipart.read(wrong, "multipart/related; boundary=b")


def test_every_reason_has_a_sentence() -> None:
    assert SENTENCES.keys() == set(Reason)
    assert UNMATCHED_SENTENCES.keys() == set(Unmatched)
