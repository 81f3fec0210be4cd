"""What goes wrong, by name: pictures that cannot be judged, models that are not taken, and what may be tried again."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a series is not analysable. The word is stored and translated; it is never a finding."""

    NOT_CT = "not-ct"
    NOT_HEAD = "not-head"
    CONTRAST = "contrast"
    RESCALE_INVALID = "rescale-invalid"
    SPACING_UNKNOWN = "spacing-unknown"
    NOT_AXIAL = "not-axial"
    TOO_FEW_SLICES = "too-few-slices"
    MISSING_SLICES = "missing-slices"
    DUPLICATE_SLICES = "duplicate-slices"
    MIXED_SERIES = "mixed-series"
    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"
    BRAIN_VOLUME = "brain-volume"
    HEAD_CUT_OFF = "head-cut-off"
    WRONG_SHAPE = "wrong-shape"
    WRONG_MODALITY = "wrong-modality"
    WRONG_BODY_PART = "wrong-body-part"


class InferenceError(Exception):
    """Something that ends a run."""


class NotAnalysableError(InferenceError):
    """These pictures cannot be judged; `details` says what was seen. Trying again changes nothing."""

    def __init__(self, refusal: Refusal, **details: float | str) -> None:
        super().__init__(f"not analysable: {refusal} {details}" if details else f"not analysable: {refusal}")
        self.refusal = refusal
        self.details = details


class TransientError(InferenceError):
    """The way to a model failed, or there was no room: the same request may succeed later."""

    def __init__(self, reason: str, *, retry_after_seconds: float = 0.0, opens: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry_after_seconds, self.opens = reason, retry_after_seconds, opens


class PermanentError(InferenceError):
    """A model, or its server, does not take this: trying again changes nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ModelRefusedError(PermanentError):
    """A model without a card, with a wrong one, or other than its card says."""


class NoSuchModelError(PermanentError):
    """Nobody has put this model here."""


class NotAVolumeError(PermanentError):
    """What was handed over is no block of numbers that could be measured; `reason` is a word."""


# Of a model server. What stands in neither row is permanent: a breaker must not open for one bad picture.
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
# Words of ONNX Runtime and CUDA when the card is full: the same picture fits a minute later.
_FULL = ("out of memory", "cuda_error_out_of_memory", "failed to allocate memory")


def is_transient(error: BaseException) -> bool:
    """Return whether the same request may succeed later: the way there failed, or the graphics card was full.

    A decoder's ValueError, RuntimeError, AttributeError, NotImplementedError or MemoryError is the picture's fault.
    """
    if isinstance(error, InferenceError):
        return isinstance(error, TransientError)
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    return isinstance(error, Exception) and any(word in str(error).casefold() for word in _FULL)


def reason_of(error: BaseException) -> TransientError | PermanentError:
    """Return what ended a run by one of the two names."""
    if isinstance(error, TransientError | PermanentError):
        return error
    words = f"{type(error).__name__}: {error}"[:200]
    return TransientError(words) if is_transient(error) else PermanentError(words)


def is_transient_status(status: int) -> bool:
    """Return whether a model server's answer says: later."""
    return status in TRANSIENT_STATUSES
