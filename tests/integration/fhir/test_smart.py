"""SMART Backend Services against a server that checks every claim: signing in, renewing, and being refused."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server

from app import settings
from app.core import clock
from app.core.relay import TargetDownError
from app.fhir import auth
from app.fhir.client import Entry, FhirClient
from app.fhir.rules import Target
from tests.services.fhir import FhirServer
from tests.services.private import free_port

KEYS: dict[str, ECKey | RSAKey] = {"ES384": ECKey.generate_key("P-384"), "RS384": RSAKey.generate_key(2048)}
WRITE = [Entry(method="PUT", url="Patient/a", resource={"resourceType": "Patient", "id": "a"})]


def smart(server: FhirServer, key: ECKey | RSAKey = KEYS["ES384"], **more: str) -> Target:
    said = {"client_id": "annae", "scope": "system/*.cruds", **more}
    return Target(
        name="emr",
        base_url=server.base_url,
        auth="smart",
        private_key=key.as_pem(private=True).decode(),
        **said,  # type: ignore[arg-type]
    )


def open_for(server: FhirServer, target: Target, **more: object) -> None:
    ask = {"kind": "smart", "client_id": "annae", "jwks": auth.public_keys([target]), **more}
    server.control(auth=ask)


@pytest.fixture(autouse=True)
def _no_token_yet() -> None:
    auth._tokens.forget()


@pytest.fixture
def house(web: Flask) -> Iterator[str]:
    """Give the address at which the house can be asked for its keys."""
    port = free_port()
    server = make_server("127.0.0.1", port, web, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}/.well-known/jwks.json"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_server_asks_us_for_our_keys_and_lets_us_in(
    fhir_server: FhirServer, house: str, algorithm: str
) -> None:
    target = smart(fhir_server, KEYS[algorithm])
    mine = {
        "fhir_base_url": target.base_url,
        "fhir_auth": "smart",
        "fhir_client_id": "annae",
        "fhir_private_key": target.private_key,
    }
    settings.use(settings.Settings.model_validate({**settings.current().model_dump(), **mine}))
    fhir_server.control(auth={"kind": "smart", "client_id": "annae", "jwks_url": house})
    client = FhirClient(target)
    assert client.batch(WRITE)[0].is_good
    assert client.read("Patient", "a").is_good
    assert fhir_server.control()["tokens"] == 1


def test_many_at_once_ask_for_one_token(fhir_server: FhirServer) -> None:
    target = smart(fhir_server)
    open_for(fhir_server, target)
    fhir_server.control(mode="slow", ms=200, match="/auth/token")
    client = FhirClient(target)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.read("Patient", "nobody").status, range(8)))
    assert answers == [404] * 8
    assert fhir_server.control()["tokens"] == 1


def test_a_token_that_was_taken_back_is_replaced_once(fhir_server: FhirServer) -> None:
    target = smart(fhir_server)
    open_for(fhir_server, target)
    client = FhirClient(target)
    client.batch(WRITE)
    fhir_server.control(revoke=True)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.read("Patient", "a").status, range(8)))
    assert answers == [200] * 8
    assert fhir_server.control()["tokens"] == 2


def test_a_token_is_used_for_four_fifths_of_its_life(
    fhir_server: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = smart(fhir_server)
    open_for(fhir_server, target, expires_in=100)
    client = FhirClient(target)
    client.batch(WRITE)
    now = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: now + 79)
    client.read("Patient", "a")
    assert fhir_server.control()["tokens"] == 1
    monkeypatch.setattr(clock, "monotonic", lambda: now + 81)
    client.read("Patient", "a")
    assert fhir_server.control()["tokens"] == 2


def test_a_new_token_that_is_refused_too_opens_the_breaker(fhir_server: FhirServer) -> None:
    target = smart(fhir_server)
    open_for(fhir_server, target)
    fhir_server.control(mode="401", n=2, match="POST /fhir")
    with pytest.raises(TargetDownError, match="FHIR_SCOPE") as caught:
        FhirClient(target).batch(WRITE)
    assert caught.value.opens
    assert fhir_server.control()["tokens"] == 2
    assert fhir_server.journal() == []


def test_a_right_that_is_missing_opens_the_breaker(fhir_server: FhirServer) -> None:
    target = smart(fhir_server)
    open_for(fhir_server, target)
    fhir_server.control(mode="403", match="POST /fhir")
    with pytest.raises(TargetDownError, match=r"FHIR_SCOPE.*HTTP 403") as caught:
        FhirClient(target).batch(WRITE)
    assert caught.value.opens


def test_a_stranger_is_told_what_to_do(fhir_server: FhirServer) -> None:
    open_for(fhir_server, smart(fhir_server))
    strangers = {
        "another key": smart(fhir_server, ECKey.generate_key("P-384")),
        "another name": smart(fhir_server, client_id="somebody"),
        "another scope": smart(fhir_server, scope="system/*.everything"),
    }
    for who, target in strangers.items():
        with pytest.raises(TargetDownError, match="Check FHIR_CLIENT_ID, FHIR_SCOPE") as caught:
            FhirClient(target).batch(WRITE)
        assert caught.value.opens, who
    assert fhir_server.control()["tokens"] == 0


@pytest.mark.parametrize("minutes", [-5.5, 1.5])
def test_a_clock_that_is_wrong_is_refused_by_the_server_not_by_chance(
    fhir_server: FhirServer, minutes: float
) -> None:
    target = smart(fhir_server)
    open_for(fhir_server, target)
    with (
        time_machine.travel(clock.utcnow() + timedelta(minutes=minutes), tick=True),
        pytest.raises(TargetDownError, match="invalid_client"),
    ):
        FhirClient(target).batch(WRITE)


@pytest.mark.parametrize("mode", ["503", "drop", "garbage", "empty", "cut", "429"])
@pytest.mark.parametrize("where", ["/auth/token", "/fhir/.well-known"])
def test_no_token_just_now_is_no_wrong_key(fhir_server: FhirServer, mode: str, where: str) -> None:
    target = smart(fhir_server)
    open_for(fhir_server, target)
    fhir_server.control(mode=mode, match=where)
    with pytest.raises(TargetDownError) as caught:
        FhirClient(target).batch(WRITE)
    assert not caught.value.opens
    assert FhirClient(target).batch(WRITE)[0].is_good


def test_where_tokens_are_given_may_be_set(fhir_server: FhirServer) -> None:
    target = replace(smart(fhir_server), token_url=f"{fhir_server.address}/auth/token")
    open_for(fhir_server, target)
    fhir_server.control(mode="404", n=99, match="well-known")
    assert FhirClient(target).batch(WRITE)[0].is_good
    with pytest.raises(TargetDownError, match="Set FHIR_TOKEN_URL") as caught:
        FhirClient(replace(target, token_url="")).batch(WRITE)
    assert caught.value.opens


def test_an_assertion_is_good_once(fhir_server: FhirServer) -> None:
    target = smart(fhir_server)
    open_for(fhir_server, target)
    endpoint = f"{fhir_server.address}/auth/token"
    form = {
        "grant_type": "client_credentials",
        "scope": target.scope,
        "client_assertion_type": auth.ASSERTION_TYPE,
        "client_assertion": auth.assertion(target, endpoint),
    }
    client = fhir_server._client
    assert [client.post("/auth/token", data=form).status_code for _ in range(2)] == [200, 401]
    form["client_assertion"] = auth.assertion(target, "https://elsewhere.example/token")
    assert client.post("/auth/token", data=form).json()["error_description"].startswith("aud must be")
