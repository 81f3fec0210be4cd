"""Signing in: what a token's giver may say, and what is shown of us."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from app.core import http
from app.core.http import Answer
from app.core.relay import TargetDownError
from app.fhir import auth
from app.fhir.rules import Target

KEY = ECKey.generate_key("P-384")
SMART = Target(
    name="emr",
    base_url="https://emr.example/fhir",
    auth="smart",
    client_id="annae",
    private_key=KEY.as_pem(private=True).decode(),
)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "access_token": st.text() | st.integers() | st.none(),
        "expires_in": st.integers() | st.floats() | st.text() | st.booleans(),
        "error": st.text() | st.lists(st.text()),
    },
)


def answer(status: int, said: object) -> Answer:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Answer(status=status, headers={}, body=body)


@given(st.integers(100, 599), st.binary(max_size=100) | SAID | st.lists(SAID, max_size=2))
def test_whatever_is_said_is_a_token_or_none(status: int, said: Any) -> None:
    with suppress(TargetDownError):
        token, seconds = auth._granted(answer(status, said))
        assert 200 <= status < 300
        assert token.isascii()
        assert token.isprintable()
        assert " " not in token
        assert 0 < seconds <= 3600


@pytest.mark.parametrize(
    ("said", "seconds"), [(300, 300), (0.5, 0.5), (10**9, 3600), (0, 60), (-1, 60), ("300", 60), (True, 60)]
)
def test_a_token_lives_as_long_as_is_said_but_no_longer_than_an_hour(said: object, seconds: float) -> None:
    assert auth._granted(answer(200, {"access_token": "t", "expires_in": said})) == ("t", seconds)


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "", " ", "토큰", None, 7, "x" * 9000])
def test_a_token_that_is_none_is_never_sent(token: object) -> None:
    with pytest.raises(TargetDownError):
        auth._granted(answer(200, {"access_token": token}))


@pytest.mark.parametrize(
    ("status", "opens"),
    [(400, True), (401, True), (403, True), (404, True), (408, False), (429, False), (503, False)],
)
def test_a_refusal_opens_the_breaker_and_a_busy_giver_does_not(status: int, *, opens: bool) -> None:
    with pytest.raises(TargetDownError) as caught:
        auth._granted(answer(status, {"error": "invalid_client", "error_description": "김민수"}))
    assert caught.value.opens == opens
    assert "김" not in caught.value.reason
    assert ("invalid_client" in caught.value.reason) == opens


@pytest.mark.parametrize("key", [KEY, RSAKey.generate_key(2048)], ids=["EC", "RSA"])
def test_an_assertion_says_what_smart_asks_for_and_nothing_else(key: ECKey | RSAKey) -> None:
    target = Target(
        name="emr",
        base_url="https://emr.example/fhir",
        auth="smart",
        client_id="annae",
        private_key=key.as_pem(private=True).decode(),
    )
    texts = [auth.assertion(target, "https://emr.example/token") for _ in range(2)]
    first, second = (jwt.decode(one, key, algorithms=["ES384", "RS384"]) for one in texts)
    assert first.header == {"alg": auth.algorithm_of(key), "kid": key.thumbprint(), "typ": "JWT"}
    assert first.claims.keys() == {"iss", "sub", "aud", "exp", "jti"}
    assert (first.claims["iss"], first.claims["sub"], first.claims["aud"]) == (
        "annae",
        "annae",
        "https://emr.example/token",
    )
    assert first.claims["jti"] != second.claims["jti"]


def test_secrets_are_not_written_down_by_accident() -> None:
    target = Target(name="emr", base_url="https://emr.example", auth="bearer", secret="t0ken")
    assert "t0ken" not in repr(target)
    assert "t0ken" not in repr(auth.ticket(target))
    assert "PRIVATE" not in repr(SMART)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"token_endpoint": "https://emr.example/token"}, None),
        ({"token_endpoint": "https://evil.example/token"}, "Another host"),
        ({"token_endpoint": "http://emr.example/token"}, "Another host"),
        ({"token_endpoint": "https://emr.example.evil.example/token"}, "Another host"),
        ({"token_endpoint": "https://emr.example@evil.example/token"}, "Another host"),
        ({"token_endpoint": "//[::"}, "Another host"),
        ({"token_endpoint": 7}, "Set FHIR_TOKEN_URL"),
        ({"issuer": "https://emr.example"}, "Set FHIR_TOKEN_URL"),
        ({}, "just now"),
        (b"<html>", "just now"),
    ],
)
def test_no_server_can_send_our_assertion_elsewhere(
    said: object, reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ask", lambda *_, **__: answer(200, said))
    if reason is None:
        assert auth._discovered(SMART) == "https://emr.example/token"
    else:
        with pytest.raises(TargetDownError, match=reason):
            auth._discovered(SMART)
