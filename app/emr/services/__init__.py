"""Patients and appointments are written here: by hand, and as the EMR says."""

from app.emr.services.booking import Booked, book, booked, set_appointment_status
from app.emr.services.following import (
    Said,
    SaidBooking,
    follow_appointment,
    follow_patient,
    hand_over_appointments,
    merge_patient,
)
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
    "Said",
    "SaidBooking",
    "book",
    "booked",
    "edit_demographics",
    "enter_patient",
    "follow_appointment",
    "follow_patient",
    "hand_over_appointments",
    "hash_phone",
    "known",
    "merge_patient",
    "public_id_of",
    "sees_desk_first",
    "set_appointment_status",
]
