"""What the parts of the settings share."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
SHORTEST_KEY: Final = 32


class SettingsError(Exception):
    """A start that is refused, with a sentence that says what to set."""


def by_comma(value: object) -> object:
    """Return the parts of a list that was written with commas."""
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )
