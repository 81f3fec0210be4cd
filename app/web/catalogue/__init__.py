"""Catalogue: what can be ordered, at which price, and what is ordered together. Nobody's data."""

from app.web.catalogue import items, sets
from app.web.catalogue.surface import blueprint

__all__ = ["blueprint", "items", "sets"]
