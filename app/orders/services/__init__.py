"""Verbs of orders, shelves and bills."""
