"""Looks at the catalogue, at orders, shelves and bills: frozen values, each for one screen or answer."""

from app.orders.queries.bills import Bill, BillLine, bill
from app.orders.queries.catalogue import Item, Set, catalogue, item, order_sets
from app.orders.queries.orders import (
    Line,
    Order,
    Orders,
    order,
    orders_of_patient,
    orders_of_visit,
    to_hand_out,
)
from app.orders.queries.stock import Movement, Shelf, movements, shelves, to_reorder

__all__ = [
    "Bill",
    "BillLine",
    "Item",
    "Line",
    "Movement",
    "Order",
    "Orders",
    "Set",
    "Shelf",
    "bill",
    "catalogue",
    "item",
    "movements",
    "order",
    "order_sets",
    "orders_of_patient",
    "orders_of_visit",
    "shelves",
    "to_hand_out",
    "to_reorder",
]
