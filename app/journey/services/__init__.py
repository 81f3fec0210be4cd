"""Verbs of the journey: every one is a whole use case and one transaction."""

from app.journey.services.admission import admit, book_today
from app.journey.services.arrival import arrive, check_in, expect, join, register, walk_in
from app.journey.services.calling import call_next, call_patient, recall
from app.journey.services.care import add_step, complete, start
from app.journey.services.identity import Identified, identify, issue_link, open_link
from app.journey.services.moving import Outcome
from app.journey.services.payment import pay
from app.journey.services.refusing import refuse_for_entry, refuse_for_visit
from app.journey.services.tapping import Tapped, tap
from app.journey.services.undoing import undo

__all__ = [
    "Identified",
    "Outcome",
    "Tapped",
    "add_step",
    "admit",
    "arrive",
    "book_today",
    "call_next",
    "call_patient",
    "check_in",
    "complete",
    "expect",
    "identify",
    "issue_link",
    "join",
    "open_link",
    "pay",
    "recall",
    "refuse_for_entry",
    "refuse_for_visit",
    "register",
    "start",
    "tap",
    "undo",
    "walk_in",
]
