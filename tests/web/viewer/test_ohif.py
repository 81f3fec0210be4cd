"""OHIF's page and files: for whoever may see pictures, under a policy of their own; else the quick look."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import settings
from app.boards import queries as boards
from app.core.actor import SYSTEM
from app.core.transaction import release
from app.door.headers import CSP as HOUSE_CSP
from app.imaging import queries
from app.imaging.services import take
from app.settings import ROOT
from app.web.viewer.ohif import CSP
from tests.hospital import Hospital
from tests.integration.imaging.pictures import Pictures

BrowserOf = Callable[[str], FlaskClient]
SCRIPT, FONT = "app.bundle.0123456789abcdef.js", "0123456789abcdef.woff2"


@pytest.fixture
def study(web: Flask, hospital: Hospital, tmp_path: Path) -> str:
    """Give the UID of a study of a patient of this ward."""
    settings.use(settings.current().model_copy(update={"var_dir": tmp_path}))
    patient = boards.my_visit(hospital.waiting("consult"), by=None).patient_id
    number = boards.patient_record(patient, by=hospital.cast.henry).mrn
    of = Pictures(patient_id=number)
    assert take(of.file(1), name="1.dcm", source="test", by=SYSTEM).study_id
    release()
    return of.study


@pytest.fixture
def fetched(study: str, tmp_path: Path) -> Path:
    """Give a folder as `flask vendor fetch` leaves it."""
    folder = tmp_path / "viewer"
    (folder / "assets").mkdir(parents=True)
    for name, content in {
        SCRIPT: b"run()",
        "assets/a.png": b"png",
        FONT: b"font",
        "page.html": b"<p>",
    }.items():
        (folder / name).write_bytes(content)
    (folder / f"{SCRIPT}.gz").write_bytes(gzip.compress(b"run()"))
    (tmp_path / "secret.js").write_text("open sesame")
    return folder


def page_of(study: str) -> str:
    """Return the address that opens a study."""
    return f"/viewer/?StudyInstanceUIDs={study}"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("grace", 200),
        ("anne", 200),
        ("flora", 200),
        ("ben", 404),
        ("chris", 403),
        ("henry", 403),
        ("iris", 403),
    ],
)
def test_who_opens_a_study(browser_of: BrowserOf, fetched: Path, study: str, name: str, status: int) -> None:
    assert browser_of(name).get(page_of(study), buffered=True).status_code == status
    assert browser_of(name).get(f"/viewer/{SCRIPT}", buffered=True).status_code == (
        200 if status == 404 else status
    )


def test_a_stranger_signs_in_first_and_comes_back(client: FlaskClient, fetched: Path, study: str) -> None:
    answer = client.get(page_of(study), buffered=True)
    assert answer.status_code == 401
    assert f'value="{page_of(study)}"' in answer.get_data(as_text=True)
    assert client.get(f"/viewer/{SCRIPT}", buffered=True).status_code == 401


@pytest.mark.parametrize("uid", ["", "nobody", "1.2.3", "../../etc/passwd", "1.2,3.4", "9" * 80])
def test_no_study_is_no_page(browser_of: BrowserOf, fetched: Path, uid: str) -> None:
    assert browser_of("grace").get(page_of(uid), buffered=True).status_code == 404


def test_the_looser_policy_is_the_viewers_alone(browser_of: BrowserOf, fetched: Path, study: str) -> None:
    doctor = browser_of("grace")
    for path in (page_of(study), f"/viewer/{SCRIPT}"):
        headers = doctor.get(path, buffered=True).headers
        assert headers["Content-Security-Policy"] == CSP
        assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    (seen,) = queries.status().studies
    release()
    for path in (f"/viewer/quick/{seen.id}", "/ward", "/viewer/none.js"):
        headers = doctor.get(path, buffered=True).headers
        assert headers["Content-Security-Policy"] == HOUSE_CSP, path
        assert "unsafe" not in headers["Content-Security-Policy"]
    scripts = next(part for part in CSP.split("; ") if part.startswith("script-src"))
    assert scripts == "script-src 'self' 'unsafe-eval'", "no inline script, no other house"


def test_the_page_is_ours_with_the_lock_and_no_inline_script(
    browser_of: BrowserOf, fetched: Path, study: str
) -> None:
    page = browser_of("grace").get(page_of(study), buffered=True).get_data(as_text=True)
    assert f'src="/viewer/{SCRIPT}"' in page
    assert 'id="lock"' in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", page)


def test_files_come_packed_and_are_kept_by_their_name(browser_of: BrowserOf, fetched: Path) -> None:
    doctor = browser_of("grace")
    packed = doctor.get(f"/viewer/{SCRIPT}", headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert gzip.decompress(packed.data) == b"run()"
    assert packed.headers["Content-Type"].startswith("text/javascript")
    assert packed.headers["Cache-Control"].startswith("private, max-age")
    plain = doctor.get(f"/viewer/{SCRIPT}", headers={"Accept-Encoding": "identity"}, buffered=True)
    assert (plain.data, plain.headers.get("Content-Encoding")) == (b"run()", None)
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert doctor.get("/viewer/assets/a.png", buffered=True).headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "name",
    ["page.html", "none.js", f"{SCRIPT}.gz", "../secret.js", "%2e%2e/secret.js", "..%2fsecret.js", "assets"],
)
def test_nothing_else_is_handed_out(browser_of: BrowserOf, fetched: Path, name: str) -> None:
    answer = browser_of("grace").get(f"/viewer/{name}", buffered=True)
    assert answer.status_code == 404
    assert b"sesame" not in answer.data


def test_without_ohif_the_same_way_leads_to_the_quick_look(browser_of: BrowserOf, study: str) -> None:
    (seen,) = queries.status().studies
    release()
    answer = browser_of("grace").get(page_of(study), buffered=True)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/viewer/quick/{seen.id}")
    assert browser_of("ben").get(page_of(study), buffered=True).status_code == 404


def test_nginx_is_told_the_name_and_says_the_same_policy(browser_of: BrowserOf, fetched: Path) -> None:
    settings.use(settings.current().model_copy(update={"dicom_delivery": "x-accel"}))
    answer = browser_of("grace").get(f"/viewer/{SCRIPT}", buffered=True)
    assert (answer.data, answer.headers["X-Accel-Redirect"]) == (b"", f"/_viewer/{SCRIPT}")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    nginx = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    assert f'add_header Content-Security-Policy "{CSP}" always;' in nginx


def test_the_record_and_the_sheet_lead_there(browser_of: BrowserOf, hospital: Hospital, study: str) -> None:
    (seen,) = queries.status().studies
    (row,) = boards.ward_board(hospital.consult, by=None).waiting
    release()
    sheet = f"/ward/{hospital.consult}/entries/{row.entry_id}"
    for path in (f"/patients/{seen.patient_id}", sheet):
        page = browser_of("grace").get(path, buffered=True).get_data(as_text=True)
        assert page_of(study) in page, path
    assert page_of(study) not in browser_of("henry").get(f"/patients/{seen.patient_id}").get_data(
        as_text=True
    )
