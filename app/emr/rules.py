"""Pure rules about people: what a name shows, what a phone number is, how an answer is typed."""

import re
import unicodedata
from datetime import date, datetime

import phonenumbers

from app.core.errors import InvalidError

OLDEST_BIRTH_YEAR = 1900
HANGUL = re.compile(r"[가-힣]")
FEW_LETTERS = 2
FOUR_LETTERS = 4


def masked(name: str) -> str:
    """Return the one masked form that the whole house shows: 김철수 → 김*수, 이준 → 이*, John Smith → J*** S****.

    One rule everywhere: two differing masks of one name would reveal it together.
    """
    name = " ".join(name.split())
    if HANGUL.search(name) and " " not in name:
        if len(name) <= FEW_LETTERS:
            return name[:1] + "*" * (len(name) - 1)
        return name[0] + "*" * (len(name) - 2) + name[-1]
    return " ".join(word[:1] + "*" * (len(word) - 1) for word in name.split(" "))


def birth_date_of(typed: str) -> date:
    """Read a birth date typed as 19530412, 1953-04-12 or 1953.4.12. Raise InvalidError (never guess a century)."""
    parts = re.fullmatch(r"\s*(\d{4})\D*(\d{2})\D*(\d{2})\D*|\s*(\d{4})\D+(\d{1,2})\D+(\d{1,2})\D*", typed)
    if parts is None:
        raise InvalidError(field="birth_date", why="format")
    try:
        found = date(*(int(part) for part in parts.groups() if part))
    except ValueError as error:
        raise InvalidError(field="birth_date", why="no_such_day") from error
    if found.year < OLDEST_BIRTH_YEAR:
        raise InvalidError(field="birth_date", why="too_early")
    return found


def last4_of(typed: str) -> str:
    """Return the four digits typed. Raise InvalidError for anything else."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", typed))
    if len(digits) != FOUR_LETTERS:
        raise InvalidError(field="phone_last4", why="four_digits")
    return digits


def phone_of(typed: str, region: str = "KR") -> str:
    """Return a phone number in E.164. Raise InvalidError."""
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidError(field="phone", why="format") from error
    if not phonenumbers.is_possible_number(number):
        raise InvalidError(field="phone", why="format")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_inside_window(now: datetime, starts_at: datetime, before_seconds: int, after_seconds: int) -> bool:
    """Whether an arrival now belongs to this appointment."""
    early = (starts_at - now).total_seconds()
    return -after_seconds <= early <= before_seconds
