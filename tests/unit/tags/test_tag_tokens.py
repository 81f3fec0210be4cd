"""A token is told from every other: golden value, random ones, each flipped sign, two keys, old labels."""

import hmac
import secrets
import string
from collections.abc import Callable

import pytest

from app.tags import rules, signing
from tests.unit.tags.conftest import KEY, OLDER_KEY

TOKEN_ID = "Zm9vYmFyYmF6"
GOLDEN = "Zm9vYmFyYmF6.tiSOkr6N0c0BZe-J"
SIGNS = string.ascii_letters + string.digits + "-_"

pytestmark = pytest.mark.usefixtures("with_keys")
WithKeys = Callable[..., None]


def version_of(token: str, newest: int = 1) -> int | None:
    halves = rules.split(token)
    return signing.version_of(*halves, newest) if halves else None


def test_the_golden_token_never_changes() -> None:
    # Labels hang on walls: another byte here and every tag of every hospital must be printed again.
    assert signing.token_of(TOKEN_ID, 1) == GOLDEN
    assert signing.url_of(TOKEN_ID, 1) == f"https://annae.hospital.kr/t/{GOLDEN}"
    assert version_of(GOLDEN) == 1


def test_a_hundred_thousand_random_tokens_open_nothing() -> None:
    hits = sum(
        signing.version_of(TOKEN_ID, secrets.token_urlsafe(rules.MAC_BYTES), 1) is not None
        for _ in range(100_000)
    )
    assert hits == 0


def test_every_flipped_sign_is_refused() -> None:
    for at, sign in enumerate(GOLDEN):
        for other in SIGNS + ".":
            if other != sign:
                assert version_of(GOLDEN[:at] + other + GOLDEN[at + 1 :]) is None


@pytest.mark.parametrize(
    "token",
    ["", ".", GOLDEN + "=", GOLDEN + "\n", " " + GOLDEN, GOLDEN[:-1], "가" * 12 + GOLDEN[12:], "\ud800"],
)
def test_what_has_not_the_shape_is_no_token(token: str) -> None:
    assert rules.split(token) is None


def test_labels_of_an_older_key_hold_while_it_is_a_fallback(with_keys: WithKeys) -> None:
    with_keys(OLDER_KEY)
    old = signing.token_of(TOKEN_ID, 1)
    with_keys(KEY, OLDER_KEY)
    assert version_of(old) == 1
    assert version_of(GOLDEN) == 1
    assert signing.token_of(TOKEN_ID, 1) == GOLDEN, "new labels use the new key"
    with_keys(KEY)
    assert version_of(old) is None


def test_an_old_label_is_known_as_old() -> None:
    assert version_of(GOLDEN, newest=3) == 1
    assert version_of(signing.token_of(TOKEN_ID, 3), newest=3) == 3
    assert version_of(signing.token_of(TOKEN_ID, 4), newest=3) is None, "no label of the future"
    assert version_of(GOLDEN, newest=rules.REMEMBERED_VERSIONS + 1) is None
    assert version_of(signing.token_of(TOKEN_ID, 0)) is None


def test_as_much_is_compared_for_a_hit_as_for_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    honest = hmac.compare_digest

    def counting(a: bytes, b: bytes) -> bool:
        nonlocal compared
        compared += 1
        return honest(a, b)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    counts = []
    for token in (GOLDEN, GOLDEN[:-1] + "A", f"{'x' * 12}.{'y' * 16}"):
        version_of(token)
        counts.append(compared)
        compared = 0
    assert counts == [rules.REMEMBERED_VERSIONS] * 3
