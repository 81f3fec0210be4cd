"""A stored reason is a sentence for people and, behind a bar, what a technician needs."""

import pytest
from flask import Flask

from app.core.words import parted


def test_a_reason_falls_into_its_sentence_and_its_detail() -> None:
    assert parted("The EMR refuses this. | HTTP 422; value a | b") == (
        "The EMR refuses this.",
        "HTTP 422; value a | b",
    )
    assert parted("expired") == ("expired", "")
    assert parted("") == ("", "")


@pytest.mark.parametrize(("language", "said"), [("ko", "진료실"), ("en", "Ward")])
def test_the_doors_translate_the_sentence_alone(sqlite_app: Flask, language: str, said: str) -> None:
    told = sqlite_app.jinja_env.filters["told"]
    with sqlite_app.test_request_context(headers={"Accept-Language": language}):
        assert told("Ward | HTTP 503") == f"{said} (HTTP 503)"
        assert told("Ward") == said
        assert told("") == ""
