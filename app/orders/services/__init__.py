"""Verbs of orders, shelves and bills: every one is a whole use case, alone or inside the visit's command.

What an order does to a visit is `app.journey.services.ordering`; doors call that for orders of a visit.
"""

from app.orders.rules import Wanted
from app.orders.services.billing import settle_bill
from app.orders.services.catalogue import (
    ItemWords,
    Kept,
    add_item,
    add_set,
    edit_item,
    edit_set,
    services_wanted,
)
from app.orders.services.changing import change, complete, complete_line, hold_order, resume, revoke
from app.orders.services.following import (
    Standing,
    drop_steps,
    finish_steps,
    revoke_of_visit,
    standing,
    take_back,
    tell_of_visit,
    undo_of_visit,
)
from app.orders.services.handing_over import follow_visits
from app.orders.services.holding import Done
from app.orders.services.placing import Placed, activate, bind_steps, place, services_of_order
from app.orders.services.stock import Shelved, adjust, count, issue_stock, receive, set_reorder_point

__all__ = [
    "Done",
    "ItemWords",
    "Kept",
    "Placed",
    "Shelved",
    "Standing",
    "Wanted",
    "activate",
    "add_item",
    "add_set",
    "adjust",
    "bind_steps",
    "change",
    "complete",
    "complete_line",
    "count",
    "drop_steps",
    "edit_item",
    "edit_set",
    "finish_steps",
    "follow_visits",
    "hold_order",
    "issue_stock",
    "place",
    "receive",
    "resume",
    "revoke",
    "revoke_of_visit",
    "services_of_order",
    "services_wanted",
    "set_reorder_point",
    "settle_bill",
    "standing",
    "take_back",
    "tell_of_visit",
    "undo_of_visit",
]
