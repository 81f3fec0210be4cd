"""Refusals in the ward's words. Features raise codes with parameters; doors translate them for people."""

from typing import ClassVar


class RefusedError(Exception):
    """A command that was understood and refused: nothing written, nothing lost."""

    code: ClassVar[str] = "INVALID"
    status: ClassVar[int] = 422

    def __init__(self, **details: object) -> None:
        super().__init__(f"{self.code} {details}" if details else self.code)
        self.details = details


class InvalidError(RefusedError):
    """The input does not make sense; `fields` names what to mend."""


class MalformedError(RefusedError):
    """The request cannot be read at all."""

    code, status = "MALFORMED", 400


class BadCredentialsError(RefusedError):
    """Unknown, wrong, ambiguous or limited: one text for all."""

    code, status = "BAD_CREDENTIALS", 401


class SignInNeededError(RefusedError):
    """Nobody is signed in, or no longer."""

    code, status = "SIGN_IN_NEEDED", 401


class ScreenLockedError(RefusedError):
    """The screen is covered: nobody's data until its owner has opened it again; nothing written."""

    code, status = "SCREEN_LOCKED", 423


class TooManyTriesError(RefusedError):
    """This device has tried too often; `retry_after` seconds."""

    code, status = "TOO_MANY_TRIES", 429


class NotAllowedError(RefusedError):
    """The caller may know the object and lacks the right."""

    code, status = "NOT_ALLOWED", 403


class NotFoundError(RefusedError):
    """No such object, or somebody else's."""

    code, status = "NOT_FOUND", 404


class UnknownTagError(RefusedError):
    """The tag was never ours or its signature is wrong."""

    code, status = "UNKNOWN_TAG", 404


class TagRevokedError(RefusedError):
    """The tag was ours and is taken out of service."""

    code, status = "TAG_REVOKED", 410


class VersionStaleError(RefusedError):
    """The form was rendered before somebody else's change.

    `now` and `base` are what the row says and what the form had seen, where its room keeps versions; they are no
    details, for they name patients.
    """

    code, status = "STALE_VERSION", 409

    def __init__(self, *, now: object = None, base: object = None, **details: object) -> None:
        super().__init__(**details)
        self.now, self.base = now, base


class GoneError(VersionStaleError):
    """Somebody else has taken away meanwhile what the form would change."""

    code, status = "GONE", 410


class VersionMissingError(RefusedError):
    """The command must say which version it saw."""

    code, status = "PRECONDITION_REQUIRED", 428


class PreconditionFailedError(RefusedError):
    """If-Match names a version that is gone."""

    code, status = "PRECONDITION_FAILED", 412


class TransitionRefusedError(RefusedError):
    """The table has no such way from here."""

    code, status = "TRANSITION_REFUSED", 409


class ConfirmationNeededError(RefusedError):
    """The same command with the words of `confirm` passes."""

    code, status = "CONFIRMATION_NEEDED", 409


class QueueEmptyError(RefusedError):
    """Nobody is waiting who may be called."""

    code, status = "QUEUE_EMPTY", 409


class QueueClosedError(RefusedError):
    """The queue takes nobody now."""

    code, status = "QUEUE_CLOSED", 409


class RoomBusyError(RefusedError):
    """The room has as many patients called or inside as it may have."""

    code, status = "ROOM_BUSY", 409


class InProgressError(RefusedError):
    """The same key is being worked on; ask again."""

    code, status = "IN_PROGRESS", 409


class KeyReusedError(RefusedError):
    """The idempotency key was used for another content."""

    code, status = "IDEMPOTENCY_KEY_REUSED", 422


class InsufficientStockError(RefusedError):
    """The shelves do not hold what was asked for; `items` says of which, and how much there is."""

    code, status = "INSUFFICIENT_STOCK", 400


class TooLargeError(RefusedError):
    """More than is taken by this way; `most_bytes` says how much is."""

    code, status = "TOO_LARGE", 413


class BusyError(RefusedError):
    """Another member of staff holds the row; ask again after `retry_after` seconds."""

    code, status = "BUSY", 503


class DependencyDownError(RefusedError):
    """A system we need is away."""

    code, status = "DEPENDENCY_DOWN", 503
