"""Pure rules about people and their records: names, phones, answers as typed, and how two changes become one."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from enum import StrEnum

import phonenumbers

from app.accounts.roles import Role
from app.core.errors import InvalidError

OLDEST_BIRTH_YEAR = 1900
HANGUL = re.compile(r"[가-힣]")
FEW_LETTERS = 2
FOUR_LETTERS = 4
LONGEST_NUMBER = 64
OTHER_NAME, OTHER_BIRTH_DATE = "other_name", "other_birth_date"
MONTHS, LONGEST_MONTH = 12, 31
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
# The block of syllables begins here; an initial has 21 vowels x 28 finals.
FIRST_SYLLABLE, PER_INITIAL = 0xAC00, 588


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


def initials_of(name: str) -> str:
    """Return a name's initial consonants, without blanks: 김철수 → ㄱㅊㅅ; other letters stay, in lower case."""
    return "".join(
        INITIALS[(ord(letter) - FIRST_SYLLABLE) // PER_INITIAL] if HANGUL.match(letter) else letter.lower()
        for letter in unicodedata.normalize("NFC", name)
        if not letter.isspace()
    )


def unlike(name: str, born: date, other_name: str, other_born: date) -> tuple[str, ...]:
    """Return in what two records that may be one person's differ, in the words that confirm it; blanks do not count."""
    same_name = _spelt(name) == _spelt(other_name)
    return (*(() if same_name else (OTHER_NAME,)), *(() if born == other_born else (OTHER_BIRTH_DATE,)))


def _spelt(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


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


def number_of(typed: str) -> str:
    """Return a number under which somebody else knows a patient, as it is kept: ASCII without blanks.

    Raise InvalidError; resident and alien registration numbers are refused, which the Personal Information
    Protection Act (art. 24 and 24-2) lets nobody keep without a law that says so.
    """
    number = "".join(unicodedata.normalize("NFKC", typed).split())
    if not number:
        raise InvalidError(field="value", why="missing")
    if len(number) > LONGEST_NUMBER or not number.isascii() or not number.isprintable():
        raise InvalidError(field="value", why="form")
    if is_resident_number(number):
        raise InvalidError(field="value", why="resident_number")
    return number


def is_resident_number(number: str) -> bool:
    """Whether this reads as a resident or alien registration number: a birth date, and seven digits from 0 to 9."""
    found = re.fullmatch(r"\d{2}(\d{2})(\d{2})-?\d{7}", number)
    if found is None:
        return False
    month, day = map(int, found.groups())
    return 1 <= month <= MONTHS and 1 <= day <= LONGEST_MONTH


def is_inside_window(now: datetime, starts_at: datetime, before_seconds: int, after_seconds: int) -> bool:
    """Whether an arrival now belongs to this appointment."""
    early = (starts_at - now).total_seconds()
    return -after_seconds <= early <= before_seconds


class NoteKind(StrEnum):
    """Whose text of a visit it is."""

    MEDICAL = "medical"
    NURSING = "nursing"


# Everybody who reads the record reads both; each profession signs for its own.
WRITERS: Mapping[NoteKind, frozenset[Role]] = {
    NoteKind.MEDICAL: frozenset({Role.DOCTOR}),
    NoteKind.NURSING: frozenset({Role.NURSE, Role.CHARGE_NURSE}),
}
LONGEST_NOTE = 16_000  # MySQL's TEXT holds 65,535 bytes, four for a letter
EMERGENCY_MINUTES = 60
Region = tuple[int, int, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Two changes of one version: `fields` as both together want them, `conflicts` where only a person can say.

    A field in conflict stands in `fields` as it is now.
    """

    fields: Mapping[str, str]
    conflicts: tuple[str, ...]


def merge(
    base: Mapping[str, str] | None,
    now: Mapping[str, str],
    yours: Mapping[str, str],
    *,
    texts: Collection[str] = (),
) -> Merged:
    """Put two changes of `base` together, field by field, and those named `texts` line by line.

    Without a base every field that differs is in conflict. What `yours` does not name is as it is now.
    """
    fields, conflicts = dict(now), []
    for name, mine in yours.items():
        theirs = now.get(name, "")
        before = None if base is None else base.get(name, "")
        if mine in {theirs, before}:
            continue  # the same words, or not touched by me
        if before == theirs:
            fields[name] = mine
        elif before is not None and name in texts and (both := weave(before, theirs, mine)) is not None:
            fields[name] = both
        else:
            conflicts.append(name)
    return Merged(fields=fields, conflicts=tuple(conflicts))


def weave(base: str, one: str, other: str) -> str | None:
    """Return a text with the changes of both, line by line; None where they meet.

    Changes meet where they touch a common line, or where one adds lines at an edge of the other's: then only a
    person knows which comes first.
    """
    lines = base.split("\n")
    ours, theirs = _changes(lines, one.split("\n")), _changes(lines, other.split("\n"))
    theirs = [change for change in theirs if change not in ours]
    if any(_meet(left, right) for left in ours for right in theirs):
        return None
    woven = list(lines)
    for begin, end, instead in sorted([*ours, *theirs], key=lambda change: change[:2], reverse=True):
        woven[begin:end] = instead
    return "\n".join(woven)


def side_by_side(one: str, other: str) -> str:
    """Return every line of both texts, the common ones once: where somebody writes one text of two."""
    left, right = one.split("\n"), other.split("\n")
    lines: list[str] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        lines += left[i1:i2]
        lines += right[j1:j2] if tag != "equal" else []
    return "\n".join(lines)


def as_text(typed: str) -> str:
    """Return a longer text as it is kept: lines end as ours do, no blanks around. Raise InvalidError."""
    text = unicodedata.normalize("NFC", typed.replace("\r\n", "\n").replace("\r", "\n"))
    text = "\n".join(line.rstrip() for line in text.split("\n")).strip()
    if len(text) > LONGEST_NOTE:
        raise InvalidError(field="text", why="length")
    return text


def _changes(base: list[str], text: list[str]) -> list[Region]:
    """Return which lines of the base give way to which others."""
    opcodes = SequenceMatcher(None, base, text, autojunk=False).get_opcodes()
    return [(i1, i2, text[j1:j2]) for tag, i1, i2, j1, j2 in opcodes if tag != "equal"]


def _meet(left: Region, right: Region) -> bool:
    (begin, end, _), (start, stop, _) = left, right
    if begin == end or start == stop:  # lines are added: at this edge, or within
        return begin <= stop and start <= end
    return begin < stop and start < end
