"""Whatever the house says in English it says in Korean, with the same numbers and names in it."""

import re
from collections.abc import Iterator
from functools import cache

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.door.context import DOORS, ROLE_WORDS
from app.settings import ROOT
from app.wayfinding import directions

SOURCES = [("app/**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "_l": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}")
HANGUL = re.compile(r"[가-힣]")
# A particle after a variable is wrong for half of the names it may hold (은/는, 이/가, 을/를, 으로/로).
PARTICLE = re.compile(r"%\(\w+\)s(?:은|는|이|가|을|를|으로|로|와|과)(?=[\s.,!?]|$)")


@cache
def korean() -> Catalog:
    with (ROOT / "translations" / "ko" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="ko")


def said() -> Iterator[str]:
    """Yield what code and templates say, and the sentences that are data."""
    for _path, _line, message, _comments, _context in extract_from_dir(
        str(ROOT), method_map=SOURCES, keywords=KEYWORDS
    ):
        yield message if isinstance(message, str) else message[0]
    yield from directions.SENTENCES.values()
    yield from directions.NAMELESS.values()
    yield from ROLE_WORDS.values()
    yield from (door.label for door in DOORS)


def translations() -> Iterator[tuple[str, str]]:
    for message in korean():
        if message.id:
            yield from _pairs(message)


def _pairs(message: Message) -> Iterator[tuple[str, str]]:
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    for string in strings:
        yield ids[-1], string or ""


def test_every_sentence_is_said_in_korean() -> None:
    known = {
        message.id[0] if isinstance(message.id, tuple | list) else message.id
        for message in korean()
        if message.id and not message.fuzzy and all(text for _, text in _pairs(message))
    }
    missing = sorted({sentence for sentence in said() if sentence} - known)
    assert not missing, f"{len(missing)} sentences: write the Korean, then run `make messages`"


def test_korean_sentences_are_korean() -> None:
    foreign = [
        (english, text)
        for english, text in translations()
        if text and re.search(r"[a-z]{4,}", PLACEHOLDER.sub("", english)) and not HANGUL.search(text)
    ]
    assert not foreign


def test_korean_sentences_hold_the_same_names_and_numbers() -> None:
    differing = [
        (english, text)
        for english, text in translations()
        if text and set(PLACEHOLDER.findall(english)) != set(PLACEHOLDER.findall(text))
    ]
    assert not differing


def test_no_particle_follows_a_variable() -> None:
    assert not [text for _, text in translations() if PARTICLE.search(text)]
