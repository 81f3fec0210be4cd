"""Studies that come in by hand: sent from a disc, set aside and looked at, given to the patient whose they are."""

from app.web.imaging import refusals, unmatched, uploading
from app.web.imaging.surface import blueprint

__all__ = ["blueprint", "refusals", "unmatched", "uploading"]
