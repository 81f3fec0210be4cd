"""A nonce proves a scan of the last ten minutes, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine

from app.core.errors import InvalidError
from app.tags import signing
from app.tags.rules import NONCE_SECONDS, Presence
from tests.unit.tags.conftest import KEY, OLDER_KEY

pytestmark = pytest.mark.usefixtures("with_keys")
HERE = Presence(place="tag-entrance", touchpoint_id=UUID(int=7))
NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def refused(nonce: str) -> bool:
    with pytest.raises(InvalidError) as caught:
        signing.check_nonce(nonce)
    return caught.value.details == {"field": "nonce", "why": "expired"}


def test_it_holds_ten_minutes() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        nonce = signing.new_nonce(HERE)
        clock.shift(timedelta(seconds=NONCE_SECONDS))
        assert signing.check_nonce(nonce) == HERE
        clock.shift(timedelta(seconds=1))
        assert refused(nonce)


def test_one_of_the_future_is_refused() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        nonce = signing.new_nonce(HERE)
        clock.shift(timedelta(minutes=-5))
        assert refused(nonce)


def test_forged_ones_are_refused_in_the_same_words() -> None:
    nonce = signing.new_nonce(HERE)
    payload, stamp, mac = nonce.rsplit(".", 2)
    elsewhere = signing.new_nonce(Presence(place="tag-room", touchpoint_id=UUID(int=8))).rsplit(".", 2)[0]
    later = signing.new_nonce(HERE).rsplit(".", 2)[1][:-1] + "_"
    assert refused(f"{elsewhere}.{stamp}.{mac}")
    assert refused(f"{payload}.{later}.{mac}")
    for garbage in ("", ".", "..", payload, nonce[:-2], "가나다", "\ud800", "x" * 9000):
        assert refused(garbage)


def test_a_tags_token_is_no_nonce() -> None:
    assert refused(signing.token_of("Zm9vYmFyYmF6", 1))


def test_it_survives_the_change_of_the_key(with_keys: Callable[..., None]) -> None:
    with_keys(OLDER_KEY)
    nonce = signing.new_nonce(HERE)
    with_keys(KEY, OLDER_KEY)
    assert signing.check_nonce(nonce) == HERE
    with_keys(KEY)
    assert refused(nonce)
