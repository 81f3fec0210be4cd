"""Verbs of the waiting rooms: the line (inside a visit's command) and the rooms (on their own)."""

from app.queues.services.holding import (
    hold_entry,
    hold_queue,
    open_entry_of,
    policy_of,
)
from app.queues.services.line import (
    Entry,
    call,
    end,
    first_in_line,
    is_first,
    join,
    recall,
    start,
    take_number,
)
from app.queues.services.lookup import (
    Fit,
    check_in_window,
    fits,
    queue_of,
    queue_of_open_entry,
    service_ids,
    service_of,
    step_of_open_entry,
    whereabouts,
)
from app.queues.services.returning import (
    restore,
    snapshot,
    void_entry,
)
from app.queues.services.rooms import (
    Rules,
    add_room,
    offer,
    open_queue,
    set_point_status,
    set_queue_open,
    set_rules,
)

__all__ = [
    "Entry",
    "Fit",
    "Rules",
    "add_room",
    "call",
    "check_in_window",
    "end",
    "first_in_line",
    "fits",
    "hold_entry",
    "hold_queue",
    "is_first",
    "join",
    "offer",
    "open_entry_of",
    "open_queue",
    "policy_of",
    "queue_of",
    "queue_of_open_entry",
    "recall",
    "restore",
    "service_ids",
    "service_of",
    "set_point_status",
    "set_queue_open",
    "set_rules",
    "snapshot",
    "start",
    "step_of_open_entry",
    "take_number",
    "void_entry",
    "whereabouts",
]
