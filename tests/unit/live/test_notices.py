"""Notices, resumes and `since`."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live import messages
from app.live.messages import Notice, Resume

words = st.text(alphabet="abcdef0123456789-:", min_size=1, max_size=20).filter(lambda word: word != "session")


@given(words, st.integers(min_value=0, max_value=10**18 - 1), words, st.lists(words, max_size=4))
def test_a_notice_is_read_as_it_was_published(topic: str, seq: int, kind: str, ids: list[str]) -> None:
    notice = Notice(topic, seq, kind, tuple(ids))
    assert Notice.parse(notice.wire()) == notice


@given(st.text())
def test_whatever_comes_through_redis_is_read_or_refused(line: str) -> None:
    Notice.parse(line)


@pytest.mark.parametrize("line", ["session|abc|revoked", "session|", "session"])
def test_a_session_message_is_a_revocation_whatever_follows(line: str) -> None:
    notice = Notice.parse(line)
    assert notice is not None
    assert notice.is_revocation


@given(st.text())
def test_since_never_fails(value: str) -> None:
    assert all(seq >= 0 for seq in messages.since(value).values())


def test_since_reads_topics_that_hold_colons_and_leaves_the_rest_out() -> None:
    assert messages.since("queue:a=3,visit:b=x,,=4,board:c=0") == {"queue:a": 3, "board:c": 0}


@given(st.text() | st.from_regex(r'\{"type":"resume","after_seq":-?[0-9]{1,3}\}', fullmatch=True))
def test_only_a_resume_is_a_resume(text: str) -> None:
    asked = Resume.parse(text)
    assert asked is None or asked.after_seq >= 0


def test_a_heartbeat_speaks_of_every_topic() -> None:
    beat = json.loads(messages.heartbeat({"queue:1": 4, "visit:2": 9}))
    assert (beat["type"], beat["seq"]) == ("heartbeat", {"queue:1": 4, "visit:2": 9})
    assert beat["timestamp"].endswith("+00:00")
