"""The key set by which FHIR servers know us: public halves alone, for whoever asks."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, RSAKey

from app import settings

PATH = "/.well-known/jwks.json"
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def smart(app: Flask, key: str) -> None:
    now = {"fhir_base_url": "https://emr.example/fhir", "fhir_auth": "smart", "fhir_client_id": "annae"}
    more = settings.Settings.model_validate(
        {**settings.current().model_dump(), **now, "fhir_private_key": key}
    )
    settings.use(more)


def test_without_a_smart_target_there_is_no_key(client: FlaskClient) -> None:
    answer = client.get(PATH)
    assert (answer.status_code, answer.get_json()) == (200, {"keys": []})


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(ECKey.generate_key("P-384"), "ES384"), (RSAKey.generate_key(2048), "RS384")],
    ids=["EC", "RSA"],
)
def test_a_stranger_sees_the_public_half(
    web: Flask, client: FlaskClient, key: ECKey | RSAKey, algorithm: str
) -> None:
    smart(web, key.as_pem(private=True).decode())
    answer = client.get(PATH)
    (shown,) = answer.get_json()["keys"]
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert not PRIVATE_MEMBERS & shown.keys()
    assert (shown["alg"], shown["use"], shown["kid"]) == (algorithm, "sig", key.thumbprint())
    public = key.as_dict(private=False)
    assert {name: shown[name] for name in public} == public


def test_the_next_key_is_known_before_it_signs(web: Flask, client: FlaskClient) -> None:
    keys = [ECKey.generate_key("P-384") for _ in range(2)]
    smart(web, json.dumps({"keys": [one.as_dict(private=True) for one in keys]}))
    shown = client.get(PATH).get_json()["keys"]
    assert [one["kid"] for one in shown] == [one.thumbprint() for one in keys]
    assert not any(PRIVATE_MEMBERS & one.keys() for one in shown)
