"""Looks at orders, shelves and bills."""
