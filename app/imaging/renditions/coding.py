"""One frame as HTJ2K without loss, believed only after it was decoded again. Imported late: numpy and the codec."""

import imagecodecs
import numpy as np

from app.imaging.decoding import Values
from app.imaging.renditions.places import BOUNDARY, HEAD, TAIL


class NotMadeError(Exception):
    """A frame of which there is no rendition; the original is handed out."""


def written(values: Values) -> bytes:
    """Return the file of a frame's stored values, one sample each. Raise NotMadeError where it would differ."""
    try:
        stream = bytes(imagecodecs.htj2k_encode(np.ascontiguousarray(values), reversible=True))
        back = imagecodecs.htj2k_decode(stream)
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise NotMadeError(type(error).__name__) from error
    if back.dtype != values.dtype or back.shape != values.shape or not np.array_equal(back, values):
        raise NotMadeError("differs")
    if BOUNDARY.encode() in stream:
        raise NotMadeError("boundary")
    return HEAD + stream + TAIL
