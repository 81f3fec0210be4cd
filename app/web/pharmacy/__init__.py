"""Pharmacy: what waits to be handed out, the shelves, and what to order anew."""

from app.web.pharmacy import handing, shelves, stocking
from app.web.pharmacy.surface import blueprint

__all__ = ["blueprint", "handing", "shelves", "stocking"]
