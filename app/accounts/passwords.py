"""Passwords: Argon2id, few at a time, and the same work for an unknown name as for a wrong word."""

import functools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.accounts import rules
from app.core.errors import BusyError, InvalidError
from app.core.ids import new_secret

# 32 MiB and 3 passes take about 60 ms here; OWASP asks for at least 19 MiB and 2.
_hasher = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
# A flood of log-ins may take four hashes' memory and time, never the house's.
AT_ONCE, WAIT_SECONDS = 4, 5.0
# Read from a screen and typed into a tablet: no 0/o, 1/l/i.
SIGNS, GROUPS, GROUP_SIZE = "23456789abcdefghjkmnpqrstuvwxyz", 3, 4
_turns = threading.BoundedSemaphore(AT_ONCE)


def generate() -> str:
    """Return a password that nobody guesses and anybody can type: 12 of 31 signs are 59 bit."""
    return "-".join("".join(secrets.choice(SIGNS) for _ in range(GROUP_SIZE)) for _ in range(GROUPS))


def make(password: str) -> str:
    """Return the hash to store."""
    with _turn():
        return _hasher.hash(rules.plain(password))


def verify(stored: str | None, password: str) -> bool:
    """Compare, spending as long on nobody's password as on somebody's. Raise BusyError in a flood."""
    with _turn():
        try:
            _hasher.verify(stored or _nobodys(), rules.plain(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with weaker figures than today's."""
    return _hasher.check_needs_rehash(stored)


def check(password: str, *, username: str) -> None:
    """Raise InvalidError where a password is too short, too long, or among the first that anybody tries."""
    word = rules.plain(password)
    folded = word.casefold()
    if len(word) < rules.SHORTEST_PASSWORD:
        raise InvalidError(fields={"password": "too_short"}, shortest=rules.SHORTEST_PASSWORD)
    if len(word) > rules.LONGEST_PASSWORD:
        raise InvalidError(fields={"password": "too_long"}, longest=rules.LONGEST_PASSWORD)
    bare = folded.strip("0123456789!@#$%^&*()-_=+.?~ ")
    if (
        folded in _common()
        or bare in _common()
        or len(set(folded)) < rules.FEWEST_CHARACTERS
        or bare == username
    ):
        raise InvalidError(fields={"password": "too_common"})


@functools.cache
def _common() -> frozenset[str]:
    listed = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(rules.plain(line).casefold() for line in listed.splitlines() if line)


@functools.cache
def _nobodys() -> str:
    return _hasher.hash(new_secret())


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=WAIT_SECONDS):
        raise BusyError(retry_after=1)
    try:
        yield
    finally:
        _turns.release()
