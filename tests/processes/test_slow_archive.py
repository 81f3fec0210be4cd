"""An archive that takes every connection and never answers: who asks for pictures is told, and the ward works on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.core.clock import monotonic
from app.core.relay.breaker import FAILURES_IN_A_ROW
from app.imaging.archive.orthanc import FILE as LIMITS
from app.imaging.services.delivering import MOST_AT_ONCE
from tests.processes import gate as gates
from tests.processes.gate import Gate
from tests.processes.house import wait_until
from tests.services.found import MissingError
from tests.services.silent import Silent, silent
from tests.web.dicomweb.gallery import FRAME, JSON, Gallery

pytestmark = [pytest.mark.processes, pytest.mark.orthanc, pytest.mark.xdist_group("processes")]

# What a busy machine may take beside the time that is waited for.
SPARE_SECONDS = 6.0
SOON_SECONDS = 6.0
# More than the one web process here has threads (16), and some that nginx asks for.
HEADERS_AT_ONCE, FRAMES_AT_ONCE = 24, 4


@pytest.fixture(scope="module")
def hanging() -> Iterator[Silent]:
    """Let something hang where the archive was."""
    with silent() as one:
        yield one


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, service: object, hanging: Silent) -> Iterator[Gate]:
    """Open a gate whose pictures lie in an archive that hangs from now on."""
    del service
    try:
        with gates.opened(tmp_path_factory.mktemp("slow")) as opened:
            yield opened
    except MissingError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def gallery(gate: Gate, hanging: Silent) -> Gallery:
    """Let studies come in while the archive is well."""
    with gate.inside():
        gallery = Gallery(gate.stage.app, gate.stage.hospital)
    gate.archive = hanging.address
    gate.start("--workers", "1")
    return gallery


def timed(gate: Gate, who: str, path: str, accept: str) -> tuple[httpx.Response, float]:
    """Ask, and say how many seconds it took."""
    began = monotonic()
    answer = gate.ask(who, path, Accept=accept)
    return answer, monotonic() - began


def is_told(answer: httpx.Response) -> None:
    """Look whether it is said that, why and until when there is nothing."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["title"] in {"DEPENDENCY_DOWN", "BUSY"}
    assert answer.json()["detail"].endswith(".")


def test_an_archive_that_hangs_is_left_alone_and_the_ward_works_on(
    gate: Gate, gallery: Gallery, hanging: Silent
) -> None:
    gate.browser("mia")
    gate.browser("anne")
    headers, frame = f"{gallery.mine.instance()}/metadata", f"{gallery.mine.instance()}/frames/1"
    wanted = [headers] * HEADERS_AT_ONCE + [frame] * FRAMES_AT_ONCE
    with ThreadPoolExecutor(len(wanted)) as many:
        asked = [many.submit(timed, gate, "mia", path, JSON) for path in wanted]
        wait_until(lambda: hanging.taken >= MOST_AT_ONCE, SPARE_SECONDS, "they hang")
        ward, seconds = timed(gate, "anne", f"/ward/{gate.stage.hospital.consult}", "text/html")
        assert (ward.status_code, seconds < SOON_SECONDS) == (200, True), seconds
        assert sum(not one.done() for one in asked) >= MOST_AT_ONCE, "they hang still"
        answers = [one.result() for one in asked]
    for answer, seconds in answers:
        is_told(answer)
        assert seconds < LIMITS.read_seconds + SPARE_SECONDS
    by_us = [answer.json()["title"] for answer, _ in answers[:HEADERS_AT_ONCE]]
    assert by_us.count("DEPENDENCY_DOWN") >= FAILURES_IN_A_ROW
    assert "BUSY" in by_us

    assert gate.asked("SELECT open_until IS NOT NULL FROM outbox_breaker WHERE consumer = 'orthanc'") == [
        (1,)
    ]
    before = hanging.taken
    answer, seconds = timed(gate, "mia", headers, JSON)
    is_told(answer)
    assert seconds < SOON_SECONDS
    assert hanging.taken == before, "it is left alone"
    ready, seconds = timed(gate, "eve", "/readyz", "application/json")
    assert (ready.status_code, ready.json()["checks"]["imaging"]) == (200, "down")
    lists = gate.ask("mia", f"/dicom-web/studies?StudyInstanceUID={gallery.mine.of.study}")
    assert (lists.status_code, hanging.taken) == (200, before)
    assert gate.ask("anne", f"{gallery.mine.instance()}/frames/1", Accept=FRAME).status_code == 503


def test_who_asks_how_the_house_is_does_not_wait_for_it(
    gate: Gate, gallery: Gallery, hanging: Silent
) -> None:
    gate.asked("UPDATE outbox_breaker SET recent = '', open_until = NULL")
    before = hanging.taken
    began = monotonic()
    answer = httpx.get(f"{gate.behind}/readyz", timeout=10, trust_env=False)
    assert monotonic() - began < SOON_SECONDS
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["checks"]["imaging"]) == ("degraded", "down")
    assert hanging.taken == before + 1
