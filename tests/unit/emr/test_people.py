"""What a name shows, and how people type who they are."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.core.errors import InvalidError
from app.emr.rules import birth_date_of, last4_of, masked, phone_of

SYLLABLES = some.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
LETTERS = some.characters(categories=("Lu", "Ll"), max_codepoint=0x24F)
WORDS = some.text(LETTERS, min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("김철수", "김*수"),
        ("이준", "이*"),
        ("남궁민수", "남**수"),
        ("John Smith", "J*** S****"),
        ("  김철수 ", "김*수"),
        ("김 철수", "김 철*"),
        ("Anne-Marie O'Neil", "A********* O*****"),
        ("황보", "황*"),
    ],
)
def test_a_name_has_one_mask(name: str, shown: str) -> None:
    assert masked(name) == shown


@given(some.text(SYLLABLES, min_size=2, max_size=8))
def test_no_two_syllables_of_a_korean_name_survive(name: str) -> None:
    shown = masked(name)
    assert len(shown) == len(name)
    assert not [name[i : i + 2] for i in range(len(name) - 1) if name[i : i + 2] in shown]


@given(some.lists(WORDS, min_size=1, max_size=4))
def test_no_two_letters_of_a_word_survive(words: list[str]) -> None:
    shown = masked(" ".join(words)).split(" ")
    assert [len(one) for one in shown] == [len(one) for one in words]
    for word, mask in zip(words, shown, strict=True):
        assert mask == word[0] + "*" * (len(word) - 1)


@given(some.text(some.one_of(SYLLABLES, LETTERS, some.just(" ")), min_size=1, max_size=20))
def test_a_mask_of_whatever_is_typed_keeps_no_two_signs_together(name: str) -> None:
    for word in masked(name).split():
        assert not [pair for pair in itertools.pairwise(word) if "*" not in pair]


@pytest.mark.parametrize(
    "typed", ["19530412", "1953-04-12", "1953.4.12", "1953. 04. 12.", "1953년 4월 12일", " 1953/04/12"]
)
def test_a_birth_date_is_read_as_people_type_it(typed: str) -> None:
    assert birth_date_of(typed) == date(1953, 4, 12)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("530412", "format"),
        ("53.04.12", "format"),
        ("", "format"),
        ("12041953x", "no_such_day"),
        ("19530230", "no_such_day"),
        ("18991231", "too_early"),
        ("1953041", "format"),
        ("195304123", "format"),
    ],
)
def test_a_birth_date_is_never_guessed(typed: str, why: str) -> None:
    with pytest.raises(InvalidError) as refused:
        birth_date_of(typed)
    assert refused.value.details == {"field": "birth_date", "why": why}


@given(some.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_birth_date_since_1900_is_understood(day: date) -> None:
    assert birth_date_of(f"{day:%Y%m%d}") == birth_date_of(day.isoformat()) == day


@pytest.mark.parametrize(("typed", "last4"), [("5678", "5678"), (" 56-78 ", "5678"), ("0001", "0001")])
def test_the_last_four_digits_are_read(typed: str, last4: str) -> None:
    assert last4_of(typed) == last4


@pytest.mark.parametrize("typed", ["", "567", "56789", "010-1234-5678", "오육칠팔"])
def test_anything_but_four_digits_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError):
        last4_of(typed)


@pytest.mark.parametrize("typed", ["010-1234-5678", "01012345678", "+82 10 1234 5678"])
def test_a_phone_number_has_one_form(typed: str) -> None:
    assert phone_of(typed) == "+821012345678"


@pytest.mark.parametrize("typed", ["", "12", "전화 없음"])
def test_what_is_no_phone_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError):
        phone_of(typed)
