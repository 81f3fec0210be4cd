"""Patient records: found, read, and written by several hands without losing a word."""

from app.web.records import emergencies, merging, notes, reading, writing
from app.web.records.surface import blueprint

__all__ = ["blueprint", "emergencies", "merging", "notes", "reading", "writing"]
