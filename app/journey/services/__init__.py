"""Verbs of the journey: every one is a whole use case and one transaction."""

from app.journey.services.admission import admit, book_today
from app.journey.services.arrival import arrive, check_in, expect, join, register, walk_in
from app.journey.services.aside import hold, prioritise, re_enter, resume, skip_once
from app.journey.services.calling import call_next, call_patient, miss, recall, uncall
from app.journey.services.care import complete, pause, start, start_direct
from app.journey.services.emergencies import declare_emergency
from app.journey.services.following import follow_booking, hand_over, show_anew, show_visit_anew
from app.journey.services.identity import Identified, identify, issue_link, open_link
from app.journey.services.informing import tell_whose_turn_is_near
from app.journey.services.leaving import cancel, leave, transfer_out, void
from app.journey.services.merging import merge_records, undo_merge
from app.journey.services.ordering import activate_order, place_order, revoke_order
from app.journey.services.overdue import answer_for_the_absent, close, close_day, end_holds
from app.journey.services.payment import Settled, pay, settle_due
from app.journey.services.planning import Ordered, add_step, order, revoke, waive
from app.journey.services.redirecting import Moved, empty_room, move_everybody, transfer
from app.journey.services.scene import Outcome
from app.journey.services.tapping import Tapped, tap
from app.journey.services.undoing import undo

__all__ = [
    "Identified",
    "Moved",
    "Ordered",
    "Outcome",
    "Settled",
    "Tapped",
    "activate_order",
    "add_step",
    "admit",
    "answer_for_the_absent",
    "arrive",
    "book_today",
    "call_next",
    "call_patient",
    "cancel",
    "check_in",
    "close",
    "close_day",
    "complete",
    "declare_emergency",
    "empty_room",
    "end_holds",
    "expect",
    "follow_booking",
    "hand_over",
    "hold",
    "identify",
    "issue_link",
    "join",
    "leave",
    "merge_records",
    "miss",
    "move_everybody",
    "open_link",
    "order",
    "pause",
    "pay",
    "place_order",
    "prioritise",
    "re_enter",
    "recall",
    "register",
    "resume",
    "revoke",
    "revoke_order",
    "settle_due",
    "show_anew",
    "show_visit_anew",
    "skip_once",
    "start",
    "start_direct",
    "tap",
    "tell_whose_turn_is_near",
    "transfer",
    "transfer_out",
    "uncall",
    "undo",
    "undo_merge",
    "void",
    "waive",
    "walk_in",
]
