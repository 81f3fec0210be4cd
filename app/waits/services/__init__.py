"""Verbs of the forecast: noting what happens in a line, learning from it at night, planning who is at work."""

from app.waits.services.learning import calibrate, calibrate_if_due, purge_expired
from app.waits.services.noting import log_changes, note_called, note_join, note_served
from app.waits.services.planning import set_date, set_week

__all__ = [
    "calibrate",
    "calibrate_if_due",
    "log_changes",
    "note_called",
    "note_join",
    "note_served",
    "purge_expired",
    "set_date",
    "set_week",
]
