"""Renditions: each frame once more as HTJ2K, a quarter of the bytes, beside the archive's original and never instead.

A cache that may be deleted at any time: without a file the original is handed out. Whoever writes one imports
`writing` late, for it brings numpy.
"""

from app.imaging.renditions.places import (
    BOUNDARY,
    CONTENT_TYPE,
    Counted,
    address_of,
    count,
    folder,
    is_done,
    remove,
    sweep_drafts,
    try_again,
)

__all__ = [
    "BOUNDARY",
    "CONTENT_TYPE",
    "Counted",
    "address_of",
    "count",
    "folder",
    "is_done",
    "remove",
    "sweep_drafts",
    "try_again",
]
