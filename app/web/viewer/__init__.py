"""The study viewer: a study's pictures, in OHIF where it was fetched."""

from app.web.viewer import ohif, quick
from app.web.viewer.surface import blueprint

__all__ = ["blueprint", "ohif", "quick"]
