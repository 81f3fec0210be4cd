"""What is owed to a slow reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live.backlog import Backlog, OverflowingError

puts = st.lists(st.tuples(st.sampled_from("abcdef"), st.binary(min_size=1, max_size=40)), max_size=60)


@given(puts)
def test_the_newest_frame_of_each_key_is_kept_in_order(pairs: list[tuple[str, bytes]]) -> None:
    backlog = Backlog()
    for key, frame in pairs:
        backlog.put(key, frame)
    owed = []
    while frame := backlog.take():
        owed.append(frame)
    assert owed == list(dict(pairs).values())


@given(puts)
def test_its_bytes_are_counted_through_every_exchange(pairs: list[tuple[str, bytes]]) -> None:
    backlog = Backlog(max_keys=3, max_bytes=100)
    kept: dict[str, bytes] = {}
    for key, frame in pairs:
        kept[key] = frame
        overflows = len(kept) > 3 or sum(map(len, kept.values())) > 100
        if overflows:
            kept.clear()
            with pytest.raises(OverflowingError):
                backlog.put(key, frame)
        else:
            backlog.put(key, frame)
        assert len(backlog) == len(kept)


def test_more_than_256_kb_is_not_kept() -> None:
    backlog = Backlog()
    for at in range(4):
        backlog.put(str(at), bytes(64 * 1024))
    with pytest.raises(OverflowingError):
        backlog.put("one more", b"x")
    assert backlog.take() == b""


def test_dropping_a_topics_events_leaves_its_neighbours() -> None:
    backlog = Backlog()
    for key in ("queue:1#1", "queue:10#1", "queue:1#2"):
        backlog.put(key, key.encode())
    backlog.drop("queue:1#")
    assert (backlog.take(), backlog.take()) == (b"queue:10#1", b"")
