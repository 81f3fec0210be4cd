"""Radiology: what is to be read, and the report: drafted, signed, amended."""

from app.web.radiology import reading, worklist, writing
from app.web.radiology.surface import blueprint

__all__ = ["blueprint", "reading", "worklist", "writing"]
