"""The gate as deployed: web, nginx and Orthanc; who comes past, what is counted, and what happens when one is away."""

import http.client
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import pytest

from app.accounts import services as accounts
from app.core.actor import SYSTEM
from app.imaging import renditions
from app.imaging import services as imaging
from app.imaging.archive import multipart
from app.imaging.renditions.places import HEAD, TAIL, place_of
from app.imaging.rules import TRANSFER_SYNTAXES
from tests.integration.imaging.pictures import Pictures, encapsulated, pixels, stream
from tests.processes import gate as gates
from tests.processes.gate import Gate
from tests.processes.house import wait_until
from tests.services.found import MissingError
from tests.services.private import ORTHANC_KEY, ORTHANC_PASSWORD, ORTHANC_USER
from tests.web.dicomweb.gallery import FILE, FRAME, JSON, Gallery, Shown
from tests.web.dicomweb.test_gate import CLOSED, ELSEWHERE, ways_of

pytestmark = [pytest.mark.processes, pytest.mark.orthanc, pytest.mark.xdist_group("processes")]

FUZZ = (
    "",
    "*/*",
    "text/html",
    "multipart/related",
    "multipart/related; type=application/dicom",
    'multipart/related; type="image/jpeg"',
    "multipart/related; type=image/jp2; transfer-syntax=1.2.840.10008.1.2.4.90;",
    "application/dicom",
    "a" * 4000,
    '"; transfer-syntax=*, \\"',
    "multipart/related; transfer-syntax=" + "9." * 400,
)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, service: object) -> Iterator[Gate]:
    """Open the gate once."""
    del service
    try:
        with gates.opened(tmp_path_factory.mktemp("gate")) as opened:
            opened.start()
            yield opened
    except MissingError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def gallery(gate: Gate) -> Gallery:
    """Let studies come in, kept by the Orthanc."""
    with gate.inside():
        return Gallery(gate.stage.app, gate.stage.hospital)


def rows(gate: Gate) -> list[tuple[str, str]]:
    found = gate.asked(
        "SELECT outcome, json_extract(details, '$.status') FROM audit WHERE action = 'imaging:study:read'"
    )
    return [(str(outcome), str(status)) for outcome, status in found]


def parts(answer: httpx.Response) -> list[bytes]:
    assert answer.status_code == 200, answer.text
    return [content for content, _ in multipart.read(answer.content, answer.headers["content-type"])]


def raw(gate: Gate, path: str, cookies: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """Ask as no client would: the path exactly as it stands."""
    address = urlsplit(gate.front)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)) as line:
        line.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {"Cookie": cookies, **headers}.items():
            line.putheader(name, value)
        line.endheaders()
        answer = line.getresponse()
        return answer.status, answer.read()


def cookies_of(gate: Gate, name: str) -> str:
    return "; ".join(f"{one}={value}" for one, value in gate.browser(name).cookies.items())


def test_pictures_come_as_they_were_sent_and_each_is_counted(gate: Gate, gallery: Gallery) -> None:
    mine, before = gallery.mine, len(rows(gate))
    for place, content in enumerate(mine.files):
        answer = gate.ask("anne", mine.instance(place), Accept=FILE)
        assert parts(answer) == [content]
        frame = gate.ask("anne", f"{mine.instance(place)}/frames/1", Accept=FRAME, Range="bytes=0-9")
        assert parts(frame) == [pixels(place + 1)]
        for said in (answer.headers, frame.headers):
            assert said["cache-control"] == "private, no-store"
            assert said["content-type"].startswith("multipart/related")
            assert "x-accel-redirect" not in said
            assert "orthanc" not in str(said).lower()
    assert rows(gate)[before:] == [("ok", "200")] * 6
    for path, accept in ways_of(mine):
        for who, status in {"anne": 200, "mia": 200, "ben": 404, "henry": 403, "eve": 401}.items():
            before = len(rows(gate))
            answer = gate.ask(who, path, Accept=accept)
            assert answer.status_code == status, (who, path, answer.text)
            assert rows(gate)[before:] == [("ok" if status == 200 else "refused", str(status))]
    headers = gate.ask("anne", f"{mine.study}/metadata", **{"Accept": JSON, "Accept-Encoding": "gzip"})
    assert (headers.headers["content-encoding"], len(headers.json())) == ("gzip", 3)
    assert gate.archive.encode() not in headers.content


def test_nobody_comes_past(gate: Gate, gallery: Gallery) -> None:
    at = gallery.theirs.ats[0]
    place = f"/_orthanc/dicom-web/studies/{at.study}/series/{at.series}/instances/{at.instance}"
    hidden = (place, "/_orthanc/", "/_orthanc/instances", f"{place}/frames/1", "/_ht/", "/_ht/..", "/_ht%2f1")
    tricks = (f"/dicom-web/..{place}", f"/dicom-web/%2e%2e{place}", f"/dicom-web//..//{place}", f"//{place}")
    for who in ("mia", "anne", "eve"):
        cookies = cookies_of(gate, who)
        for path in (*hidden, *tricks, *ELSEWHERE):
            status, body = raw(gate, path, cookies, **{"X-Accel-Redirect": place})
            assert status in {400, 401, 404}, (who, path)
            assert pixels(1) not in body
        for path in CLOSED:
            asked = f"/dicom-web/{path.format(at=at)}"
            if asked.isascii():
                status, body = raw(gate, asked, cookies, Accept=FILE)
                assert status in {301, 308, 400, 401, 404}, (who, path)
                assert pixels(1) not in body
    for method in ("HEAD", "POST", "PUT", "DELETE", "PROPFIND", "TRACE"):
        assert raw(gate, gallery.mine.study, cookies_of(gate, "mia"), method)[0] in {400, 405}
    said = {"X-Accel-Redirect": place, "X-Accel-Expires": "9", "X-Original-URL": place, "Accept": FRAME}
    assert gate.ask("ben", f"{gallery.mine.instance()}/frames/1", **said).status_code == 404


def own_address() -> str | None:
    """Return where others would reach this machine; a datagram's socket is bound and nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def test_the_archive_lets_nobody_in_from_outside(gate: Gate) -> None:
    port = urlsplit(gate.archive).port
    assert httpx.get(f"{gate.archive}/system", trust_env=False).status_code == 401
    own = own_address()
    if own is None:
        pytest.skip("this machine has no address but its own")
    key = (ORTHANC_USER, ORTHANC_PASSWORD)
    assert httpx.get(f"http://{own}:{port}/system", auth=key, trust_env=False).status_code in {401, 403}


def test_ones_own_study_never_leads_to_anothers_picture(gate: Gate, gallery: Gallery) -> None:
    mine, theirs = gallery.mine.ats[0], gallery.theirs.ats[0]
    for study, series, instance in (
        (mine.study, theirs.series, theirs.instance),
        (mine.study, mine.series, theirs.instance),
        (mine.study, theirs.series, mine.instance),
        (theirs.study, mine.series, mine.instance),
    ):
        path = f"/dicom-web/studies/{study}/series/{series}/instances/{instance}"
        for tail, accept in (
            ("", FILE),
            ("/frames/1", FRAME),
            ("/rendered", "image/png"),
            ("/metadata", JSON),
        ):
            answer = gate.ask("anne", path + tail, Accept=accept)
            assert answer.status_code == 404
            assert pixels(1) not in answer.content
    assert parts(gate.ask("anne", f"{gallery.mine.instance()}/frames/1", Accept=FRAME)) == [pixels(1)]


def test_no_accept_header_ends_the_archive(gate: Gate, gallery: Gallery) -> None:
    """With orthanc-gdcm a single GET with another transfer syntax did; here no client's word reaches it."""
    pid, path = gate.archive_pid(), gallery.mine.instance()
    forms = ("application/dicom", "application/octet-stream", "image/jls", "image/jp2", "image/jpeg")
    accepts = [
        f'multipart/related; type="{form}"; transfer-syntax={syntax}'
        for form in forms
        for syntax in (*TRANSFER_SYNTAXES, "1.2.840.10008.1.2.4.100")
    ]
    for number, accept in enumerate((*accepts, *FUZZ)):
        of = gallery.mine if number % 2 else gallery.theirs
        tail, whole = (f"{of.instance()}/frames/1", pixels(1)) if number % 3 else (of.instance(), of.files[0])
        assert parts(gate.ask("mia", tail, Accept=accept)) == [whole], (path, accept)
    assert gate.archive_pid() == pid


def test_a_frame_that_the_archive_cannot_cut_is_cut_here(gate: Gate, gallery: Gallery) -> None:
    """Orthanc 1.10 keeps files of HTJ2K, and answers 500 for their frames (tried)."""
    shown = Shown(None, "K-2", Pictures(patient_id="K-2"))
    shown.files = [encapsulated(shown.of, stream())]
    with gate.inside():
        assert imaging.take(shown.files[0], name="a.dcm", source="test", by=SYSTEM).study_id
    (frame,) = parts(gate.ask("mia", f"{shown.instance()}/frames/1", Accept=FRAME))
    assert frame.rstrip(b"\0") == stream()
    assert parts(gate.ask("mia", shown.instance(), Accept=FILE)) == shown.files
    archives_own = httpx.get(
        gate.archive + shown.instance() + "/frames/1",
        headers={"Authorization": ORTHANC_KEY, "Accept": FRAME},
        trust_env=False,
    )
    assert archives_own.status_code >= 400, "it can now: leave it to nginx"


def test_without_a_row_there_is_no_picture(gate: Gate, gallery: Gallery) -> None:
    gate.browser("anne")  # to sign in is written down as well
    gate.asked("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END")
    try:
        for path, accept in ways_of(gallery.mine):
            answer = gate.ask("anne", path, Accept=accept)
            assert (answer.status_code, answer.json()["title"]) == (503, "DEPENDENCY_DOWN")
            assert pixels(1) not in answer.content
    finally:
        gate.asked("DROP TRIGGER full")


def test_a_database_that_is_taken_shows_nothing(gate: Gate, gallery: Gallery) -> None:
    gate.browser("anne")
    writer = sqlite3.connect(gate.stage.file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        answer = gate.ask("anne", f"{gallery.mine.instance()}/frames/1", Accept=FRAME)
    finally:
        writer.execute("ROLLBACK")
        writer.close()
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert pixels(1) not in answer.content


@pytest.fixture
def rendition(gate: Gate, gallery: Gallery) -> Iterator[str]:
    """Write a rendition where the worker would; give the address of its frame."""
    with gate.inside():
        place = place_of(gallery.mine.ats[1], 1)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(HEAD + stream() + TAIL)
        yield f"{gallery.mine.instance(1)}/frames/1"
        place.unlink()


def test_who_leaves_sees_no_further_frame(gate: Gate, gallery: Gallery, rendition: str) -> None:
    path = f"{gallery.mine.instance()}/frames/1"
    for frame in (path, rendition):
        assert gate.ask("grace", frame, Accept=FRAME).status_code == 200
        assert gate.ask("flora", frame, Accept=FRAME).status_code == 200
    grace = gate.stage.hospital.cast.grace.id
    assert grace
    with gate.inside():
        accounts.revoke_all_of(grace, by=SYSTEM)
    gate.asked("DELETE FROM staff_unit WHERE staff_id = (SELECT id FROM staff WHERE username = 'flora')")
    for frame in (path, rendition):
        assert gate.ask("grace", frame, Accept=FRAME).status_code == 401
        assert gate.ask("flora", frame, Accept=FRAME).status_code == 404


def test_an_archive_that_is_away_is_said_so_and_renditions_go_on(
    gate: Gate, gallery: Gallery, rendition: str
) -> None:
    path, headers = f"{gallery.mine.instance()}/frames/1", f"{gallery.mine.study}/metadata"
    answer = gate.ask("anne", rendition, Accept=FRAME, Range="bytes=0-3")
    assert parts(answer) == [stream()]
    assert answer.headers["content-type"] == renditions.CONTENT_TYPE
    gate.stop_archive()
    for _ in range(5):
        for asked, accept in ((path, FRAME), (headers, JSON)):
            answer = gate.ask("anne", asked, Accept=accept)
            assert (answer.status_code, answer.json()["title"]) == (503, "DEPENDENCY_DOWN")
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["content-type"] == "application/problem+json"
    assert gate.asked("SELECT open_until IS NOT NULL FROM outbox_breaker WHERE consumer = 'orthanc'") == [
        (1,)
    ]
    assert parts(gate.ask("anne", rendition, Accept=FRAME)) == [stream()]
    assert gate.ask("anne", "/dicom-web/studies?StudyInstanceUID=" + gallery.mine.of.study).status_code == 200
    assert gate.ask("anne", "/ward").status_code in {200, 302, 303}
    gate.start_archive()
    assert parts(gate.ask("anne", path, Accept=FRAME)) == [pixels(1)]
    assert gate.ask("anne", headers).status_code == 503, "left alone until the pause is over"
    gate.asked("UPDATE outbox_breaker SET open_until = '2000-01-01 00:00:00.000000'")
    assert gate.ask("anne", headers).status_code == 200
    assert gate.asked("SELECT open_until FROM outbox_breaker WHERE consumer = 'orthanc'") == [(None,)]


def test_an_archive_that_does_not_know_us_is_one_that_is_away(gate: Gate, gallery: Gallery) -> None:
    path = f"{gallery.mine.instance()}/frames/1"
    gate.tell_nginx('proxy_set_header Authorization "Basic d3Jvbmc6d3Jvbmc=";\n')
    try:
        wait_until(lambda: gate.ask("anne", path, Accept=FRAME).status_code == 503, 5, "nginx read its file")
        answer = gate.ask("anne", path, Accept=FRAME)
        assert answer.json()["detail"].endswith("nothing was lost.")
    finally:
        gate.tell_nginx(gates.HIDDEN_PASSWORD)
    wait_until(lambda: gate.ask("anne", path, Accept=FRAME).status_code == 200, 5, "nginx read its file")
