"""Looks at the catalogue, at orders, shelves and bills: frozen values, each for one screen or answer."""

from app.orders.queries.bills import Bill, BillLine, bill
from app.orders.queries.catalogue import Item, Set, catalogue, item, items_named, order_sets
from app.orders.queries.orders import (
    Line,
    Order,
    Orders,
    order,
    orders_of_visit,
    to_hand_out,
)
from app.orders.queries.pages import (
    Page,
    catalogue_page,
    movements_page,
    orders_page,
    shelf,
    stock_page,
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
    "Page",
    "Set",
    "Shelf",
    "bill",
    "catalogue",
    "catalogue_page",
    "item",
    "items_named",
    "movements",
    "movements_page",
    "order",
    "order_sets",
    "orders_of_visit",
    "orders_page",
    "shelf",
    "shelves",
    "stock_page",
    "to_hand_out",
    "to_reorder",
]
