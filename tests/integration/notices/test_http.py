"""HTTP to the outside: allowed hosts only, no redirect, no answer without end."""

import pytest
from flask import Flask

from app.core import http
from app.core.http import HttpDownError, HttpForbiddenError
from tests.integration.notices.outside import Outside


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/",
        "http://evil.example/",
        "http://127.0.0.1.evil.example/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://somebody@127.0.0.1:{port}/",
        "http://169.254.169.254/",
        "",
    ],
)
def test_a_host_that_is_not_set_is_never_asked(
    sqlite_app: Flask, told: None, gateway: Outside, url: str
) -> None:
    with pytest.raises(HttpForbiddenError):
        http.post(url.format(port=gateway.url.rpartition(":")[2]), b"{}", {})
    assert gateway.received == []


def test_a_redirect_is_an_answer(
    sqlite_app: Flask, told: None, gateway: Outside, push_service: Outside
) -> None:
    gateway.answers = [(302, {"Location": push_service.url})]
    assert http.post(gateway.url, b"{}", {}).status == 302
    assert push_service.received == []


def test_nobody_listening_is_down(sqlite_app: Flask, told: None) -> None:
    with pytest.raises(HttpDownError):
        http.post("http://127.0.0.1:1/", b"{}", {})


def test_an_answer_without_end_is_broken_off(
    sqlite_app: Flask, told: None, gateway: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER_BYTES", 1000)
    gateway.body = b"x" * 5000
    with pytest.raises(HttpDownError, match="too long"):
        http.post(gateway.url, b"{}", {})


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("999999", 3600), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-1", 0), ("", 0)],
)
def test_how_long_the_target_asks_us_to_wait(
    sqlite_app: Flask, told: None, gateway: Outside, said: str, seconds: int
) -> None:
    gateway.answers = [(503, {"Retry-After": said})]
    assert http.post(gateway.url, b"{}", {}).retry_after_seconds == seconds


def test_the_environment_names_no_proxy(
    sqlite_app: Flask, told: None, gateway: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert http.post(gateway.url, b"{}", {}).is_good
