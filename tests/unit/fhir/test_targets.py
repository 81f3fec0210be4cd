"""Which EMR the settings name, and the sentence that refuses one that is set by half."""

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from app.factory import create_app
from app.fhir import targets
from app.fhir.rules import Target
from app.settings import Settings, SettingsError, load

BASE = {"APP_ENV": "test", "SECRET_KEY": "a key for tests only, 32 signs and more"}
PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": "a key for tests only, 32 signs and more",
    "DATABASE_URL": "mysql://annae@db/annae",
    "REDIS_URL": "redis://redis:6379/0",
    "PUBLIC_URL": "https://annae.hospital.example",
}
EMR = {"FHIR_BASE_URL": "https://emr.hospital.example/fhir"}
P384 = ECKey.generate_key("P-384").as_pem(private=True).decode()


def configured(*values: dict[str, str], **more: str) -> tuple[Target, ...]:
    given: dict[str, str] = {}
    for one in (BASE, *values, more):
        given |= one
    return targets.configured(load(given))


def listed(*said: object) -> dict[str, str]:
    return {"FHIR_TARGETS": json.dumps(said)}


def test_nothing_set_is_nobody_to_tell() -> None:
    assert configured() == ()


def test_the_emr_is_the_one_that_we_also_read_from() -> None:
    (emr,) = configured(EMR, FHIR_AUTH="bearer", FHIR_SECRET="t0ken")
    assert (emr.name, emr.consumer, emr.pulls, emr.ids) == ("emr", "fhir:emr", True, "ours")
    assert "t0ken" not in repr(emr)


def test_further_targets_read_their_secrets_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(P384)
    said = {
        "name": "registry",
        "base_url": "https://registry.example/fhir",
        "auth": "smart",
        "client_id": "annae",
        "private_key_file": str(tmp_path / "key"),
        "ids": "theirs",
        "checks_references": False,
    }
    emr, registry = configured(EMR, listed(said))
    assert registry.private_key.startswith("-----BEGIN")
    assert (registry.ids, registry.checks_references, registry.pulls) == ("theirs", False, False)
    assert emr.name == "emr"


def test_what_was_read_once_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken")
    said = {
        "name": "a",
        "base_url": "https://a.example",
        "auth": "bearer",
        "secret_file": str(tmp_path / "token"),
    }
    now = load({**BASE, **listed(said)})
    first = targets.configured(now)
    (tmp_path / "token").unlink()
    assert targets.configured(now) is first


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"FHIR_AUTH": "basic"}, "FHIR_BASE_URL must be set"),
        ({**EMR, "FHIR_AUTH": "basic", "FHIR_CLIENT_ID": "annae"}, "FHIR_SECRET must be set"),
        ({**EMR, "FHIR_AUTH": "basic", "FHIR_SECRET": "s"}, "FHIR_CLIENT_ID must be set"),
        (
            {**EMR, "FHIR_AUTH": "basic", "FHIR_SECRET": "s", "FHIR_CLIENT_ID": "a:b"},
            "no.* a colon|not hold a colon",
        ),
        ({**EMR, "FHIR_AUTH": "bearer"}, "FHIR_SECRET must be set"),
        ({**EMR, "FHIR_AUTH": "bearer", "FHIR_SECRET": "a\nb: c"}, "cannot be sent"),
        ({**EMR, "FHIR_AUTH": "smart", "FHIR_CLIENT_ID": "annae"}, "FHIR_PRIVATE_KEY must be set"),
        ({**EMR, "FHIR_AUTH": "smart", "FHIR_PRIVATE_KEY": P384}, "FHIR_CLIENT_ID must be set"),
        ({**EMR, "FHIR_AUTH": "smart", "FHIR_CLIENT_ID": "annae", "FHIR_PRIVATE_KEY": "x"}, "cannot be used"),
        ({"FHIR_BASE_URL": "emr.hospital.example/fhir"}, "must look like https"),
        ({"FHIR_BASE_URL": "file:///etc/passwd"}, "must look like https"),
        ({"FHIR_BASE_URL": "https://us:er@emr.example/fhir"}, "must hold no user"),
        ({"FHIR_BASE_URL": "https://emr.example/fhir?x=1"}, "must hold no user"),
        ({"FHIR_BASE_URL": "https://emr.example:port/fhir"}, "is no address"),
        ({"FHIR_TARGETS": "{"}, "must be a JSON list"),
        ({"FHIR_TARGETS": '{"name": "a"}'}, "must look like"),
        (listed({"base_url": "https://a.example"}), "needs a name"),
        (listed({"name": "A b", "base_url": "https://a.example"}), "needs a name"),
        (listed({"name": "a"}), "a: base_url must look like"),
        (listed({"name": "a", "base_url": "https://a.example", "secret": "s"}), "secret_file"),
        (listed({"name": "a", "base_url": "https://a.example", "aut": "none"}), "aut is not known"),
        (listed({"name": "a", "base_url": "https://a.example", "auth": "magic"}), "auth must be one of"),
        (listed({"name": "a", "base_url": "https://a.example", "ids": "both"}), "ids must be one of"),
        (listed({"name": "a", "base_url": "https://a.example", "pulls": "yes"}), "true or false"),
        (listed({"name": "a", "base_url": 7}), "base_url must be a text"),
        (listed({"name": "a", "base_url": "https://a.example", "secret_file": "/nowhere"}), "cannot be read"),
        ({**EMR, **listed({"name": "emr", "base_url": "https://a.example"})}, "once"),
    ],
)
def test_half_a_target_is_refused_with_a_sentence(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        configured(values)


def test_a_hook_that_can_be_guessed_is_refused_with_what_to_set() -> None:
    sentence = "^FHIR_HOOK_SECRET must have 32 characters or more, or be empty to close that door$"
    with pytest.raises(SettingsError, match=sentence):
        load(BASE | {"FHIR_HOOK_SECRET": 31 * "x"})
    assert load(BASE | {"FHIR_HOOK_SECRET": 32 * "x"}).fhir_hook_secret
    assert not load(BASE | {"FHIR_HOOK_SECRET": ""}).fhir_hook_secret


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (ECKey.generate_key("P-256").as_pem(private=True).decode(), "P-384"),
        (ECKey.generate_key("P-384").as_pem(private=False).decode(), "no private key"),
        (json.dumps({"keys": []}), "no private key"),
        (json.dumps({"keys": 7}), "no private RSA"),
        (json.dumps({"kty": "oct", "k": "c2VjcmV0"}), "no private RSA"),
    ],
    ids=["another curve", "a public key", "no keys", "no list of keys", "a shared secret"],
)
def test_a_key_that_no_smart_server_takes_is_refused(key: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        configured(EMR, FHIR_AUTH="smart", FHIR_CLIENT_ID="annae", FHIR_PRIVATE_KEY=key)


@pytest.mark.parametrize(
    "key",
    [
        P384,
        RSAKey.generate_key(2048).as_pem(private=True).decode(),
        json.dumps(ECKey.generate_key("P-384").as_dict(private=True)),
        json.dumps({"keys": [ECKey.generate_key("P-384").as_dict(private=True)] * 2}),
    ],
    ids=["P-384 as PEM", "RSA as PEM", "a JWK", "a JWK Set"],
)
def test_keys_may_come_as_servers_hand_them_out(key: str) -> None:
    (emr,) = configured(EMR, FHIR_AUTH="smart", FHIR_CLIENT_ID="annae", FHIR_PRIVATE_KEY=key)
    assert emr.private_key == key


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("https://emr.hospital.example/fhir", True),
        ("http://127.0.0.1:8103/fhir", True),
        ("http://localhost:8103/fhir", True),
        ("http://emr.hospital.example/fhir", False),
        ("http://10.0.0.5/fhir", False),
    ],
)
def test_in_production_only_this_machine_is_spoken_to_in_the_clear(address: str, *, is_taken: bool) -> None:
    now: Settings = load({**PRODUCTION, "FHIR_BASE_URL": address})
    if is_taken:
        assert targets.configured(now)[0].base_url == address
    else:
        with pytest.raises(SettingsError, match="https://"):
            targets.configured(now)


def test_the_house_does_not_open_with_half_a_target(tmp_path: Path) -> None:
    half = {**BASE, **EMR, "FHIR_AUTH": "smart", "VAR_DIR": str(tmp_path)}
    with pytest.raises(SettingsError, match="FHIR_CLIENT_ID must be set"):
        create_app(load(half))
