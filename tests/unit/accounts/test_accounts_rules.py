"""Pure rules of accounts, and the keys and tokens made of them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from app import settings
from app.accounts import keys, passwords, rules, second_factor, tokens
from app.core.errors import InvalidError, SignInNeededError

NOW = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _key() -> None:
    settings.use(settings.load({"APP_ENV": "test", "SECRET_KEY": "n" * 40, "SECRET_KEY_FALLBACKS": "o" * 40}))


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("not an address", None),
        (None, None),
    ],
)
def test_neighbours_count_as_one(ip: str | None, network: str | None) -> None:
    assert rules.network(ip) == network


def test_hangul_is_the_same_word_composed_or_not() -> None:
    stored = passwords.make("조용한 병동의 밤입니다 오늘")
    assert passwords.verify(stored, "조용한 병동의 밤입니다 오늘")
    assert not passwords.verify(stored, "시끄러운 병동의 밤입니다")


def test_nobody_has_no_password() -> None:
    assert not passwords.verify(None, "anything at all")


@pytest.mark.parametrize(
    "word", ["qwertyuiop123", "Hospital1234!", "비밀번호비밀번호1234", "charlotte.k-2026"]
)
def test_the_first_guesses_of_everybody_are_refused(word: str) -> None:
    with pytest.raises(InvalidError, match="too_common"):
        passwords.check(word, username="charlotte.k")


def test_a_passphrase_passes() -> None:
    passwords.check("a quiet ward at night", username="anne")


def test_keys_of_two_purposes_differ() -> None:
    assert keys.derive("a")[0] != keys.derive("b")[0]
    assert len(keys.derive("a")) == 2


def test_a_code_is_taken_one_step_early_or_late_and_never_again() -> None:
    secret = second_factor.new_secret()
    code = pyotp.TOTP(secret).at(NOW)
    step = int(NOW.timestamp()) // 30
    for shift, found in ((-60, None), (-30, step), (0, step), (30, step), (60, None)):
        at = NOW.timestamp() + shift
        assert second_factor.matching_step(secret, code, at_seconds=at, after_step=None) == found
    assert second_factor.matching_step(secret, code, at_seconds=NOW.timestamp(), after_step=step) is None


def test_a_sealed_secret_opens_with_the_older_key_and_with_no_stranger_s() -> None:
    settings.use(settings.load({"APP_ENV": "test", "SECRET_KEY": "o" * 40}))
    sealed = second_factor.seal("JBSWY3DPEHPK3PXP")
    settings.use(settings.load({"APP_ENV": "test", "SECRET_KEY": "n" * 40, "SECRET_KEY_FALLBACKS": "o" * 40}))
    assert second_factor.unseal(sealed) == "JBSWY3DPEHPK3PXP"
    settings.use(settings.load({"APP_ENV": "test", "SECRET_KEY": "x" * 40}))
    assert second_factor.unseal(sealed) is None


def _none(claims: dict[str, object]) -> str:
    parts = ({"alg": "none"}, claims)
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts)
        + "."
    )


def test_only_our_own_fresh_tokens_for_this_audience_are_read() -> None:
    session = uuid4()
    assert tokens.read(tokens.issue(session, now=NOW), now=NOW) == session
    good = {
        "iss": settings.current().public_url,
        "aud": tokens.AUDIENCE,
        "jti": str(session),
        "exp": int((NOW + timedelta(minutes=5)).timestamp()),
    }
    key = OctKey.import_key(keys.derive(tokens.PURPOSE)[0])

    def signed(claims: dict[str, object], with_key: OctKey = key, alg: str = "HS256") -> str:
        return jwt.encode({"alg": alg}, claims, with_key, [alg])

    assert tokens.read(signed(good), now=NOW) == session
    assert tokens.read(signed(good, OctKey.import_key(keys.derive(tokens.PURPOSE)[1])), now=NOW) == session
    for bad in (
        _none(good),
        signed(good, alg="HS512"),
        signed(good, OctKey.import_key(b"s" * 32)),
        signed({**good, "aud": "elsewhere"}),
        signed({**good, "iss": "https://evil.example"}),
        signed({**good, "jti": "1"}),
        signed({**good, "exp": int((NOW - timedelta(minutes=5)).timestamp())}),
        signed({name: value for name, value in good.items() if name != "exp"}),
        signed({name: value for name, value in good.items() if name != "jti"}),
        "",
        "no.token.atall",
    ):
        with pytest.raises(SignInNeededError):
            tokens.read(bad, now=NOW)
