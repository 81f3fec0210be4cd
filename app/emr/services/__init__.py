"""Patients, their records and appointments are written here: by hand, and as the EMR says."""

from app.emr.services.access import Opened, declare_emergency
from app.emr.services.booking import Booked, book, booked, set_appointment_status
from app.emr.services.clinical import (
    Written,
    add_allergy,
    add_contact,
    edit_allergy,
    edit_contact,
    raise_flag,
    remove_contact,
    remove_flag,
)
from app.emr.services.following import (
    Said,
    SaidBooking,
    follow_appointment,
    follow_patient,
    hand_over_appointments,
)
from app.emr.services.identifiers import (
    SaidIdentifier,
    add_identifier,
    end_identifier,
    follow_identifiers,
)
from app.emr.services.merging import (
    Trail,
    check_alike,
    hold_living,
    merge_patient,
    note_in_trail,
    undo_merge,
)
from app.emr.services.notes import change_encounter, remove_note, write_note
from app.emr.services.people import (
    Known,
    edit_demographics,
    enter_patient,
    hash_phone,
    known,
    public_id_of,
    sees_desk_first,
)

__all__ = [
    "Booked",
    "Known",
    "Opened",
    "Said",
    "SaidBooking",
    "SaidIdentifier",
    "Trail",
    "Written",
    "add_allergy",
    "add_contact",
    "add_identifier",
    "book",
    "booked",
    "change_encounter",
    "check_alike",
    "declare_emergency",
    "edit_allergy",
    "edit_contact",
    "edit_demographics",
    "end_identifier",
    "enter_patient",
    "follow_appointment",
    "follow_identifiers",
    "follow_patient",
    "hand_over_appointments",
    "hash_phone",
    "hold_living",
    "known",
    "merge_patient",
    "note_in_trail",
    "public_id_of",
    "raise_flag",
    "remove_contact",
    "remove_flag",
    "remove_note",
    "sees_desk_first",
    "set_appointment_status",
    "undo_merge",
    "write_note",
]
