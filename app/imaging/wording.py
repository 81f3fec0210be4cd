"""What models say, for people. Keys are the stored words; why there is no number, `rules.REFUSALS` says."""

from collections.abc import Mapping
from typing import Final

from app.core.words import N_

NOTICE: Final = N_("Measurement, not a diagnosis")

MEASURES: Final[Mapping[str, str]] = {
    "brain-volume": N_("Brain volume"),
    "brain-mean": N_("Mean density of the brain"),
    "dense-volume": N_("Dense parts, volume"),
    "dense-volume-left": N_("Dense parts on the left, volume"),
    "dense-volume-right": N_("Dense parts on the right, volume"),
    "half-difference": N_("Left half minus right half, volume"),
    "mirror-difference": N_("Mean difference of mirrored density"),
    "axis-turn": N_("Turn of the head in the picture"),
    "csf-offset-left": N_("Deep fluid, offset to the left"),
}


def measure_name(name: str) -> str:
    """Return the msgid for a measure; a hospital's own model names its numbers itself."""
    return MEASURES.get(name, name)
