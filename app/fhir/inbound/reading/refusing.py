"""Why a resource of the EMR cannot be taken over."""

from enum import StrEnum


class Why(StrEnum):
    """Why a resource could not be taken over; doors say what to do about it."""

    MALFORMED = "malformed"
    NO_NAME = "no_name"
    NO_BIRTH_DATE = "no_birth_date"
    MRN_TAKEN = "mrn_taken"
    MERGED_INTO_UNKNOWN = "merged_into_unknown"
    UNKNOWN_PATIENT = "unknown_patient"
    NO_TIME = "no_time"
    NO_SERVICE = "no_service"
    UNKNOWN_SERVICE = "unknown_service"
    NO_STAFF = "no_staff"
    NO_PLACE = "no_place"
    WAITS_FOR_VISIT = "waits_for_visit"
    IN_ROOM = "in_room"
    REFUSED = "refused"
    FAILED = "failed"


class CannotTakeError(Exception):
    """This resource cannot be taken over as it is; `detail` holds a code or an id, nobody's name."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(why)
        self.why, self.detail = why, detail[:120]
