"""The quick look: who sees whose pictures, what is written down first, and what is said when something is away."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from imagecodecs import png_decode
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID
from sqlalchemy import select

from app import settings
from app.boards import queries as boards
from app.core import clock, disclosure
from app.core.actor import SYSTEM
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import DependencyDownError
from app.core.relay import breaker
from app.imaging import queries
from app.imaging import services as imaging
from app.imaging.archive import FileArchive
from app.imaging.drawing import LETTERS
from app.imaging.services import pixels
from tests.hospital import Hospital
from tests.integration.imaging.pictures import SIDE, Pictures, written

Browsers = Callable[[str], FlaskClient]
SHOWN = "imaging:study:read"


@pytest.fixture(autouse=True)
def _var(sqlite_app: Flask, tmp_path: Path) -> Iterator[None]:
    before = settings.current()
    settings.use(before.model_copy(update={"var_dir": tmp_path}))
    yield
    settings.use(before)


@dataclass
class Study:
    """A study that was taken in, and the addresses of its pictures."""

    patient: UUID
    number: str
    of: Pictures
    id: UUID

    @property
    def page(self) -> str:
        return f"/viewer/quick/{self.id}"

    @property
    def frames(self) -> list[str]:
        at = [one.at for one in queries.pictures_of(self.of.study)]
        db.session.remove()
        return [f"{self.page}/{one.series}/{one.instance}/1.png" for one in at]


@pytest.fixture
def taken_in(hospital: Hospital) -> Callable[..., Study]:
    """Give a way to take files in of somebody who waits in Anne's ward."""

    def of(*headers: dict[str, Any] | Callable[[Pictures], bytes], name: str = "박영상") -> Study:
        patient = boards.my_visit(hospital.waiting("consult", name=name), by=None).patient_id
        number = boards.patient_record(patient, by=hospital.cast.henry).mrn
        pictures = Pictures(patient_id=number)
        for place, said in enumerate(headers, start=1):
            file = said(pictures) if callable(said) else pictures.file(place, **said)
            taken = imaging.take(file, name="a.dcm", source="test", by=SYSTEM)
        db.session.remove()
        assert taken.study_id is not None, taken.sentence
        return Study(patient, number, pictures, taken.study_id)

    return of


@pytest.fixture
def study(taken_in: Callable[..., Study]) -> Study:
    """Take in three slices of somebody who waits in Anne's ward."""
    return taken_in(*({"PixelData": ramp(place)} for place in (1, 2, 3)))


def ramp(start: int = 0) -> bytes:
    return (np.arange(SIDE * SIDE) + start).astype("<u2").tobytes()


def drawn(browser: FlaskClient, address: str) -> NDArray[Any]:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return np.asarray(png_decode(answer.data))


def written_down() -> list[AuditRow]:
    db.session.rollback()
    return list(db.session.execute(select(AuditRow).where(AuditRow.action == SHOWN)).scalars())


WHO = [
    ("anne", 200),
    ("ben", 404),
    ("chris", 403),
    ("flora", 200),
    ("grace", 200),
    ("henry", 403),
    ("iris", 403),
    ("jonas", 403),
    ("kate", 403),
    ("eve", 401),
]


@pytest.mark.parametrize(("name", "status"), WHO)
def test_who_sees_whose_pictures(browser_of: Browsers, study: Study, name: str, status: int) -> None:
    browser = browser_of(name)
    page = browser.get(study.page)
    picture = browser.get(study.frames[0])
    assert (page.status_code, picture.status_code) == (status, status)
    assert ("박영상" in page.get_data(as_text=True)) == (status == 200)
    assert picture.data.startswith(b"\x89PNG") == (status == 200)
    rows = written_down()
    assert {row.outcome for row in rows} == (
        {"ok"} if status == 200 else {"refused"} if status == 404 else set()
    )


def test_the_page_says_whose_pictures_these_are(browser_of: Browsers, study: Study) -> None:
    answer = browser_of("anne").get(study.page)
    page = answer.get_data(as_text=True)
    for said in ("박영상", study.number, "2026-03-02", "CT", "2 / 3"):
        assert said in page
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "style=" not in page


def test_each_look_is_one_row_before_anything_leaves(browser_of: Browsers, study: Study) -> None:
    browser = browser_of("grace")
    browser.get(study.page)
    for address in study.frames:
        answer = browser.get(address)
        assert answer.headers["Cache-Control"] == "private, no-store"
    rows = written_down()
    assert len(rows) == 4
    assert {(row.patient, row.object, row.outcome) for row in rows} == {
        (study.patient, f"study:{study.id}", "ok")
    }
    asked = [row.details["asked"] for row in rows if row.details]
    assert len(set(asked)) == 4


def test_what_cannot_be_written_down_is_not_shown(
    browser_of: Browsers, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, frames = browser_of("anne"), study.frames
    assert browser.get(frames[0]).status_code == 200

    def full(*_: object, **__: object) -> None:
        raise DependencyDownError(what="audit")

    monkeypatch.setattr(disclosure, "_write", full)
    for address in (study.page, frames[0]):
        answer = browser.get(address)
        assert answer.status_code == 503
        assert b"PNG" not in answer.data
        assert "박영상" not in answer.get_data(as_text=True)


def test_one_study_never_leads_to_the_pictures_of_another(
    browser_of: Browsers, taken_in: Callable[..., Study]
) -> None:
    ours, theirs = taken_in({}, name="김하나"), taken_in({}, name="김두리")
    _, series, instance, picture = theirs.frames[0].removeprefix("/viewer/quick/").split("/")
    own = ours.frames[0].removeprefix("/viewer/quick/").split("/")
    browser = browser_of("anne")
    for parts in (
        (str(ours.id), series, instance, picture),
        (str(ours.id), own[1], instance, picture),
        (str(ours.id), series, own[2], picture),
        (str(uuid4()), series, instance, picture),
        (str(ours.id), own[1], own[2], "2.png"),
        (str(ours.id), own[1], own[2], "0.png"),
        (str(ours.id), own[1], own[2], "99999999999999999999.png"),
        (str(ours.id), "..", own[2], "1.png"),
        (str(ours.id), own[1], "1.2%27--", "1.png"),
    ):
        assert browser.get("/viewer/quick/" + "/".join(parts)).status_code == 404, parts


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", 2),
        ("?picture=3", 3),
        ("?picture=0", 1),
        ("?picture=99", 3),
        ("?picture=-1", 2),
        ("?picture=x", 2),
    ],
)
def test_links_lead_on_without_script(browser_of: Browsers, study: Study, asked: str, shown: int) -> None:
    page = browser_of("anne").get(study.page + asked).get_data(as_text=True)
    assert f"{shown} / 3" in page
    assert study.frames[shown - 1] in page
    for step in (max(1, shown - 1), min(3, shown + 1)):
        assert f"picture={step}" in page


def test_what_a_model_marked_is_not_what_is_shown_first(
    browser_of: Browsers, taken_in: Callable[..., Study]
) -> None:
    marked = {"SeriesInstanceUID": Pictures().series, "SeriesNumber": 900, "Modality": "SEG"}
    study = taken_in({}, {}, *({**marked, "PixelData": ramp(place)} for place in (3, 4, 5)))
    page = browser_of("anne").get(study.page).get_data(as_text=True)
    assert "1 / 2" in page
    assert page.count("영상 없음") == 1


def test_windows_are_offered_where_values_have_a_unit(
    browser_of: Browsers, taken_in: Callable[..., Study]
) -> None:
    browser = browser_of("anne")
    for modality, is_offered in (("CT", True), ("MR", False)):
        page = browser.get(taken_in({"Modality": modality}).page + "?window=brain").get_data(as_text=True)
        assert ("window=subdural" in page) == is_offered
        assert ("1.png?window=brain" in page) == is_offered


def test_a_window_is_what_the_standard_says(browser_of: Browsers, taken_in: Callable[..., Study]) -> None:
    """Stored 1024 is 0 HU: with 80 around 40, 0 HU is black, 40 HU grey and 79 HU white (PS3.3 C.11.2.1.2.1)."""
    stored = np.zeros((SIDE, SIDE), dtype="<u2")
    stored[0, :4] = 1024 + np.array([0, 40, 78, 79])
    (address,) = taken_in({"PixelData": stored.tobytes(), "Modality": "CT"}).frames
    shades = drawn(browser_of("anne"), f"{address}?window=brain")
    assert shades[0, :4].tolist() == [0, 129, 252, 255]
    assert shades[1:].max() == 0


def test_a_file_without_a_window_runs_from_its_least_to_its_most(
    browser_of: Browsers, taken_in: Callable[..., Study]
) -> None:
    plain, inverted, own = taken_in(
        {"PixelData": ramp()},
        {"PixelData": ramp(), "PhotometricInterpretation": "MONOCHROME1", "PatientName": "x"},
        {"PixelData": ramp(), "WindowCenter": [-1014.0, 40.0], "WindowWidth": [11, 80]},
    ).frames
    browser = browser_of("anne")
    shades = drawn(browser, plain)
    assert (shades.flat[0], shades.flat[-1]) == (0, 255)
    assert np.array_equal(drawn(browser, inverted), 255 - shades)
    assert sorted({*drawn(browser, own).flat[:32]}) == sorted({*drawn(browser, own).flat})
    assert (drawn(browser, own).flat[4], drawn(browser, own).flat[16]) == (0, 255)


LYING: dict[str, dict[str, Any]] = {
    "no slope": {"RescaleSlope": "0"},
    "a slope that is none": {"RescaleSlope": ""},
    "no width": {"WindowCenter": 40, "WindowWidth": 0},
    "a width that runs backwards": {"WindowCenter": 40, "WindowWidth": -80},
    "all the same": {"PixelData": bytes(SIDE * SIDE * 2)},
    "no stored bits": {"BitsStored": 0},
    "an overlay above the stored bits": {
        "PixelData": (np.frombuffer(ramp(), dtype="<u2") | 0xF000).astype("<u2").tobytes()
    },
}


@pytest.mark.parametrize("lie", LYING)
def test_a_header_that_lies_is_no_fault_of_ours(
    browser_of: Browsers, taken_in: Callable[..., Study], lie: str
) -> None:
    (address,) = taken_in({"PixelData": ramp(), **LYING[lie]}).frames
    shades = drawn(browser_of("anne"), address)
    assert shades.shape == (SIDE, SIDE)
    if "overlay" in lie:
        assert (shades.flat[0], shades.flat[-1]) == (0, 255)


def encapsulated(of: Pictures) -> bytes:
    made: Dataset = of.dataset()
    made.PixelData = encapsulate([b"\xff\xd8 nothing that a codec understands \xff\xd9"])
    made["PixelData"].VR = "OB"
    return written(made, UID("1.2.840.10008.1.2.4.70"))


def test_what_no_codec_understands_is_said(browser_of: Browsers, taken_in: Callable[..., Study]) -> None:
    study = taken_in(encapsulated)
    browser = browser_of("anne")
    assert browser.get(study.page).status_code == 200
    answer = browser.get(study.frames[0], headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "This picture cannot be shown here" in answer.get_data(as_text=True)
    assert [row.outcome for row in written_down()] == ["ok"]  # of the page: no picture was shown


def test_what_is_large_fits_a_screen(browser_of: Browsers, taken_in: Callable[..., Study]) -> None:
    wide = np.tile(np.arange(3000, dtype="<u2"), (2000, 1))
    colours = np.zeros((1500, 40, 3), dtype="u1")
    colours[..., 0] = 200
    grey, red = taken_in(
        {"Rows": 2000, "Columns": 3000, "PixelData": wide.tobytes(), "BitsStored": 16, "HighBit": 15},
        {
            "Rows": 1500,
            "Columns": 40,
            "PixelData": colours.tobytes(),
            "BitsStored": 8,
            "HighBit": 7,
            "BitsAllocated": 8,
            "SamplesPerPixel": 3,
            "PlanarConfiguration": 0,
            "PhotometricInterpretation": "RGB",
        },
    ).frames
    browser = browser_of("anne")
    shades = drawn(browser, grey)
    assert shades.shape == (682, 1024)
    assert (np.diff(shades.astype(int), axis=1) >= 0).all()
    assert drawn(browser, red).shape == (1024, 27, 3)
    assert (drawn(browser, red) == [200, 0, 0]).all()


def test_an_archive_that_is_away_is_said_on_the_page(
    browser_of: Browsers, study: Study, free_port: int
) -> None:
    browser, frames = browser_of("anne"), study.frames
    at_home = settings.current()
    settings.use(at_home.model_copy(update={"orthanc_url": f"http://127.0.0.1:{free_port}"}))
    page = browser.get(study.page)
    assert page.status_code == 503
    assert "박영상" in page.get_data(as_text=True)
    assert "<img" not in page.get_data(as_text=True)
    assert browser.get(frames[0]).status_code == 503
    for _ in range(5):
        assert browser.get(study.page).status_code == 503
    # Looking counts as asking: who is away is soon left alone by all.
    assert breaker.state_of("orthanc").name(clock.utcnow()) == "open"
    assert browser.get(frames[0]).status_code == 503
    settings.use(at_home)


def test_a_folder_that_cannot_be_read_is_an_archive_that_is_away(
    browser_of: Browsers, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, frames = browser_of("anne"), study.frames

    def refused(*_: object) -> bytes:
        raise PermissionError("/var/annae/archive/1.2.3")

    monkeypatch.setattr(FileArchive, "instance", refused)
    answer = browser.get(frames[0])
    assert answer.status_code == 503
    assert b"1.2.3" not in answer.data
    monkeypatch.setattr(FileArchive, "is_up", lambda _: False)
    assert browser.get(study.page).status_code == 503


def test_too_many_at_once_are_asked_to_wait(
    browser_of: Browsers, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, frames = browser_of("anne"), study.frames
    monkeypatch.setattr(pixels, "PATIENCE_SECONDS", 0.01)
    for _ in range(pixels.MOST_AT_ONCE):
        assert pixels._places.acquire(timeout=1)
    try:
        assert browser.get(frames[0]).status_code == 503
    finally:
        for _ in range(pixels.MOST_AT_ONCE):
            pixels._places.release()
    assert browser.get(frames[0]).status_code == 200


TURNED = {
    "as usual": ([1, 0, 0, 0, 1, 0], "R", "L"),
    "from above": ([-1, 0, 0, 0, 1, 0], "L", "R"),
    "from the side": ([0, 1, 0, 0, 0, -1], "A", "P"),
    "head over heels": ([0, 0, 1, 0, 1, 0], "F", "H"),
}


@pytest.mark.parametrize("way", TURNED)
def test_both_edges_say_which_side_this_is(
    browser_of: Browsers, taken_in: Callable[..., Study], way: str
) -> None:
    along, left, right = TURNED[way]
    black = {
        "Rows": 64,
        "Columns": 64,
        "PixelData": bytes(64 * 64 * 2),
        "WindowCenter": 40,
        "WindowWidth": 80,
    }
    (address,) = taken_in({**black, "ImageOrientationPatient": along}).frames
    shades = drawn(browser_of("anne"), address)
    rows = slice(28, 28 + 7)
    assert np.array_equal(shades[rows, 2:7] // 255, LETTERS[left])
    assert np.array_equal(shades[rows, -7:-2] // 255, LETTERS[right])


@pytest.mark.parametrize("along", [[0.6, 0.6, 0.5, 0, 0, 1], [1, 0], None])
def test_no_side_is_said_where_none_is_known(
    browser_of: Browsers, taken_in: Callable[..., Study], along: list[float] | None
) -> None:
    black = {
        "Rows": 64,
        "Columns": 64,
        "PixelData": bytes(64 * 64 * 2),
        "WindowCenter": 40,
        "WindowWidth": 80,
    }
    (address,) = taken_in({**black, **({"ImageOrientationPatient": along} if along else {})}).frames
    assert drawn(browser_of("anne"), address).max() == 0
