"""A stored reason is a sentence for people and, behind a bar, what a technician needs."""

from flask import Flask

from app.core.words import parted


def test_a_reason_falls_into_its_sentence_and_its_detail() -> None:
    assert parted("The EMR refuses this. | HTTP 422; value a | b") == (
        "The EMR refuses this.",
        "HTTP 422; value a | b",
    )
    assert parted("expired") == ("expired", "")
    assert parted("") == ("", "")


def test_the_doors_translate_the_sentence_alone(sqlite_app: Flask) -> None:
    told = sqlite_app.jinja_env.filters["told"]
    with sqlite_app.test_request_context(headers={"Accept-Language": "ko"}):
        assert told("Ward | HTTP 503") == "진료실 (HTTP 503)"
        assert told("Ward") == "진료실"
        assert told("") == ""
    with sqlite_app.test_request_context(headers={"Accept-Language": "en"}):
        assert told("Ward | HTTP 503") == "Ward (HTTP 503)"
