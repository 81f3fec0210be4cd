"""The page's side of the socket, in Chromium under the strict policy."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page

from tests.live.theatre import Stage, staged, wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page whose console must stay without errors of the policy."""
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(f"Security: {error}"))
    yield page
    page.close()
    assert [line for line in said if "Security" in line or "Uncaught" in line] == []


def opened(page: Page, stage: Stage, topic: str, session: str, attributes: str = "") -> None:
    page.goto(f"http://127.0.0.1:{stage.port}/page/{topic}?attributes={attributes}&session={session}")
    wait_until(lambda: state(page) == "live")


def seq(page: Page) -> int:
    return int(page.evaluate("document.getElementById('p').dataset.seq"))


def state(page: Page) -> str | None:
    found: str | None = page.evaluate("document.getElementById('live').dataset.state")
    return found


def test_a_move_appears_and_an_older_one_is_refused(page: Page, stage: Stage) -> None:
    topic = f"queue:{uuid4().hex}"
    opened(page, stage, topic, "anne")
    page.evaluate("document.addEventListener('annae:fragment', (e) => { window.told = e.detail })")
    stage.post(f"/move/{topic}?times=3")
    wait_until(lambda: seq(page) == 3)
    assert page.evaluate("window.told") == {"id": "p", "topic": topic, "seq": 3}
    page.evaluate(
        f"htmx.swap(document.body, '<p id=p hx-swap-oob=morph data-topic={topic} data-seq=2>old</p>',"
        "{swapStyle: 'none'})"
    )
    assert seq(page) == 3


def test_a_fragment_too_long_to_push_is_fetched(page: Page, stage: Stage) -> None:
    topic = f"huge:{uuid4().hex}"
    opened(page, stage, topic, "anne")
    stage.post(f"/move/{topic}")
    wait_until(lambda: seq(page) == 1)


def test_who_is_signed_out_is_taken_to_sign_in_and_others_are_told(page: Page, stage: Stage) -> None:
    for attributes in ("data-signed-out-url=/page/login", ""):
        session = uuid4().hex
        opened(page, stage, f"queue:{session}", session, attributes)
        stage.post(f"/end/{session}")
        if attributes:
            page.wait_for_url("**/page/login?next=*")
        else:
            wait_until(lambda: state(page) == "signed-out")
            assert page.evaluate("document.getElementById('call').disabled")


def test_a_page_without_socket_polls_and_says_so(page: Page, stage: Stage) -> None:
    topic = f"queue:{uuid4().hex}"
    page.add_init_script(
        "window.WebSocket = class { static CONNECTING = 0; static OPEN = 1; static CLOSED = 3;"
        " addEventListener() {} close() {} }"
    )
    page.clock.install()
    page.goto(f"http://127.0.0.1:{stage.port}/page/{topic}?session=anne")
    stage.post(f"/move/{topic}")
    page.clock.fast_forward(5_000)
    assert seq(page) == 0
    page.clock.fast_forward(6_000)
    wait_until(lambda: seq(page) == 1)
    wait_until(lambda: state(page) == "polling", 2)
    assert not page.evaluate("document.getElementById('call').disabled")


def test_a_server_that_stands_still_is_called_stale_and_comes_back(page: Page, tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        page.clock.install()
        opened(page, stage, "queue:1", "anne", "data-stale-after=10")
        worker = int(
            Path(f"/proc/{stage.process.pid}/task/{stage.process.pid}/children").read_text().split()[0]
        )
        os.kill(worker, signal.SIGSTOP)
        try:
            page.clock.fast_forward(6_500)
            wait_until(lambda: state(page) == "delayed")
            page.clock.fast_forward(4_000)
            wait_until(lambda: state(page) == "stale")
            assert page.evaluate("document.getElementById('call').disabled")
            assert page.evaluate("document.body.classList.contains('is-stale')")
            assert str(page.evaluate("document.getElementById('live').textContent")).startswith("stale ")
        finally:
            os.kill(worker, signal.SIGCONT)
        wait_until(lambda: state(page) == "live", 4)
        assert not page.evaluate("document.getElementById('call').disabled")
        os.kill(worker, signal.SIGKILL)
        stage_is_back = wait_until(stage.is_up, 8)
        assert stage_is_back < 8
        stage.post("/move/queue:1")
        wait_until(lambda: seq(page) == 1, 8)
