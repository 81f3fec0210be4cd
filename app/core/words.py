"""The mark of sentences that are said later: the catalogue collects them where they stand."""

from typing import Final

# Between a stored reason's sentence, which is a msgid for the doors, and what a technician needs besides.
SEPARATOR: Final = " | "


def N_(msgid: str) -> str:  # noqa: N802 - the name by which Babel collects such sentences
    """Return the sentence as it is."""
    return msgid


def parted(reason: str) -> tuple[str, str]:
    """Return a stored reason's sentence, and what a technician needs besides; empty where there is none."""
    sentence, _, detail = reason.partition(SEPARATOR)
    return sentence, detail
