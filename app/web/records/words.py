"""What the codes of a record are called."""

from typing import Any

from flask_babel import lazy_gettext as _l

GENDERS: dict[str, Any] = {
    "": _l("Not recorded"),
    "male": _l("Male"),
    "female": _l("Female"),
    "other": _l("Other"),
    "unknown": _l("Unknown"),
}
CRITICALITIES: dict[str, Any] = {
    "high": _l("High risk"),
    "low": _l("Low risk"),
    "unable-to-assess": _l("Risk not assessed"),
}
STATUSES: dict[str, Any] = {
    "active": _l("Active"),
    "inactive": _l("No longer"),
    "entered-in-error": _l("Entered in error (takes it away)"),
}
RELATIONS: dict[str, Any] = {
    "spouse": _l("Spouse"),
    "parent": _l("Parent"),
    "child": _l("Child"),
    "sibling": _l("Sibling"),
    "guardian": _l("Legal guardian"),
    "friend": _l("Friend"),
    "other": _l("Other"),
}
NUMBERS: dict[str, Any] = {
    "hospital": _l("Another hospital"),
    "insurance": _l("Health insurance"),
    "previous": _l("Earlier record number"),
    "other": _l("Other number"),
}
FOLLOWING: dict[str, Any] = {
    "number": _l("Numbers elsewhere"),
    "contact": _l("Contacts"),
    "allergy": _l("Allergies"),
    "flag": _l("Warnings"),
    "note": _l("Notes"),
    "booking": _l("Appointments"),
}
FLAGS: dict[str, Any] = {
    "fall-risk": _l("Risk of falling"),
    "infection": _l("Infection control"),
    "language": _l("Interpreter needed"),
    "hearing": _l("Hard of hearing"),
    "other": _l("Please note"),
}
NOTES: dict[str, Any] = {"medical": _l("Medical note"), "nursing": _l("Nursing note")}
HAPPENINGS: dict[str, Any] = {"visit": _l("Visit"), "note": _l("Note"), "allergy": _l("Allergy")}
ENDINGS: dict[str, Any] = {
    "completed": _l("Completed"),
    "cancelled_by_patient": _l("Cancelled by the patient"),
    "cancelled_by_staff": _l("Cancelled by the hospital"),
    "no_show_visit": _l("Did not come"),
    "lwbs": _l("Left without being seen"),
    "left_during_care": _l("Left during care"),
    "transferred_out": _l("Taken elsewhere"),
    "admin_close": _l("Closed at the end of the day"),
}
