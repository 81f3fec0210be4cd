"""Connections to the outside: kept, shared by threads, never by processes, and silent about addresses."""

import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.core import clock, http
from app.core.http import Answer, HttpDownError, HttpForbiddenError, Limits

HERE = frozenset({"127.0.0.1"})


class Listener(ThreadingHTTPServer):
    """A server that keeps connections open and remembers them, and what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.connections: list[tuple[str, int]] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/fhir"


class Handler(BaseHTTPRequestHandler):
    """Answer with what was sent."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.client_address)

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "who=you; Path=/")
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_what_is_sent_arrives(listener: Listener, method: http.Method) -> None:
    answer = http.ask(method, listener.url, content="김".encode(), headers={"X-Request-Id": "7"}, hosts=HERE)
    assert (answer.status, answer.body.decode()) == (200, "김")
    ((verb, path, headers),) = listener.asked
    assert (verb, path, headers["X-Request-Id"], headers["Accept-Encoding"]) == (
        method,
        "/fhir",
        "7",
        "identity",
    )


def test_a_connection_is_kept_for_the_next_request(listener: Listener) -> None:
    for _ in range(5):
        http.ask("GET", listener.url, hosts=HERE)
    assert len(listener.connections) == 1


def test_threads_share_and_do_not_mix_up(listener: Listener) -> None:
    def ask(number: int) -> bytes:
        return http.ask("PUT", listener.url, content=b"%d" % number, hosts=HERE).body

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(200))) == [b"%d" % number for number in range(200)]
    assert len(listener.connections) <= 8


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_never_talks_on_its_parents_connection(listener: Listener) -> None:
    http.ask("GET", listener.url, hosts=HERE)
    with http._connections.lock:  # at the worst moment: another thread is just taking the client
        child = os.fork()
        if child == 0:
            done = 1
            try:
                done = int(not http.ask("POST", listener.url, content=b"child", hosts=HERE).is_good)
            finally:
                os._exit(done)
    assert os.waitpid(child, 0)[1] == 0
    assert http.ask("PUT", listener.url, content=b"parent", hosts=HERE).body == b"parent"
    assert len(listener.connections) == 2
    assert [verb for verb, _, _ in listener.asked] == ["GET", "POST", "PUT"]


def test_no_cookie_is_carried_to_another_call(listener: Listener) -> None:
    for _ in range(2):
        http.ask("GET", listener.url, hosts=HERE)
    assert not [headers for _, _, headers in listener.asked if "Cookie" in headers]


def test_the_log_is_silent_about_addresses(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        http.ask("GET", f"{listener.url}/Patient?identifier=urn:mrn|00012345", hosts=HERE)
    assert "00012345" not in caplog.text


@pytest.mark.parametrize(
    "url", ["http://localhost:1/", "http://emr.example/", "http://[::1/", "http://169.254.169.254/", "fhir"]
)
def test_a_targets_hosts_are_the_only_ones_it_is_asked_at(url: str) -> None:
    with pytest.raises(HttpForbiddenError):
        http.ask("GET", url, hosts=HERE)


def test_what_was_never_sent_is_known_as_such() -> None:
    with pytest.raises(HttpDownError) as caught:
        http.ask("POST", "http://127.0.0.1:1/", content=b"x", hosts=HERE)
    assert caught.value.is_unsent


def test_each_caller_sets_its_own_measure(listener: Listener) -> None:
    narrow = Limits(seconds=5, read_seconds=5, answer_bytes=10)
    wide = Limits(seconds=5, read_seconds=5, answer_bytes=3_000_000)
    with pytest.raises(HttpDownError, match="too long") as caught:
        http.ask("PUT", listener.url, content=b"x" * 11, hosts=HERE, limits=narrow)
    assert not caught.value.is_unsent
    assert (
        len(http.ask("PUT", listener.url, content=b"x" * 2_000_000, hosts=HERE, limits=wide).body)
        == 2_000_000
    )
    with pytest.raises(HttpDownError, match="too long"):
        http.ask("PUT", listener.url, content=b"x" * (http.LARGEST_ANSWER_BYTES + 1), hosts=HERE)


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("7", 7, 7),
        ("999999", 3600, 3600),
        ("9" * 400, 3600, 3600),
        pytest.param(
            format_datetime(clock.utcnow() + timedelta(hours=40), usegmt=True), 3600, 3600, id="in 40 hours"
        ),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Wed, 21 Oct 2099 07:28:00", 0, 3600),
        ("Wed, 99 Foo 2015", 0, 0),
        ("-1", 0, 0),
        ("٣", 0, 0),
        ("soon", 0, 0),
        ("", 0, 0),
    ],
)
def test_how_long_to_wait_comes_in_seconds_or_as_a_date(said: str, least: float, most: float) -> None:
    answer = Answer(status=503, headers={"retry-after": said}, body=b"")
    assert least <= answer.retry_after_seconds <= most
