"""Two people change one record: what does not overlap survives, what does is asked, and no word is lost."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.emr.rules import initials_of, merge, side_by_side, weave
from tests.examples import up_to

WORDS = st.text("가나다ab 1", max_size=4)
FIELDS = st.fixed_dictionaries(dict.fromkeys(("name", "birth_date", "gender", "phone"), WORDS))
LINES = st.lists(
    st.sampled_from(["체온 36.5", "혈압 120/80", "통증 없음", "수액 시작", "보호자 설명"]), max_size=6
)


@given(base=FIELDS, now=FIELDS, yours=FIELDS)
@settings(max_examples=up_to(200), deadline=None)
def test_nothing_typed_is_lost(base: dict[str, str], now: dict[str, str], yours: dict[str, str]) -> None:
    merged = merge(base, now, yours)
    for name, mine in yours.items():
        if mine == base[name]:
            assert merged.fields[name] == now[name]  # whom I did not contradict keeps the word
        else:
            assert merged.fields[name] == mine or name in merged.conflicts
        if name in merged.conflicts:
            assert len({base[name], now[name], mine}) == 3
            assert merged.fields[name] == now[name]


@given(base=FIELDS, mine=WORDS, theirs=WORDS)
def test_changes_of_two_fields_survive_both(base: dict[str, str], mine: str, theirs: str) -> None:
    merged = merge(base, {**base, "name": theirs}, {**base, "phone": mine})
    assert not merged.conflicts
    assert (merged.fields["name"], merged.fields["phone"]) == (theirs, mine)


@given(now=FIELDS, yours=FIELDS)
def test_without_a_base_whatever_differs_is_asked(now: Mapping[str, str], yours: Mapping[str, str]) -> None:
    assert set(merge(None, now, yours).conflicts) == {name for name in now if now[name] != yours[name]}


@given(base=LINES, mine=st.text("xyz", min_size=1, max_size=3), theirs=st.text("XYZ", min_size=1, max_size=3))
def test_lines_at_both_ends_survive(base: list[str], mine: str, theirs: str) -> None:
    lines = ["처음", *base, "끝"]
    woven = weave("\n".join(lines), "\n".join([theirs, *lines[1:]]), "\n".join([*lines[:-1], mine]))
    assert woven == "\n".join([theirs, *base, mine])


@given(base=LINES, now=LINES, yours=LINES)
@settings(max_examples=up_to(200), deadline=None)
def test_a_woven_text_holds_every_new_line_of_both(base: list[str], now: list[str], yours: list[str]) -> None:
    merged = merge(
        {"text": "\n".join(base)}, {"text": "\n".join(now)}, {"text": "\n".join(yours)}, texts={"text"}
    )
    if merged.conflicts:
        both = side_by_side("\n".join(now), "\n".join(yours)).split("\n")
        assert {*now, *yours} <= {*both, ""}
    elif base not in (now, yours):
        assert ({*now, *yours} - {*base}) <= {*merged.fields["text"].split("\n")}


@pytest.mark.parametrize(
    ("base", "one", "other", "woven"),
    [
        ("a\nb\nc", "A\nb\nc", "a\nb\nC", "A\nb\nC"),
        ("a\nb\nc", "A\nb\nc", "X\nb\nc", None),
        ("a", "a\n혈압", "a\n체온", None),  # both go on writing: only they know which comes first
        ("a\nb", "a\nb\n혈압", "체온\na\nb", "체온\na\nb\n혈압"),
        ("a\nb", "b", "a", ""),  # each took a line away
        ("a\nb\nc", "a\nc", "a\nB\nc", None),
        ("a\nb", "A\nb", "A\nB", None),
        ("a", "X", "X", "X"),
    ],
)
def test_lines_meet_or_do_not(base: str, one: str, other: str, woven: str | None) -> None:
    assert weave(base, one, other) == woven
    assert weave(base, other, one) == woven


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("김철수", "ㄱㅊㅅ"),
        ("남궁 빛나", "ㄴㄱㅂㄴ"),
        ("John Smith", "johnsmith"),
        ("꽃님2", "ㄲㄴ2"),
        ("", ""),
    ],
)
def test_initials(name: str, initials: str) -> None:
    assert initials_of(name) == initials
